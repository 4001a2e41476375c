import { detokenize as textOf, pieceOf, tokenize } from '../tokens.ts';
import { findLikenesses, type Likeness } from './alike.ts';
import { heardWords } from './heard-words.ts';
import type { ListedWord } from './hot-word-list.ts';

/** A hot word instead of some of a hypothesis' tokens. */
export interface Proposal extends Likeness {
  /** The word's, with a capital where a sentence begins. */
  readonly tokens: readonly number[];
}

/** Every place of a hypothesis where a hot word may have been said that does not stand there. */
export function propose(tokens: readonly number[], words: readonly ListedWord[]): readonly Proposal[] {
  const heard = heardWords(tokens);

  return words.flatMap((word) =>
    findLikenesses(word, heard)
      .filter(({ from, to }) => !stands(word, textOf(tokens.slice(from, to))))
      .map((likeness) => ({ ...likeness, tokens: writtenTokens(word, tokens, likeness.from) })),
  );
}

/** Whether a text has the word in it, capitals aside: if it has other words besides, it is not about this one. */
function stands({ text }: ListedWord, stretch: string): boolean {
  const plain = (written: string) => ` ${written.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, ' ').trim()} `;

  return stretch === text || plain(stretch).includes(plain(text));
}

function writtenTokens(word: ListedWord, tokens: readonly number[], from: number): readonly number[] {
  const before = from === 0 ? '.' : pieceOf(tokens[from - 1]!);
  const capital = word.text[0]!.toUpperCase();
  if (!/[.?!]$/.test(before) || capital === word.text[0]) return word.tokens;

  return tokenize(capital + word.text.slice(1));
}
