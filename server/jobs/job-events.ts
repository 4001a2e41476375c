import type { Caller } from '../admission/api-keys.ts';
import type { Clock } from '../clock.ts';
import { StreamError } from '../errors.ts';
import { HEARTBEAT_MS } from '../net/event-connection.ts';
import type { StreamedAnswer } from '../net/http.ts';
import type { ResponseBody } from '../net/response-body.ts';
import type { Job } from './job.ts';
import type { FeedSink, JobFeed } from './job-feed.ts';
import { JobFeeds } from './job-feeds.ts';
import { type JobQueue, MAX_JOBS_PER_PAGE } from './job-queue.ts';
import { isFinished, JOB_STATES } from './job-states.ts';
import { LoopTurns } from './loop-turns.ts';

/** Readers at once, and of one key; each costs a look at its jobs twice a second. */
const MAX_READERS = 2000;
const MAX_READERS_PER_KEY = MAX_READERS / 2;
/** Browsers come again so long after the stream has ended. */
const RETRY_MS = 2000;

/** Where events come from. */
export interface JobEventParts {
  /** @throws {StreamError} before there is one. */
  readonly queue: JobQueue;
  readonly clock: Clock;
}

/** How jobs fare, as server-sent events. */
export class JobEvents {
  readonly #parts: JobEventParts;
  readonly #turns = new LoopTurns();
  /** Whose each is. */
  readonly #ends = new Map<() => void, string | null>();
  #feeds: JobFeeds | null = null;

  constructor(parts: JobEventParts) {
    this.#parts = parts;
  }

  /** Counts a reader. @param end ends it when the server stops. @returns what ends that. @throws {StreamError} */
  reader(key: string | null, end: () => void): () => void {
    if (this.#ends.size >= MAX_READERS) throw new StreamError('too-many-viewers');
    const ofKey = key === null ? 0 : [...this.#ends.values()].filter((each) => each === key).length;
    if (ofKey >= MAX_READERS_PER_KEY)
      throw new StreamError('too-many-viewers', 'This key has as many as one may.');
    this.#ends.set(end, key);

    return () => this.#ends.delete(end);
  }

  /** Tells of jobs, as `JobFeeds.open` does. */
  open(sink: FeedSink, jobs: readonly Job[], isWanted: ((job: Job) => boolean) | null): JobFeed {
    const { queue, clock } = this.#parts;
    this.#feeds ??= new JobFeeds({ queue, clock }, this.#turns);

    return this.#feeds.open(sink, jobs, isWanted);
  }

  /** One job's, until it has finished. */
  ofJob(job: Job): StreamedAnswer {
    return this.#stream(job.key, [job], null);
  }

  /** All of a key's: those that have not finished, and those that come. */
  async ofCaller({ name: key }: Caller): Promise<StreamedAnswer> {
    await this.#turns.next();

    return this.#stream(key, await unfinished(this.#parts.queue, key), (job) => job.key === key);
  }

  /** Ends all streams. */
  close(): void {
    for (const end of [...this.#ends.keys()]) end();
  }

  #stream(
    key: string | null,
    jobs: readonly Job[],
    isWanted: ((job: Job) => boolean) | null,
  ): StreamedAnswer {
    const { clock } = this.#parts;

    return {
      contentType: 'text/event-stream; charset=utf-8',
      headers: { 'x-accel-buffering': 'no' },
      stream: (body) => {
        const left = this.reader(key, () => body.end());
        body.write(`retry: ${RETRY_MS}\n\n`);
        const sink = {
          get isWritable() {
            return body.isWritable;
          },
          tell: (view: string) => body.write(`event: job\ndata: ${view}\n\n`),
          end: () => body.end(),
        };
        const feed = this.open(sink, jobs, isWanted);
        const stopBeating = beat(body, clock);
        body.onWritable = () => feed.writable();
        body.onClosed = () => {
          feed.close();
          stopBeating();
          left();
        };
      },
    };
  }
}

/** Jobs of a key that have not finished, oldest first. */
async function unfinished(queue: JobQueue, key: string | null): Promise<readonly Job[]> {
  const jobs: Job[] = [];
  for (const state of JOB_STATES.filter((each) => !isFinished(each))) {
    let before: string | undefined;
    do {
      const page = await queue.list({
        ...{ key, state, limit: MAX_JOBS_PER_PAGE },
        ...(before !== undefined && { before }),
      });
      jobs.push(...page.jobs);
      before = page.more ? page.jobs.at(-1)!.id : undefined;
    } while (before !== undefined);
  }

  return jobs.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Proxies close what is silent. @returns what ends it. */
function beat(body: ResponseBody, clock: Clock): () => void {
  const next = () =>
    clock.after(HEARTBEAT_MS, () => {
      if (body.isWritable) body.write(':\n\n');
      cancel = next();
    });
  let cancel = next();

  return () => cancel();
}
