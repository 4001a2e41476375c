import { randomBytes } from 'node:crypto';
import { CLASS_WEIGHTS, type PriorityClass } from '../../admission/priority-class.ts';
import type { Clock } from '../../clock.ts';
import { StreamError } from '../../errors.ts';
import { type Job, type NewJob, step } from '../job.ts';
import type {
  CallbackHandler,
  JobHandler,
  JobListener,
  JobPage,
  JobQuery,
  JobQueue,
  JobResult,
  Place,
  QueueRules,
  Standing,
} from '../job-queue.ts';
import { isFinished } from '../job-states.ts';
import { HandOuts } from './hand-outs.ts';
import { JobRecords, type Line, type Told } from './job-records.ts';
import { NodeDeliveries } from './node-deliveries.ts';
import { NodeRuns } from './node-runs.ts';
import { bare, RedisLink } from './redis-link.ts';

/** Told how the queue fares; never what it is about. */
export interface BullmqObserver {
  /** What has to be stored could not be, and is tried again after a while. */
  storingFailed(error: unknown, retryAfterMs: number): void;
  /** An attempt came to nothing by an error that has no name. */
  attemptFailed(error: unknown): void;
  /** Redis cannot be reached; told once, until it can be. */
  away(error: Error): void;
  /** It can be reached, for the first time or again. */
  back(): void;
}

/** What a node of the queue is made of. */
export interface BullmqQueueParts {
  /** `redis://` or `rediss://`. */
  readonly url: string;
  readonly rules: QueueRules;
  readonly clock: Clock;
  readonly observer: BullmqObserver;
  /** How long a node may be silent before what it ran is another's; `LEASE_MS` when left out. */
  readonly leaseMs?: number;
}

/** Longer than a process stands still that fares well, or Redis takes to start again. */
const LEASE_MS = 15_000;
/** In a lease: the node says that it lives, and looks at what runs here. Some may fail. */
const BEATS_PER_LEASE = 3;
/** In some of these beats it is looked whether something has come apart, and what has been kept long enough goes. */
const SWEEP_EVERY_MS = 60_000;
/** Jobs whose submission failed in an unknown way, and that are withdrawn when Redis can be asked. */
const MAX_WITHDRAWN = 1000;

/**
 * One node of a queue in Redis. A job is a record, which is changed in one step by whoever has seen its last version, and is
 * right in all that it says. BullMQ hands the jobs out by their rank, takes back what dead nodes were given, and wakes what was
 * put off: at least once each, so that whoever is given one looks at its record first. What a crash leaves between the two is
 * mended by every node, again and again.
 */
export class BullmqQueue implements JobQueue {
  readonly #parts: BullmqQueueParts;
  readonly #leaseMs: number;
  readonly #node = randomBytes(8).toString('hex');
  readonly #link: RedisLink;
  readonly #records: JobRecords;
  readonly #handOuts: HandOuts;
  readonly #callbacks: HandOuts;
  readonly #runs: NodeRuns;
  readonly #deliveries: NodeDeliveries;
  readonly #listeners = new Set<JobListener>();
  /** Jobs that were told of and had not finished: what became of them may have been missed. */
  readonly #unfinished = new Set<string>();
  readonly #withdrawn = new Set<string>();
  /** Until something changes. */
  #line: Promise<Line> | null = null;
  #cancelBeat: () => void = () => {};
  #isAway = false;
  #isMending = false;
  #sweptMs: number;
  #closing: Promise<void> | null = null;

