import { isNumberWord } from './english-words.ts';
import type { WordCursor } from './word-cursor.ts';

/** What stands in place of some words: null leaves them as they were said. */
export interface Found {
  readonly text: string | null;
  /** The index of the word behind it. */
  readonly end: number;
}

/** What amounts are counted in, and what goes on with a number. */
export const UNITS = new Set(['percent', 'per', 'point', 'dollar', 'dollars', 'euro', 'euros']);

/** Whether another number follows, in words or in digits. */
export function isNumberAt(words: WordCursor, at: number): boolean {
  return isNumberWord(words.at(at)) || words.hasDigitsAt(at);
}

/** The word right before; '' where marks or digits part them. */
export function before(words: WordCursor, at: number): string {
  return words.isJoined(at) ? words.words[at - 1]!.word : '';
}
