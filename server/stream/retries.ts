import type { RecognizerError } from '../../inference/recognizer.ts';
import type { Job, Priority, Scheduler } from '../../scheduler/scheduler.ts';
import { Suspects } from './suspects.ts';

/** What can be tried again. */
export interface Retriable {
  /** Whether its segment has ended, so that this is the last that is asked of it. */
  isFinal(): boolean;
  /** It is queued again. */
  putBack(): void;
  /** It has been given up. */
  failed(): void;
}

/**
 * What becomes of the segments of a batch that failed: each is decoded again by itself, which finds the one that kills.
 * One that fails by itself twice is guilty, and no version of it is decoded any more. Where no thread could be had
 * nobody is suspected, and everything goes back as it was.
 */
export class Retries<T extends Retriable> {
  readonly #scheduler: Scheduler<T>;
  readonly #suspects = new Suspects();

  constructor(scheduler: Scheduler<T>) {
    this.#scheduler = scheduler;
  }

  /** Segments that were in a batch that failed, and have not been decoded since. */
  get suspects(): number {
    return this.#suspects.size;
  }

  isSuspect(flow: string, key: string): boolean {
    return this.#suspects.has(flow, key);
  }

  /** Whether a segment is not to be decoded any more. A final is the last that is heard of it: then it is forgotten. */
  refuses(flow: string, key: string, final: boolean): boolean {
    const guilty = this.#suspects.isGuilty(flow, key);
    if (guilty && final) this.#suspects.clear(flow, key);

    return guilty;
  }

  /**
   * Puts a job back that came to nothing, or fails it.
   * @param alone whether it was the only one in its batch.
   * @returns false when it was given up.
   */
  retry(job: Job<T>, reason: RecognizerError['reason'], alone: boolean): boolean {
    const { flow, key, payload } = job;
    if (reason !== 'unavailable') this.#suspects.accuse(flow, key, alone);
    const final = payload.isFinal();
    if (reason === 'closed' || reason === 'invalid' || this.#suspects.isGuilty(flow, key)) {
      if (final) this.#suspects.clear(flow, key);
      payload.failed();
      return false;
    }
    // A snapshot may have become the final while it ran. One that a newer version has replaced nobody waits for.
    const priority = final && !isFinal(job.priority) ? 'final' : job.priority;
    const suspect = this.#suspects.has(flow, key);
    if (this.#scheduler.putBack({ ...job, priority, alone: suspect })) payload.putBack();

    return true;
  }

  /** A segment has been decoded. */
  decoded(flow: string, key: string): void {
    this.#suspects.clear(flow, key);
  }

  /** Forgets a stream. */
  forget(flow: string): void {
    this.#suspects.forget(flow);
  }
}

/** Whether a job is the last version of its segment. */
export function isFinal(priority: Priority): boolean {
  return priority === 'final' || priority === 'background';
}
