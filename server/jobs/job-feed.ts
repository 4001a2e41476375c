import type { Clock } from '../clock.ts';
import type { Job } from './job.ts';
import type { JobQueue } from './job-queue.ts';
import { isFinished } from './job-states.ts';
import { type JobView, viewNow } from './job-view.ts';

/** Who is told. */
export interface FeedSink {
  /** False while it has not taken what it was told before: it is told the newest when it has. */
  readonly isWritable: boolean;
  tell(view: JobView): void;
  /** There is nothing more to come. */
  end(): void;
}

/** What a feed is made of. */
export interface FeedParts {
  readonly queue: Pick<JobQueue, 'find' | 'place' | 'standing' | 'watch'>;
  readonly clock: Clock;
  readonly sink: FeedSink;
}

/** Between two looks: whoever reads along need not be told of every second of every recording. */
const LOOK_EVERY_MS = 500;

/** What a job is expected to take may be off by a fifth, or by so much, before it is told again. */
const EXPECTED_WITHIN_MS = 5000;
const EXPECTED_WITHIN = 0.2;

/** What was told of a job last. */
interface Told {
  readonly essence: string;
  /** When it was expected to end, by the clock; null for not known. */
  readonly endsAtMs: number | null;
}

const NOTHING_TOLD: Told = { essence: '', endsAtMs: null };

/** Tells how jobs fare, each time that something about them has changed that matters to somebody who waits. */
export class JobFeed {
  readonly #parts: FeedParts;
  /** By id. */
  readonly #told = new Map<string, Told>();
  readonly #isWanted: ((job: Job) => boolean) | null;
  readonly #stopWatching: () => void;
  #cancelLook: (() => void) | null = null;
  #isLooking = false;
  /** Something changed during a look that may have been looked at before. */
  #isAgainDue = false;
  #isClosed = false;

  /**
   * Tells of these jobs at once, and of their changes from then on.
   * @param isWanted which new ones are told as well; null for none, and to end when those that are there have finished.
   */
  constructor(parts: FeedParts, jobs: readonly Job[], isWanted: ((job: Job) => boolean) | null) {
    this.#parts = parts;
    this.#isWanted = isWanted;
    for (const { id } of jobs) this.#told.set(id, NOTHING_TOLD);
    this.#stopWatching = parts.queue.watch((job) => {
      if (this.#isWanted?.(job) && !this.#told.has(job.id)) this.#told.set(job.id, NOTHING_TOLD);
      // Whatever changes may change places.
      this.#lookLater();
    });
    void this.#look();
  }

  /** The sink takes more again. */
  writable(): void {
    this.#lookLater();
  }

  /** Tells nothing any more. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#stopWatching();
    this.#cancelLook?.();
  }

  #lookLater(): void {
    if (this.#isClosed || this.#cancelLook) return;
    this.#cancelLook = this.#parts.clock.after(LOOK_EVERY_MS, () => {
      this.#cancelLook = null;
      void this.#look();
    });
  }

  async #look(): Promise<void> {
    this.#isAgainDue = this.#isLooking;
    if (this.#isLooking || this.#isClosed || !this.#parts.sink.isWritable) return;
    this.#isLooking = true;
    try {
      for (const id of [...this.#told.keys()]) {
        await this.#lookAt(id);
        if (this.#isClosed || !this.#parts.sink.isWritable) return;
      }
    } catch {
      // The queue cannot tell now; the next change brings another try.
      this.#lookLater();
    } finally {
      this.#isLooking = false;
      if (this.#isAgainDue) this.#lookLater();
    }
    if (this.#told.size === 0 && !this.#isWanted) {
      this.close();
      this.#parts.sink.end();
    }
  }

  async #lookAt(id: string): Promise<void> {
    const { queue, sink } = this.#parts;
    const job = await queue.find(id);
    if (!job) {
      this.#told.delete(id);

      return;
    }
    const view = await viewNow(job, queue);
    if (this.#isClosed) return;
    const { state, ahead, progressMs, attempts, expectedEndMs } = view;
    const nowMs = this.#parts.clock.now();
    const told = {
      essence: [state, ahead, progressMs, attempts].join(),
      endsAtMs: expectedEndMs === null ? null : nowMs + expectedEndMs,
    };
    if (isFinished(state)) this.#told.delete(id);
    else if (isAsTold(told, this.#told.get(id) ?? NOTHING_TOLD, nowMs)) return;
    else this.#told.set(id, told);
    sink.tell(view);
  }
}

function isAsTold({ essence, endsAtMs }: Told, before: Told, nowMs: number): boolean {
  if (essence !== before.essence) return false;
  if (endsAtMs === null || before.endsAtMs === null) return endsAtMs === before.endsAtMs;
  const within = Math.max(EXPECTED_WITHIN_MS, EXPECTED_WITHIN * (endsAtMs - nowMs));

  return Math.abs(endsAtMs - before.endsAtMs) <= within;
}
