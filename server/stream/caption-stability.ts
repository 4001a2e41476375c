import { wordPieces } from '../../client-sdk/captions/words.ts';
/** How the words of one caption came to stand. */
export interface CaptionSteps {
  /** Words of its revisions that the next one, or the final, did not begin with: each was shown and taken back. */
  readonly erasedWords: number;
  /** Of the final. */
  readonly words: number;
  /**
   * For each of them: from the moment it was spoken, until it stood on the screen and neither it nor a word before it
   * changed any more. A segment's words are taken to be spread over its time as its characters are.
   */
  readonly stableAfterMs: readonly number[];
}

interface ShownWord {
  readonly word: string;
  readonly sinceMs: number;
}

/**
 * Follows captions from revision to revision as readers see them. Words are compared as they are written, marks and
 * capitals included. Times are any clock's, in milliseconds.
 */
export class CaptionStability {
  /** By id, of captions that have not ended. */
  readonly #open = new Map<string, { erasedWords: number; words: readonly ShownWord[] }>();

  /** A revision is shown. */
  partial(captionId: string, text: string, nowMs: number): void {
    const before = this.#open.get(captionId);
    const words = revise(before?.words ?? [], text, nowMs);
    const erasedWords = (before?.erasedWords ?? 0) + erased(before?.words ?? [], words);
    this.#open.set(captionId, { erasedWords, words });
  }

  /** The caption is final. @param beganAtMs when its segment began to be spoken, and @param endedAtMs ended. */
  final(captionId: string, text: string, beganAtMs: number, endedAtMs: number, nowMs: number): CaptionSteps {
    const before = this.#open.get(captionId);
    this.#open.delete(captionId);
    const words = revise(before?.words ?? [], text, nowMs);
    const characters = words.reduce((sum, { word }) => sum + word.length, 0);
    let passed = 0;
    const stableAfterMs = words.map(({ word, sinceMs }) => {
      passed += word.length;

      return Math.max(0, sinceMs - beganAtMs - ((endedAtMs - beganAtMs) * passed) / characters);
    });

    return {
      erasedWords: (before?.erasedWords ?? 0) + erased(before?.words ?? [], words),
      words: words.length,
      stableAfterMs,
    };
  }

  /** The caption is lost: what was shown of it is not counted. */
  lost(captionId: string): void {
    this.#open.delete(captionId);
  }
}

/** A word stands since it was first shown behind the same words. */
function revise(before: readonly ShownWord[], text: string, nowMs: number): readonly ShownWord[] {
  const words = wordPieces(text).map((piece) => piece.trim());
  const kept = words.findIndex((word, i) => word !== before[i]?.word);

  return words.map((word, i) => (kept === -1 || i < kept ? before[i]! : { word, sinceMs: nowMs }));
}

function erased(before: readonly ShownWord[], after: readonly ShownWord[]): number {
  const changed = before.findIndex((shown, i) => shown.word !== after[i]?.word);

  return changed === -1 ? 0 : before.length - changed;
}
