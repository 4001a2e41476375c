import type { Job } from './job.ts';
import type { JobSight, Told } from './job-sight.ts';
import { isFinished } from './job-states.ts';
import type { LoopTurns } from './loop-turns.ts';

/** Who is told. */
export interface FeedSink {
  /** False while it has not taken what it was told before: it is told the newest when it has. */
  readonly isWritable: boolean;
  /** @param view a `JobView` as JSON, in one line. */
  tell(view: string): void;
  /** There is nothing more to come. */
  end(): void;
}

/** Whoever looks for a feed. */
export interface FeedLooker {
  lookLater(): void;
  closed(feed: JobFeed): void;
}

/** What a job is expected to take may be off by a fifth, or by so much, before it is told again. */
const EXPECTED_WITHIN_MS = 5000;
const EXPECTED_WITHIN = 0.2;

/** Telling takes as long as so many looks at what has not changed. */
const TELLING_UNITS = 10;

/** Tells how jobs fare, each time that something about them has changed that matters to somebody who waits. */
export class JobFeed {
  readonly #looker: FeedLooker;
  readonly #sink: FeedSink;
  /** By id; null for nothing yet. */
  readonly #told = new Map<string, Told | null>();
  readonly #isWanted: ((job: Job) => boolean) | null;
  #isClosed = false;

  /** Use `JobFeeds.open`. */
  constructor(
    looker: FeedLooker,
    sink: FeedSink,
    jobs: readonly Job[],
    isWanted: ((job: Job) => boolean) | null,
  ) {
    this.#looker = looker;
    this.#sink = sink;
    this.#isWanted = isWanted;
    for (const { id } of jobs) this.#told.set(id, null);
  }

  /** Ids of the jobs it tells of. */
  get ids(): Iterable<string> {
    return this.#told.keys();
  }

  /** Whether there is a use in looking. */
  get isOpen(): boolean {
    return !this.#isClosed && this.#sink.isWritable;
  }

  /** The sink takes more again. */
  writable(): void {
    if (!this.#isClosed) this.#looker.lookLater();
  }

  /** Tells nothing any more. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#looker.closed(this);
  }

  /** A job has changed: it may be a new one. */
  heard(job: Job): void {
    if (this.#isWanted?.(job) && !this.#told.has(job.id)) this.#told.set(job.id, null);
  }

  /** Tells what has changed. @param turns shared with all others who look. */
  async look(sight: JobSight, turns: LoopTurns): Promise<void> {
    for (const [id, before] of this.#told) {
      if (!this.isOpen) return;
      const turn = turns.spend(this.#lookAt(id, before, sight) ? TELLING_UNITS : 1);
      if (turn) await turn;
    }
    if (this.#told.size > 0 || this.#isWanted || this.#isClosed) return;
    this.close();
    this.#sink.end();
  }

  /** @returns whether there was something to be told. */
  #lookAt(id: string, before: Told | null, sight: JobSight): boolean {
    const glance = sight.glance(id);
    if (glance === 'later') {
      this.#looker.lookLater();

      return false;
    }
    if (glance === null || isFinished(glance.told.state)) this.#told.delete(id);
    else if (before && isAsTold(glance.told, before, sight.nowMs)) return false;
    else this.#told.set(id, glance.told);
    if (glance) this.#sink.tell(glance.json);

    return glance !== null;
  }
}

function isAsTold(now: Told, before: Told, nowMs: number): boolean {
  if (now.state !== before.state || now.ahead !== before.ahead) return false;
  if (now.progressMs !== before.progressMs || now.attempts !== before.attempts) return false;
  if (now.endsAtMs === null || before.endsAtMs === null) return now.endsAtMs === before.endsAtMs;
  const within = Math.max(EXPECTED_WITHIN_MS, EXPECTED_WITHIN * (now.endsAtMs - nowMs));

  return Math.abs(now.endsAtMs - before.endsAtMs) <= within;
}
