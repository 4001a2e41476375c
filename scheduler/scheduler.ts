/** One piece of work. The scheduler looks at everything but the payload. */
export interface Job<T> {
  /** What fairness is kept between: here, a stream. */
  readonly flow: string;
  /** Jobs of one flow with the same key are versions of one thing: here, snapshots of a segment. */
  readonly key: string;
  /** A final is never replaced or dropped; a newer job of the same key replaces a queued partial. */
  readonly priority: 'final' | 'partial';
  /** Predicted work, above 0, in any unit as long as it is the same for all jobs. */
  readonly cost: number;
  /** Only jobs of one batch class share a batch. */
  readonly batchClass: number;
  /** On the scheduler's clock. */
  readonly enqueuedAtMs: number;
  readonly payload: T;
}

/** Jobs to be run together, oldest turn first. */
export interface Batch<T> {
  readonly jobs: readonly Job<T>[];
  /** Sum of the jobs' costs. */
  readonly cost: number;
}

/** What became of a submitted job. */
export interface Admission<T> {
  /** False when the flow's queue is full: the job was not taken. */
  readonly accepted: boolean;
  /** The queued partial that gave way to it, or null. */
  readonly replaced: Job<T> | null;
}

/**
 * Decides what runs next, and starts nothing. Synchronous, and told the time, so that a test needs neither threads
 * nor sleeps. The caller asks for a batch when a thread is free, runs it, and reports its completion.
 */
export interface Scheduler<T> {
  submit(job: Job<T>): Admission<T>;
  /** The next batch, or null when nothing may run now. Its jobs leave the queue. */
  schedule(nowMs: number): Batch<T> | null;
  /** Reports that a batch has ended, well or not. */
  complete(batch: Batch<T>): void;
  /** Forgets a flow. Returns its queued jobs; those in flight go on. */
  cancel(flow: string): readonly Job<T>[];
  /** When schedule() may answer otherwise without a new event, or null if only an event can change it. */
  nextWakeUp(nowMs: number): number | null;
  /** Jobs queued, by priority. */
  readonly queued: { readonly final: number; readonly partial: number };
}
