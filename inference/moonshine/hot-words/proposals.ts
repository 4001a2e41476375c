import { detokenize, pieceOf, tokenize } from '../tokens.ts';
import type { Likeness } from './alike.ts';
import type { ListedWord } from './hot-word-list.ts';

/** A hot word instead of some of a hypothesis' tokens. */
export interface Proposal extends Likeness {
  /** The word's, with a capital where a sentence begins. */
  readonly tokens: readonly number[];
}

/** What of a hypothesis a hot word would take the place of; null where the word stands there already. */
export function propose(likeness: Likeness, tokens: readonly number[]): Proposal | null {
  const { word, from, to } = likeness;
  if (stands(word, detokenize(tokens.slice(from, to)))) return null;

  return { ...likeness, tokens: writtenTokens(word, tokens, from) };
}

/** Whether a text has the word in it, capitals aside: if it has other words besides, it is not about this one. */
function stands({ text }: ListedWord, stretch: string): boolean {
  const plain = (written: string) =>
    ` ${written
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
      .trim()} `;

  return stretch === text || plain(stretch).includes(plain(text));
}

function writtenTokens(word: ListedWord, tokens: readonly number[], from: number): readonly number[] {
  const before = from === 0 ? '.' : pieceOf(tokens[from - 1]!);
  const capital = word.text[0]!.toUpperCase();
  if (!/[.?!]$/.test(before) || capital === word.text[0]) return word.tokens;

  return tokenize(capital + word.text.slice(1));
}
