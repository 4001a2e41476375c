import { randomBytes } from 'node:crypto';
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
  Outlook,
  Place,
  QueueRules,
  Standing,
} from '../job-queue.ts';
import { isFinished } from '../job-states.ts';
import { HandOuts } from './hand-outs.ts';
import type { Told } from './job-record.ts';
import { JobRecords } from './job-records.ts';
import { KnownLine } from './known-line.ts';
import { NodeDeliveries } from './node-deliveries.ts';
import { NodeRuns } from './node-runs.ts';
import { QueueMender, WAKE } from './queue-mender.ts';
import { bare, RedisLink } from './redis-link.ts';
import { Vigil } from './vigil.ts';

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
/** More than one that is missing is an outage. */
const LONGEST_GAP_BEATS = 2;

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
  readonly #vigil: Vigil;
  readonly #runs: NodeRuns;
  readonly #mender: QueueMender;
  readonly #deliveries: NodeDeliveries;
  readonly #listeners = new Set<JobListener>();
  /** Jobs that were told of and had not finished: what became of them may have been missed. */
  readonly #unfinished = new Set<string>();
  readonly #line: KnownLine;
  #cancelBeat: () => void = () => {};
  #isAway = false;
  #closing: Promise<void> | null = null;

  /** Connects by itself, and again whenever Redis was away. */
  constructor(parts: BullmqQueueParts) {
    const { url, rules, clock, observer } = parts;
    this.#parts = parts;
    this.#leaseMs = parts.leaseMs ?? LEASE_MS;
    this.#link = new RedisLink(url, {
      onMessage: (text) => this.#heard(text),
      onReady: () => void this.#ready(),
      onError: (error) => this.#failed(error),
    });
    const onError = (error: Error) => this.#failed(error);
    this.#records = new JobRecords(this.#link, rules);
    this.#line = new KnownLine(() => this.#records.line(), clock, this.#leaseMs / BEATS_PER_LEASE);
    const shared = { link: this.#link, leaseMs: this.#leaseMs, keepMs: rules.keepFinishedMs, onError };
    this.#handOuts = new HandOuts({
      ...shared,
      name: 'recordings',
      onTakenBack: () => void this.#mender.mend(),
    });
    this.#callbacks = new HandOuts({ ...shared, name: 'callbacks', onTakenBack: () => {} });
    this.#vigil = new Vigil(clock, this.#leaseMs, (this.#leaseMs * LONGEST_GAP_BEATS) / BEATS_PER_LEASE);
    this.#runs = new NodeRuns({
      canTellWhoIsGone: () => this.#vigil.canTell,
      ...{ records: this.#records, handOuts: this.#handOuts, clock, rules },
      ...{ node: this.#node, leaseMs: this.#leaseMs, onError },
      onFault: (error) => observer.attemptFailed(error),
      onUnstored: (error, retryAfterMs) => observer.storingFailed(error, retryAfterMs),
    });
    this.#mender = new QueueMender({
      ...{ link: this.#link, records: this.#records, handOuts: this.#handOuts, callbacks: this.#callbacks },
      ...{ runs: this.#runs, node: this.#node, clock, rules, onError },
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
      await this.#mender.handOut(job.id);
      this.#line.forget();
      if (isRebased) void this.#mender.mend();

      return job;
    } catch (error) {
      if (!(error instanceof StreamError) || error.code === 'queue-away') this.#mender.withdraw(newJob.id);
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
      this.#line.forget();
      this.#runs.heard(changed.record);
      await this.#runs.release(changed.released);
      // One that somebody was given is not taken away: it is ended by whoever has it.
      await this.#handOuts.remove(id).catch(() => {});
    }

    return changed.record?.job ?? null;
  }

  async place(id: string): Promise<Place | null> {
    this.#throwIfClosed();
    const { jobs, places } = await this.#line.now();

    return jobs.get(id)?.state === 'queued' ? places.get(id)! : null;
  }

  async result(id: string): Promise<JobResult | null> {
    this.#throwIfClosed();

    return this.#records.result(id);
  }

  async forgetMeeting(meeting: string): Promise<number> {
    this.#throwIfClosed();
    const gone = await this.#records.forgetMeeting(meeting);
    // What hand-outs are left of them shows lengths, and goes by its own time where it cannot be removed now.
    await Promise.all(gone.map((id) => this.#handOuts.remove(id).catch(() => {})));

    return gone.length;
  }

  async standing(): Promise<Standing> {
    return (await this.outlook()).standing;
  }

  async outlook(): Promise<Outlook> {
    this.#throwIfClosed();
    const { queued, running, backlogMs, oldestMs, nodes, places } = await this.#line.now();
    // What this node said last of itself is older than what it knows.
    const all = [...nodes.filter((node) => node.id !== this.#node), this.#report];
    const speeds = all.map(({ speed }) => speed).filter((speed) => speed !== null);
    const slots = all.reduce((sum, node) => sum + node.slots, 0);
    const speed = speeds.length === 0 ? null : speeds.reduce((sum, each) => sum + each, 0);

    const longestWaitMs = oldestMs === null ? 0 : Math.max(0, this.#parts.clock.epochMs() - oldestMs);

    return { standing: { queued, running, backlogMs, longestWaitMs, slots, speed }, places };
  }

  work(handler: JobHandler, slots: number): void {
    this.#runs.start(handler, slots);
    this.#line.forget();
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
    this.#mender.close();
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
    this.#line.heard(job);
    if (isFinished(job.state)) this.#unfinished.delete(job.id);
    else this.#unfinished.add(job.id);
    this.#runs.heard(change);
    if (job.callback === 'waiting')
      this.#mender.tellLater(job.id).then(
        () => this.#deliveries.wake(),
        (error: Error) => this.#failed(error),
      );
    for (const listener of [...this.#listeners]) listener(job);
  }

  async #ready(): Promise<void> {
    this.#isAway = false;
    if (this.#closing) return;
    this.#vigil.begin();
    this.#parts.observer.back();
    this.#line.forget();
    try {
      await this.#beat();
      // What was told meanwhile was missed.
      for (const id of [...this.#unfinished]) {
        const record = await this.#records.read(id);
        if (record) this.#told(record);
        else this.#unfinished.delete(id);
      }
      for (const id of (await this.#line.now()).jobs.keys()) this.#unfinished.add(id);
      await this.#mender.mend();
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
      void this.#beat().then(() => this.#mender.mend());
      this.#beatLater();
    });
  }

  /** Says that this node lives, and looks whether what it runs is still wanted. */
  async #beat(): Promise<void> {
    if (this.#closing) return;
    try {
      await this.#records.report(this.#node, this.#report, this.#leaseMs);
      this.#vigil.seen();
      await this.#runs.recheck();
    } catch (error) {
      this.#failed(error as Error);
    }
  }
}

/** Whatever BullMQ says of Redis. */
function asAway(error: unknown): StreamError {
  return error instanceof StreamError
    ? error
    : new StreamError('queue-away', undefined, { cause: bare(error) });
}
