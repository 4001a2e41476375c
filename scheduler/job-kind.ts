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
  /** Predicts what its jobs cost, and is told what they did. In milliseconds of one thread, as those of the other kinds. */
  readonly costs: Costs;
}
