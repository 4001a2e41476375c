import { isNumberWord } from './english-words.ts';
import type { WordCursor } from './word-cursor.ts';

/** What stands in place of some words: null leaves them as they were said. */
export interface Found {
  readonly text: string | null;
  /** The index of the word behind it. */
  readonly end: number;
}

/** A rule looks for one kind of number at a place, and finds nothing where it is not sure. */
export type Rule = (words: WordCursor, at: number) => Found | null;

/** Whether another number follows, in words or in digits. */
export function isNumberAt(words: WordCursor, at: number): boolean {
  return isNumberWord(words.at(at)) || words.hasDigitsAt(at);
}

/** The word right before; '' where marks or digits part them. */
export function before(words: WordCursor, at: number): string {
  return words.isJoined(at) ? words.words[at - 1]!.word : '';
}

/** What numbers are of, so that they are written as amounts. */
export const UNITS = new Set(['percent', 'per', 'point', 'dollar', 'dollars', 'euro', 'euros']);
