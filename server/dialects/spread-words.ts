import { WORDS } from '../../client-sdk/captions/words.ts';
import type { FinalMessage } from '../../client-sdk/protocol.ts';

/** A word, and where it may lie. */
export interface SpreadWord {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** A word where the recogniser heard it; or one that was spread, of which it cannot be said how sure it is. */
export interface TimedWord extends SpreadWord {
  readonly confidence?: number;
}

/** The words of a caption: those that the recogniser timed, or else spread ones. */
export function wordsOf({
  text,
  startMs,
  endMs,
  words,
}: Pick<FinalMessage, 'text' | 'startMs' | 'endMs' | 'words'>): readonly TimedWord[] {
  return words ?? spreadWords(text, startMs, endMs);
}

/**
 * Spreads a caption's words over its time, each getting a share by its characters. These are no measured times: not every
 * recogniser gives any within a segment. Whoever passes them on has to say so.
 */
export function spreadWords(text: string, startMs: number, endMs: number): readonly SpreadWord[] {
  const words = text.match(WORDS) ?? [];
  // A pause goes with every word, so that short ones get some time.
  const total = words.reduce((sum, word) => sum + word.length + 1, 0);
  let before = 0;

  return words.map((word) => {
    const from = before;
    before += word.length + 1;
    const at = (share: number) => Math.round(startMs + ((endMs - startMs) * share) / total);

    return { text: word, startMs: at(from), endMs: at(before) };
  });
}
