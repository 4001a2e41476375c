import { type HeardToken, type SpokenText, spokenWords } from '../spoken-words.ts';
import type { CtcToken } from './greedy-ctc.ts';
import type { Vocabulary } from './vocabulary.ts';

/**
 * Puts tokens together to text and words.
 * @param timeMs when a position begins.
 */
export function spokenText(
  heard: readonly CtcToken[],
  vocabulary: Vocabulary,
  timeMs: (position: number) => number,
): SpokenText<HeardToken & CtcToken> {
  return spokenWords(
    heard.map((token) => ({
      ...token,
      bytes: vocabulary.bytes(token.id),
      startMs: timeMs(token.begin),
      endMs: timeMs(token.end),
    })),
  );
}
