import type { Job } from './job.ts';
import type { Tag } from './job-order.ts';
import type { JobResult } from './job-queue.ts';

/** A job as it is kept. Plain values only: it is written as JSON. */
export interface StoredJob {
  readonly job: Job;
  readonly tag: Tag;
  /** Counts the jobs as they come. */
  readonly number: number;
  /** What it has computed, as its run has said; null before. */
  readonly content: string | null;
  /** Tries to deliver its callback that failed. */
  readonly failedDeliveries: number;
  /** Milliseconds since 1970; no try to deliver it comes before. */
  readonly deliverAtMs: number;
}

/** One thing to keep, or to let go. */
export type JobChange =
  /** In place of the job with that id. @param result kept with it; null for the one that is there, if any. */
  | { readonly type: 'keep'; readonly stored: StoredJob; readonly result: JobResult | null }
  /** With its result. */
  | { readonly type: 'delete'; readonly id: string };

/** Where the embedded queue keeps its jobs. Calls are served in their order. */
export interface JobStorage {
  /** Finished jobs that it has room for, with their results; older ones are let go. */
  readonly maxFinished: number;
  /** All there are, in the order of their numbers. */
  load(): Promise<readonly StoredJob[]>;
  /** Makes all changes, in their order, or none. @throws {Error} with a `code` where it cannot. */
  write(changes: readonly JobChange[]): Promise<void>;
  /** @returns null where none is kept. */
  result(id: string): Promise<JobResult | null>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Jobs that end with the process. */
export class MemoryJobStorage implements JobStorage {
  readonly maxFinished = 500;
  readonly #jobs = new Map<string, StoredJob>();
  readonly #results = new Map<string, JobResult>();

  async load(): Promise<readonly StoredJob[]> {
    return [...this.#jobs.values()].sort((a, b) => a.number - b.number);
  }

  async write(changes: readonly JobChange[]): Promise<void> {
    for (const change of changes) {
      if (change.type === 'delete') {
        this.#jobs.delete(change.id);
        this.#results.delete(change.id);
      } else {
        const { stored, result } = change;
        this.#jobs.set(stored.job.id, stored);
        if (result) this.#results.set(stored.job.id, result);
      }
    }
  }

  async result(id: string): Promise<JobResult | null> {
    return this.#results.get(id) ?? null;
  }

  async close(): Promise<void> {}
}
