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

/** Text of one id, its leading space as `▁`; nothing for marks and specials. A byte of a character is `<0xHH>`. */
export function pieceOf(token: number): string {
  return token > END_TOKEN && token < TEXT_VOCABULARY_SIZE ? tokenizer.vocabById[token]! : '';
}

/** Ids of words as they stand behind others. */
export function tokenize(text: string): readonly number[] {
  return tokenizer.encode(text, false, true);
}
