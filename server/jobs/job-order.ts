import { CLASS_WEIGHTS, type PriorityClass } from '../admission/priority-class.ts';

/** A recording up to this long lets nobody go ahead. */
export const SHORT_MS = 300_000;
/** Work of its class that came later and goes ahead of a recording, at most. */
export const MAX_YIELD_MS = 3_600_000;
/** What the shortest recording is reckoned with: opening and closing cost as much. */
const LEAST_COST_MS = 10_000;

/** A job's place in the order, given once. In milliseconds of audio by the weight of its class. */
export interface Tag {
  readonly start: number;
  readonly finish: number;
  /** Who has less comes first; of those who have the same, who came first. */
  readonly rank: number;
}

/** What has a place in the order. */
export interface Ordered {
  readonly class: PriorityClass;
  readonly tag: Tag;
}

/** What a recording is reckoned with, by the weight of its class. */
export function costMs({
  class: name,
  lengthMs,
}: {
  readonly class: PriorityClass;
  readonly lengthMs: number;
}): number {
  return Math.max(LEAST_COST_MS, lengthMs) / CLASS_WEIGHTS[name];
}

/** Later work of its class that may go ahead of a recording. */
export function yieldMs(lengthMs: number): number {
  return Math.min(MAX_YIELD_MS, Math.max(0, lengthMs - SHORT_MS));
}

/**
 * Start-time fair queueing between the classes (Goyal, Vin and Cheng, 1996): each class gets its weight's share while there is
 * work of several, and in a class it is first come, first served. But a recording that is longer than `SHORT_MS` yields: it
 * goes behind as much later work of its class as it is longer, up to `MAX_YIELD_MS`. Equal recordings of one class so keep
 * their order, and nobody waits for ever.
 */
export class JobOrder {
  /** The largest start of all that have begun: where a class goes on that had nothing to do. */
  #virtualTime = 0;
  /** Of each class, the largest finish of all that have begun. */
  readonly #finishes = new Map<PriorityClass, number>();

  /**
   * The tag of a job that is submitted.
   * @param unfinished all jobs that have not finished.
   */
  tag(
    job: { readonly class: PriorityClass; readonly lengthMs: number },
    unfinished: Iterable<Ordered & { readonly hasBegun: boolean }>,
  ): Tag {
    const weight = CLASS_WEIGHTS[job.class];
    let start = this.#finishes.get(job.class) ?? 0;
    let firstQueued = Number.POSITIVE_INFINITY;
    for (const { class: name, tag, hasBegun } of unfinished) {
      if (name === job.class) start = Math.max(start, tag.finish);
      if (!hasBegun) firstQueued = Math.min(firstQueued, tag.start);
    }
    // Nobody starts before all that waits, whatever has been forgotten of those who have begun.
    if (Number.isFinite(firstQueued)) this.#virtualTime = Math.max(this.#virtualTime, firstQueued);
    start = Math.max(start, this.#virtualTime);
    const finish = start + costMs(job);

    return { start, finish, rank: finish + yieldMs(job.lengthMs) / weight };
  }

  /** A job has begun. */
  begun({ class: name, tag }: Ordered): void {
    this.#virtualTime = Math.max(this.#virtualTime, tag.start);
    this.#finishes.set(name, Math.max(this.#finishes.get(name) ?? 0, tag.finish));
  }
}
