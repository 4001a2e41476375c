import type { SettledAudio } from './audio-books.ts';
import type { SegmenterState } from './segmenter.ts';
import type { Hearing } from './vad-ticker.ts';

/**
 * Where a stream can be taken up again as if nothing had happened: what is final, and what was known of the audio behind
 * it. With the same audio from `settledSample` on, the same captions come.
 *
 * Voice detection had gone on to `segmenter.positionSample`; what lies between is needed, but not judged again.
 */
export interface StreamCheckpoint {
  /** All audio before this is settled; what follows has to come again. */
  readonly settledSample: number;
  /** The first segment that is neither final nor lost. */
  readonly nextSegmentId: number;
  readonly segmenter: SegmenterState;
  readonly hearing: Hearing;
  readonly books: SettledAudio;
}

/** Segments that ended and are still to become final, with where the stream was then. */
export class Checkpoints {
  /** In the order of segments; no more than finals may wait. */
  readonly #ahead: { readonly segmentId: number; readonly place: Place }[] = [];

  /** A segment ended; `place` is where voice detection stood then. */
  ended(segmentId: number, place: Place): void {
    this.#ahead.push({ segmentId, place });
  }

  /**
   * The place right behind the segment before `nextSegmentId`, once, when that has become final or lost; null when there is
   * none, as where another segment ended before voice detection was at rest.
   */
  reached(nextSegmentId: number): Place | null {
    let last: { readonly segmentId: number; readonly place: Place } | undefined;
    while (this.#ahead[0] && this.#ahead[0].segmentId < nextSegmentId) last = this.#ahead.shift();

    return last?.segmentId === nextSegmentId - 1 ? last.place : null;
  }
}

/** Where voice detection stands. */
export type Place = Pick<StreamCheckpoint, 'segmenter' | 'hearing'>;