  /** Connects by itself, and again whenever Redis was away. */
  constructor(parts: BullmqQueueParts) {
    const { url, rules, clock, observer } = parts;
    this.#parts = parts;
    this.#leaseMs = parts.leaseMs ?? LEASE_MS;
    this.#sweptMs = clock.now();
    this.#link = new RedisLink(url, {
      onMessage: (text) => this.#heard(text),
      onReady: () => void this.#ready(),
      onError: (error) => this.#failed(error),
    });
    const onError = (error: Error) => this.#failed(error);
    this.#records = new JobRecords(this.#link, rules);
    const shared = { link: this.#link, leaseMs: this.#leaseMs, keepMs: rules.keepFinishedMs, onError };
    this.#handOuts = new HandOuts({ ...shared, name: 'recordings', onTakenBack: () => void this.#mend() });
    this.#callbacks = new HandOuts({ ...shared, name: 'callbacks', onTakenBack: () => {} });
    this.#runs = new NodeRuns({
      ...{ records: this.#records, handOuts: this.#handOuts, clock, rules },
      ...{ node: this.#node, leaseMs: this.#leaseMs, onError },
      onFault: (error) => observer.attemptFailed(error),
      onUnstored: (error, retryAfterMs) => observer.storingFailed(error, retryAfterMs),
    });
    this.#deliveries = new NodeDeliveries({
      ...{ records: this.#records, handOuts: this.#callbacks, clock, onError },
    });
    this.#beatLater();
  }

  /** What Bull Board shows: nothing that anybody has said. */
  get boards() {
    return [this.#handOuts.queue, this.#callbacks.queue] as const;
  }

  /** What Redis says of itself, as `INFO` does. @throws {StreamError} `queue-away`. */
  info(): Promise<string> {
    return this.#link.ask(() => this.#link.redis.info());
  }

  async submit(newJob: NewJob): Promise<Job> {
    this.#throwIfClosed();
    try {
      const { job, isRebased } = await this.#records.submit(newJob, this.#parts.clock.epochMs());
      await this.#handOut(job.id);
      this.#line = null;
      if (isRebased) void this.#mend();

      return job;
    } catch (error) {
      if (!(error instanceof StreamError) || error.code === 'queue-away') this.#withdraw(newJob.id);
      throw asAway(error);
    }
  }

  async find(id: string): Promise<Job | null> {
    this.#throwIfClosed();

    return (await this.#records.read(id))?.job ?? null;
  }

  async list(query: JobQuery): Promise<JobPage> {
    this.#throwIfClosed();

    return this.#records.list(query);
  }

  async cancel(id: string): Promise<Job | null> {
    this.#throwIfClosed();
    const atMs = this.#parts.clock.epochMs();
    const changed = await this.#records.change(id, atMs, ({ job }) => {
      const cancelled = step(job, { type: 'cancel', atMs });

      return cancelled && { job: cancelled };
    });
    if (changed.type === 'held') return null;
    if (changed.type === 'changed') {
      this.#line = null;
      this.#runs.heard(changed.record);
      await this.#runs.release(changed.released);
      // One that somebody was given is not taken away: it is ended by whoever has it.
      await this.#handOuts.remove(id).catch(() => {});
    }

    return changed.record?.job ?? null;
  }

  async place(id: string): Promise<Place | null> {
    this.#throwIfClosed();
    const { jobs } = await this.#lineNow();
    let aheadMs = 0;
    for (const [ahead, entry] of jobs.entries()) {
      if (entry.id === id) return entry.state === 'queued' ? { ahead, aheadMs } : null;
      aheadMs += leftMs(entry);
    }

    return null;
  }

  async result(id: string): Promise<JobResult | null> {
    this.#throwIfClosed();

    return this.#records.result(id);
  }

  async standing(): Promise<Standing> {
    this.#throwIfClosed();
    const { jobs, nodes } = await this.#lineNow();
    const queued = Object.fromEntries(Object.keys(CLASS_WEIGHTS).map((name) => [name, 0])) as Record<
      PriorityClass,
      number
    >;
    const nowMs = this.#parts.clock.epochMs();
    let [running, backlogMs, longestWaitMs] = [0, 0, 0];
    for (const entry of jobs) {
      backlogMs += leftMs(entry);
      if (entry.state === 'running') {
        running++;
      } else {
        queued[entry.class]++;
        longestWaitMs = Math.max(longestWaitMs, nowMs - entry.submittedAtMs);
      }
    }
    // What this node said last of itself is older than what it knows.
    const all = [...nodes.filter((node) => node.id !== this.#node), this.#report];
    const speeds = all.map(({ speed }) => speed).filter((speed) => speed !== null);
    const slots = all.reduce((sum, node) => sum + node.slots, 0);
    const speed = speeds.length === 0 ? null : speeds.reduce((sum, each) => sum + each, 0);

    return { queued, running, backlogMs, longestWaitMs, slots, speed };
  }

  work(handler: JobHandler, slots: number): void {
    this.#runs.start(handler, slots);
    this.#line = null;
    void this.#beat();
  }

  deliver(handler: CallbackHandler): void {
    this.#deliveries.start(handler);
  }

  watch(listener: JobListener): () => void {
    // One of its own, so that the same function may listen twice.
    const own: JobListener = (job) => listener(job);
    this.#listeners.add(own);

    return () => this.#listeners.delete(own);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();

    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#listeners.clear();
    this.#cancelBeat();
    await Promise.all([this.#runs.close(), this.#deliveries.close()]);
    await this.#records.leave(this.#node).catch(() => {});
    await Promise.all([this.#handOuts.close(), this.#callbacks.close()]);
    await this.#link.close();
  }

  #throwIfClosed(): void {
    if (this.#closing) throw new StreamError('draining');
  }

  get #report() {
    return { slots: this.#runs.slots, speed: this.#runs.speed };
  }

  #lineNow(): Promise<Line> {
    if (this.#line) return this.#line;
    const line = this.#records.line();
    this.#line = line;
    line.catch(() => {
      if (this.#line === line) this.#line = null;
    });

    return line;
  }

  /** Has a job given out, if it is not yet. */
  async #handOut(id: string): Promise<void> {
    const [record, priority] = await Promise.all([this.#records.read(id), this.#records.priority(id)]);
    if (!record || priority === null || isFinished(record.job.state)) return;
    const { class: name, lengthMs, bytes } = record.job;
    await this.#handOuts.add(id, name, priority, { lengthMs, bytes });
    await this.#link.call(WAKE);
  }

  /** Has a callback delivered, if that is not under way. */
  #tellLater(id: string): Promise<void> {
    return this.#callbacks.add(id, 'callback', 0, null);
  }

  /** Whether it was added is not known, and whoever submitted it has been told that it was not. */
  #withdraw(id: string): void {
    if (this.#withdrawn.size < MAX_WITHDRAWN) this.#withdrawn.add(id);
    void this.#mend();
  }

  /** Somebody has told something. */
  #heard(text: string): void {
    if (this.#closing) return;
    if (text === WAKE) {
      this.#runs.wake();
      this.#deliveries.wake();
    } else {
      this.#told(JSON.parse(text) as Told);
    }
  }

  #told(change: Told): void {
    const { job } = change;
    this.#line = null;
    if (isFinished(job.state)) this.#unfinished.delete(job.id);
    else this.#unfinished.add(job.id);
    this.#runs.heard(change);
    if (job.callback === 'waiting')
      this.#tellLater(job.id).then(
        () => this.#deliveries.wake(),
        (error: Error) => this.#failed(error),
      );
    for (const listener of [...this.#listeners]) listener(job);
  }

  async #ready(): Promise<void> {
    this.#isAway = false;
    if (this.#closing) return;
    this.#parts.observer.back();
    this.#line = null;
    try {
      await this.#beat();
      // What was told meanwhile was missed.
      for (const id of [...this.#unfinished]) {
        const record = await this.#records.read(id);
        if (record) this.#told(record);
        else this.#unfinished.delete(id);
      }
      for (const { id } of (await this.#lineNow()).jobs) this.#unfinished.add(id);
      await this.#mend();
    } catch (error) {
      this.#failed(error as Error);
    }
    this.#runs.wake();
    this.#deliveries.wake();
  }

  #failed(error: Error): void {
    if (this.#isAway || this.#closing || !this.#link.isAway) return;
    this.#isAway = true;
    this.#parts.observer.away(bare(error));
  }

  #beatLater(): void {
    this.#cancelBeat = this.#parts.clock.after(this.#leaseMs / BEATS_PER_LEASE, () => {
      void this.#beat().then(() => this.#mend());
      this.#beatLater();
    });
  }

  /** Says that this node lives, and looks whether what it runs is still wanted. */
  async #beat(): Promise<void> {
    if (this.#closing) return;
    try {
      await this.#records.report(this.#node, this.#report, this.#leaseMs);
      await this.#runs.recheck();
    } catch (error) {
      this.#failed(error as Error);
    }
  }

  /** Puts together what has come apart, and lets go of what has been kept long enough. */
  async #mend(): Promise<void> {
    if (this.#isMending || this.#closing) return;
    this.#isMending = true;
    try {
      for (const id of [...this.#withdrawn]) {
        await this.#drop(id);
        this.#withdrawn.delete(id);
      }
      await this.#mendHandOuts();
      await this.#sweep();
    } catch (error) {
      this.#failed(error as Error);
    } finally {
      this.#isMending = false;
    }
  }

  /** Ends a job that nobody knows of. */
  async #drop(id: string): Promise<void> {
    const atMs = this.#parts.clock.epochMs();
    const changed = await this.#records.change(id, atMs, ({ job }) => {
      const cancelled = step({ ...job, callbackUrl: null }, { type: 'cancel', atMs });

      return cancelled && { job: cancelled };
    });
    if (changed.type === 'changed') await this.#runs.release(changed.released);
    await this.#handOuts.remove(id).catch(() => {});
  }

  async #mendHandOuts(): Promise<void> {
    const faults = await this.#records.inspect([this.#handOuts.keys, this.#callbacks.keys]);
    for (const { type, id } of faults) {
      if (type === 'interrupted') await this.#runs.interrupted(id);
      else if (type === 'unlisted') await this.#handOut(id);
      else if (type === 'untold') await this.#tellLater(id);
      else {
        const priority = await this.#records.priority(id);
        if (priority !== null) await this.#handOuts.place(id, priority);
      }
    }
  }

  async #sweep(): Promise<void> {
    const { clock, rules } = this.#parts;
    if (clock.now() - this.#sweptMs < Math.min(SWEEP_EVERY_MS, rules.keepFinishedMs)) return;
    this.#sweptMs = clock.now();
    let gone: readonly string[];
    do {
      gone = await this.#records.sweep(clock.epochMs());
      for (const id of gone) await Promise.all([this.#handOuts.remove(id), this.#callbacks.remove(id)]);
    } while (gone.length > 0);
  }
}

/** Told when a hand-out was added. */
const WAKE = 'wake';

/** Audio that is not captioned yet. */
function leftMs({
  lengthMs,
  progressMs,
}: {
  readonly lengthMs: number;
  readonly progressMs: number;
}): number {
  return Math.max(0, lengthMs - progressMs);
}

/** Whatever BullMQ says of Redis. */
function asAway(error: unknown): StreamError {
  return error instanceof StreamError
    ? error
    : new StreamError('queue-away', undefined, { cause: bare(error) });
}
