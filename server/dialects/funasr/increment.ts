import { WORDS } from '../spread-words.ts';

/** Words that follow those told before. */
export interface Increment {
  /** With the blank before it, where there is one in the caption; '' when there is nothing new. */
  readonly text: string;
  /** Words of the caption that have been told with it. */
  readonly words: number;
}

/**
 * What is new in a caption for a client that can only append. What it was told stays told, though the caption may have changed
 * since: words are taken by their number.
 * @param stableChars of `text`: words beyond are not told yet.
 * @param toldWords how many were told before.
 */
export function nextIncrement(text: string, stableChars: number, toldWords: number): Increment {
  const ends = [...text.matchAll(WORDS)].map(({ 0: word, index }) => index + word.length);
  const words = ends.filter((end) => end <= stableChars).length;
  if (words <= toldWords) return { text: '', words: toldWords };
  const increment = text.slice(toldWords === 0 ? 0 : ends[toldWords - 1]!, ends[words - 1]!);

  return { text: toldWords === 0 ? increment.trimStart() : increment, words };
}
