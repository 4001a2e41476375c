import { type Job as BullJob, Queue, Worker } from 'bullmq';
import type { RedisLink } from './redis-link.ts';
import { PREFIX } from './redis-link.ts';

/** What BullMQ shows of a hand-out: nothing that anybody has said or called a file. */
export interface HandOutFacts {
  readonly lengthMs: number;
  readonly bytes: number;
}

/** What hand-outs are made of. */
export interface HandOutParts {
  readonly link: RedisLink;
  /** As Bull Board calls them. */
  readonly name: string;
  /** How long a node that does not say that it lives keeps what it was given. */
  readonly leaseMs: number;
  /** How long those are shown that are through. */
  readonly keepMs: number;
  /** Told that a node was silent for too long, and what it was given has been taken back. */
  readonly onTakenBack: (id: string) => void;
  /** What went wrong without anybody having asked. */
  readonly onError: (error: Error) => void;
}

/** A hand-out that this node was given. */
export interface HandOut {
  readonly id: string;
  readonly bull: BullJob;
  readonly token: string;
}

/** What becomes of one. */
export type HandOutEnd =
  | { readonly type: 'done' }
  /** @param reason a code. */
  | { readonly type: 'failed'; readonly reason: string }
  /** It is given again, at some time or at once. */
  | { readonly type: 'later'; readonly atMs: number }
  | { readonly type: 'back' };

/** Tries of BullMQ's own are none of ours: it is the record that counts attempts. */
const NEVER_MIND = 1e9;
/** Shown of those that are through. */
const MAX_SHOWN = 10_000;
/** In a lease; some may fail. */
const RENEWALS_PER_LEASE = 3;

/**
 * Jobs of BullMQ's, by the ids of ours. Each node asks for the next one, and has it for as long as it renews its lease: it is
 * given to another one otherwise. So each is given at least once, and can be given twice; the record says whether there is
 * something left to do. All calls throw what Redis or BullMQ says.
 */
export class HandOuts {
  readonly #parts: HandOutParts;
  readonly #worker: Worker;
  readonly #given = new Map<string, string>();
  readonly #renewing: NodeJS.Timeout;
  #tokens = 0;
  /** For Bull Board. */
  readonly queue: Queue;

  constructor(parts: HandOutParts) {
    const { link, name, leaseMs, onTakenBack, onError } = parts;
    this.#parts = parts;
    const shared = { connection: link.redis, prefix: PREFIX, skipVersionCheck: true };
    this.queue = new Queue(name, { ...shared, streams: { events: { maxLen: 1000 } } });
    this.#worker = new Worker(name, null, {
      ...shared,
      ...{ lockDuration: leaseMs, stalledInterval: Math.ceil(leaseMs / 2), maxStalledCount: NEVER_MIND },
    });
    this.queue.on('error', onError);
    this.#worker.on('error', onError);
    this.#worker.on('stalled', onTakenBack);
    this.#worker.startStalledCheckTimer().catch(onError);
    this.#renewing = setInterval(() => this.#renew(), leaseMs / RENEWALS_PER_LEASE);
    this.#renewing.unref();
  }

  /** What the keys of all of them begin with. */
  get keys(): string {
    return this.queue.toKey('');
  }

  /** Adds one, unless it is there. @param name what it is shown as. @param priority from 1 on; less comes first. 0 for the order they come in. */
  async add(id: string, name: string, priority: number, facts: HandOutFacts | null): Promise<void> {
    const age = Math.ceil(this.#parts.keepMs / 1000);
    await this.queue.add(name, facts, {
      ...{ jobId: id, priority, stackTraceLimit: 0 },
      removeOnComplete: { age, count: MAX_SHOWN },
      removeOnFail: { age, count: MAX_SHOWN },
    });
  }

  /** Places one anew that waits. */
  async place(id: string, priority: number): Promise<void> {
    await (await this.queue.getJob(id))?.changePriority({ priority });
  }

  /** Has one given out at once that was to be later; does nothing where it was not. */
  async promote(id: string): Promise<void> {
    const bull = await this.queue.getJob(id);
    if (await bull?.isDelayed()) await bull!.promote();
  }

  /** Takes one away that nobody has. */
  async remove(id: string): Promise<void> {
    await this.queue.remove(id);
  }

  /** @returns null where there is none now. */
  async next(): Promise<HandOut | null> {
    const token = `${this.#worker.id}:${this.#tokens++}`;
    const bull = await this.#worker.getNextJob(token, { block: false });
    if (!bull?.id) return null;
    this.#given.set(bull.id, token);

    return { id: bull.id, bull, token };
  }

  /** Ends one that this node has. One that was taken back is somebody else's, who will see. */
  async end({ id, bull, token }: HandOut, end: HandOutEnd): Promise<void> {
    this.#given.delete(id);
    if (end.type === 'done') await bull.moveToCompleted(null, token, false);
    else if (end.type === 'failed') await bull.moveToFailed(new Error(end.reason), token, false);
    else if (end.type === 'later') await bull.moveToDelayed(end.atMs, token);
    else await bull.moveToWait(token);
  }

  /** Lets go of the connections; what this node still has is given to others when its lease ends. */
  async close(): Promise<void> {
    clearInterval(this.#renewing);
    await Promise.all([this.#worker.close(true).catch(() => {}), this.queue.close().catch(() => {})]);
  }

  #renew(): void {
    const given = [...this.#given];
    if (given.length === 0) return;
    const ids = given.map(([id]) => id);
    const tokens = given.map(([, token]) => token);
    this.#worker.extendJobLocks(ids, tokens, this.#parts.leaseMs).catch(this.#parts.onError);
  }
}
