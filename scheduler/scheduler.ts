/** What predicts the cost of a job. The unit is the caller's, the same for all jobs: here, milliseconds of audio. */
export interface Work {
  /** Units of input. */
  readonly size: number;
  /** Those of them that no earlier result covers; at most `size`. */
  readonly fresh: number;
}

/**
 * In the order they go. A final is never replaced or dropped. A candidate is a version of a thing that will most
 * likely be its last; it and a partial give way to any newer version. A background job is a final that nobody waits for
 * at the moment.
 */
export type Priority = 'final' | 'candidate' | 'partial' | 'background';

/** One piece of work. The scheduler looks at everything but the payload, and only asks `work` for what it costs. */
export interface Job<T> {
  /** First level of fairness: here, a meeting. */
  readonly group: string;
  /** Second level of fairness: here, a stream. Unique over all groups. */
  readonly flow: string;
  /** Jobs of one flow with the same key are versions of one thing: here, of a segment's text. */
  readonly key: string;
  readonly priority: Priority;
  /** Above 0. Its flow is charged cost / weight among its siblings, and so is its group among the groups. */
  readonly weight: number;
  /** Whose costs and bounds hold for it, by number: here, its model. */
  readonly kind: number;
  /** Only jobs of one kind and one batch class share a batch. */
  readonly batchClass: number;
  /** Has to be the only one in its batch: it was in one that killed a thread. */
  readonly alone: boolean;
  /** On the scheduler's clock. */
  readonly enqueuedAtMs: number;
  /** When its result stops being on time, on the scheduler's clock. The earliest goes first within a flow and priority. */
  readonly dueAtMs: number;
  /** Asked when a batch is formed, because a job may have grown since it was queued. Must not throw. */
  readonly work: () => Work;
  readonly payload: T;
}

/** Jobs to be run together, oldest turn first. */
export interface Batch<T> {
  /** Of all its jobs. */
  readonly kind: number;
  readonly jobs: readonly Job<T>[];
  /** What the jobs said of themselves when the batch was formed, in their order. */
  readonly works: readonly Work[];
  /** How long all of it is predicted to take the thread. */
  readonly costMs: number;
  /** The same on a thread of the sort that is slowest at it: what it is given to may become one. */
  readonly slowestMs: number;
}

/** What became of a submitted job. */
export interface Admission<T> {
  /** False when the flow has as many finals queued as it may: the job was not taken. */
  readonly accepted: boolean;
  /** The queued candidate or partial that gave way to it, or null. */
  readonly replaced: Job<T> | null;
}

/** Predicted time of what is queued, in milliseconds of one thread; without what is in the background. */
export interface Backlog {
  /** Of the finals alone. */
  readonly final: number;
  readonly total: number;
}

/**
 * Decides what runs next, and starts nothing. Synchronous, and told the time, so that a test needs neither threads
 * nor sleeps. The caller asks for a batch when a thread is free, runs it, and reports its completion.
 */
export interface Scheduler<T> {
  /**
   * Queues a job. A final replaces a queued candidate or partial of its key, even when it is refused itself; a
   * candidate and a partial replace one another, and the newer keeps the older one's place among equals.
   */
  submit(job: Job<T>): Admission<T>;
  /**
   * Queues a job again that was given out and came to nothing, before or after its batch is completed. Where it goes
   * its due time decides, and the bound of finals does not hold for it.
   * @returns false when it is no longer wanted and was dropped: a newer version of its key is queued, or its final
   * is running. Never for a final.
   */
  putBack(job: Job<T>): boolean;
  /**
   * The next batch, or null when nothing may run now. Its jobs leave the queue.
   * @param idle batches that could begin now, this one included, from 1 up: jobs are spread over that many.
   * @param sortOf the sort of the thread that the batch will run on, by number, for a kind of job; the first when left out.
   */
  schedule(nowMs: number, idle: number, sortOf?: (kind: number) => number): Batch<T> | null;
  /**
   * Reports that a batch has ended. One that is not known, or was completed before, is ignored.
   * @param tookMs how long the work itself took, without getting it there and back, or null when it failed: then nothing is learned from it, and
   * what was predicted stands as the charge.
   */
  complete(batch: Batch<T>, tookMs: number | null): void;
  /** Forgets a flow. Returns its queued jobs, finals first; those in flight go on. */
  cancel(flow: string): readonly Job<T>[];
  /** Jobs queued, by priority; those held back because another version of their key is in flight among them. */
  readonly queued: Readonly<Record<Priority, number>>;
  /**
   * Asks every queued job for its work: for a look now and then, not for every event.
   * @param threads how many there are of each sort: the work is predicted for the mean of them. All of the first when left out.
   */
  backlogMs(threads?: readonly number[]): Backlog;
}
