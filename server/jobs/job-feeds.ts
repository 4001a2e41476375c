import type { Clock } from '../clock.ts';
import type { Job } from './job.ts';
import { type FeedLooker, type FeedSink, JobFeed } from './job-feed.ts';
import type { JobQueue } from './job-queue.ts';
import { JobSight } from './job-sight.ts';
import { isFinished } from './job-states.ts';
import { LoopTurns } from './loop-turns.ts';

/** What feeds are made of. */
export interface JobFeedsParts {
  readonly queue: Pick<JobQueue, 'find' | 'outlook' | 'watch'>;
  readonly clock: Clock;
}

/** Between two looks: whoever reads along need not be told of every second of every recording. */
const LOOK_EVERY_MS = 500;
/** Jobs that are asked for at once. */
const ASKED_AT_ONCE = 50;

/**
 * The feeds of all who read along. They are looked for together: the queue is asked once, each job is looked at once, and
 * others have their turn in between, however many readers and jobs there are.
 */
export class JobFeeds implements FeedLooker {
  readonly #parts: JobFeedsParts;
  readonly #turns: LoopTurns;
  readonly #feeds = new Set<JobFeed>();
  /** Feeds that are to be looked for as soon as may be. */
  readonly #due = new Set<JobFeed>();
  /** As they were told last; those that have finished until they have been looked at. */
  readonly #jobs = new Map<string, Job>();
  #stopWatching: () => void = () => {};
  #cancelLook: (() => void) | null = null;
  #isLooking = false;

  /** @param turns shared with whoever else has much to look at. */
  constructor(parts: JobFeedsParts, turns = new LoopTurns()) {
    this.#parts = parts;
    this.#turns = turns;
  }

  /**
   * Tells of these jobs at once, and of their changes from then on.
   * @param isWanted which new ones are told as well; null for none, and to end when those that are there have finished.
   * @returns what the caller has to close.
   */
  open(sink: FeedSink, jobs: readonly Job[], isWanted: ((job: Job) => boolean) | null): JobFeed {
    if (this.#feeds.size === 0) this.#stopWatching = this.#parts.queue.watch((job) => this.#heard(job));
    const feed = new JobFeed(this, sink, jobs, isWanted);
    this.#feeds.add(feed);
    this.#due.add(feed);
    void this.#look();

    return feed;
  }

  lookLater(): void {
    this.#cancelLook ??= this.#parts.clock.after(LOOK_EVERY_MS, () => {
      this.#cancelLook = null;
      for (const feed of this.#feeds) this.#due.add(feed);
      void this.#look();
    });
  }

  closed(feed: JobFeed): void {
    this.#feeds.delete(feed);
    this.#due.delete(feed);
    if (this.#feeds.size > 0) return;
    this.#stopWatching();
    this.#cancelLook?.();
    this.#cancelLook = null;
    this.#jobs.clear();
  }

  #heard(job: Job): void {
    this.#jobs.set(job.id, job);
    for (const feed of this.#feeds) feed.heard(job);
    // Whatever changes may change places.
    this.lookLater();
  }

  /** What falls due meanwhile is looked for afterwards. */
  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      while (this.#due.size > 0) await this.#lookFor([...this.#due]);
    } catch {
      // The queue cannot tell now.
      if (this.#feeds.size > 0) this.lookLater();
    } finally {
      this.#isLooking = false;
    }
  }

  async #lookFor(feeds: readonly JobFeed[]): Promise<void> {
    this.#due.clear();
    const { queue, clock } = this.#parts;
    const finished = [...this.#jobs.values()].filter(({ state }) => isFinished(state));
    const outlook = await queue.outlook();
    // What became of it was missed.
    for (const { id, state } of [...this.#jobs.values()])
      if (!isFinished(state) && !outlook.places.has(id)) this.#jobs.delete(id);
    const sight = new JobSight(this.#jobs, outlook, clock.now());
    for (const feed of feeds) {
      if (!feed.isOpen) continue;
      await this.#ask(feed);
      await feed.look(sight, this.#turns);
    }
    for (const { id } of finished) this.#jobs.delete(id);
  }

  /** Asks for those of its jobs that nothing has been told of. */
  async #ask(feed: JobFeed): Promise<void> {
    const unknown = [...feed.ids].filter((id) => !this.#jobs.has(id));
    for (let at = 0; at < unknown.length; at += ASKED_AT_ONCE) {
      const ids = unknown.slice(at, at + ASKED_AT_ONCE);
      const found = await Promise.all(ids.map((id) => this.#parts.queue.find(id)));
      // What has been told meanwhile is newer.
      for (const job of found) if (job && !this.#jobs.has(job.id)) this.#jobs.set(job.id, job);
      const turn = this.#turns.spend(ids.length);
      if (turn) await turn;
    }
  }
}
