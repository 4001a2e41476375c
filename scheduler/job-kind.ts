import type { Costs } from './forming-batch.ts';

/** What holds for jobs of one kind: here, for segments that one model hears. */
export interface JobKind {
  /** Most jobs in a batch. */
  readonly maxBatchSize: number;
  /** Most time a batch of several jobs is predicted to take; what comes next waits so long. */
  readonly maxBatchMs: number;
  /**
   * The same while there has been nothing but background for some seconds: whoever comes then waits so long, once.
   * `maxBatchMs` when left out.
   */
  readonly maxCalmBatchMs?: number;
  /**
   * Most times as long as its shortest job the longest of a batch may be, where shorter ones are padded; below
   * `PADDED_ANYHOW` units all are alike. Any length joins any when left out.
   */
  readonly maxLengthRatio?: number;
  /** Predicts what its jobs cost, and is told what they did. In milliseconds of one thread, as those of the other kinds. */
  readonly costs: Costs;
}

/** Units of size up to which jobs are of like length, whatever their ratio: here, two seconds. */
export const PADDED_ANYHOW = 2000;
