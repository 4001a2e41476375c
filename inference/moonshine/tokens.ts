import { LlamaTokenizer } from 'llama-tokenizer-js';
import { END_TOKEN } from './special-tokens.ts';

/** Moonshine's vocabulary is Llama's 32,000 pieces followed by 768 specials that carry no text. */
const TEXT_VOCABULARY_SIZE = 32_000;

const tokenizer = new LlamaTokenizer();

/** Text of generated ids: marks and specials left out, bytes that make no character replaced, ends trimmed. */
export function detokenize(tokens: readonly number[]): string {
  const pieces = tokens.filter((id) => id > END_TOKEN && id < TEXT_VOCABULARY_SIZE);
  if (pieces.length === 0) return '';
  return tokenizer.decode(pieces, false, false).trim();
}
