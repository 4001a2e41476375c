import type { Clock } from '../clock.ts';
import { StreamError } from '../errors.ts';
import { CallbackDeliveries } from './callback-deliveries.ts';
import { type Job, type NewJob, step, submitted } from './job.ts';
import { type Entry, JobLedger, type LedgerObserver } from './job-ledger.ts';
import { JobLine } from './job-line.ts';
import { JobOrder } from './job-order.ts';
import { afterInterruption } from './job-outcomes.ts';
import {
  type CallbackHandler,
  type JobHandler,
  type JobListener,
  type JobPage,
  type JobQuery,
  type JobQueue,
  type JobResult,
  MAX_JOBS_PER_PAGE,
  type Outlook,
  type Place,
  type QueueRules,
  type Standing,
} from './job-queue.ts';
import { JobRuns } from './job-runs.ts';
import { isFinished } from './job-states.ts';
import type { JobStorage, StoredJob } from './job-storage.ts';
import { refusalOf, refused } from './queue-limits.ts';

/** Told how the queue fares; never what it is about. */
export interface QueueObserver extends LedgerObserver {
  /** An attempt came to nothing by an error that has no name. */
  attemptFailed(error: unknown): void;
}

/** What an embedded queue is made of. */
export interface EmbeddedQueueParts {
  readonly storage: JobStorage;
  readonly rules: QueueRules;
  readonly clock: Clock;
  readonly observer: QueueObserver;
}

/** At least so often finished jobs are looked through for those that have been kept long enough. */
const SWEEP_EVERY_MS = 60_000;
/** For what is still to be stored when it closes. */
const CLOSE_WITHIN_MS = 5000;

/** A queue for one node, in its own process: all jobs are in memory, and as durable as its storage is. */
export class EmbeddedQueue implements JobQueue {
  readonly #parts: EmbeddedQueueParts;
  readonly #ledger: JobLedger;
  readonly #runs: JobRuns;
  readonly #deliveries: CallbackDeliveries;
  readonly #order = new JobOrder();
  readonly #line = new JobLine();
  #numbers: number;
  #cancelSweep: () => void = () => {};
  #closing: Promise<void> | null = null;

  private constructor(parts: EmbeddedQueueParts, stored: readonly StoredJob[]) {
    const { storage, rules, clock, observer } = parts;
    this.#parts = parts;
    this.#ledger = new JobLedger(storage, clock, observer, stored);
    this.#numbers = (stored.at(-1)?.number ?? 0) + 1;
    for (const entry of this.#ledger.entries) {
      if (entry.stored.job.startedAtMs !== null) this.#order.begun(ordered(entry));
      if (!isFinished(entry.stored.job.state)) this.#line.add(entry);
    }
    this.#runs = new JobRuns({
      ...{ ledger: this.#ledger, clock, rules },
      queued: () => this.#line.entries.filter(({ stored, told }) => told && stored.job.state === 'queued'),
      onBegun: (entry) => this.#order.begun(ordered(entry)),
      onFault: (error) => observer.attemptFailed(error),
    });
    this.#deliveries = new CallbackDeliveries(this.#ledger, clock);
    this.#ledger.watch((job) => {
      this.#line.changed();
      if (isFinished(job.state)) this.#line.remove(job.id);
      if (job.callback === 'waiting') this.#deliveries.fill();
    });
    this.#sweepLater();
  }

  /** Takes up the jobs that are there. What ran when its process ended is queued again. @throws when they cannot be read. */
  static async open(parts: EmbeddedQueueParts): Promise<EmbeddedQueue> {
    const { storage, rules, clock } = parts;
    const stored = await storage.load();
    const taken = stored.map((each) => ({ ...each, job: takenOver(each.job, rules, clock.epochMs()) }));
    const changed = taken.filter(({ job }, i) => job !== stored[i]!.job);
    if (changed.length > 0)
      await storage.write(changed.map((each) => ({ type: 'keep', stored: each, result: null })));

    return new EmbeddedQueue(parts, taken);
  }

  async submit(newJob: NewJob): Promise<Job> {
    this.#throwIfClosed();
    const { rules, clock } = this.#parts;
    const byKey = newJob.key === null ? null : this.#line.takenBy(newJob.key);
    const refusal = refusalOf(newJob.bytes, this.#line.taken, byKey, rules);
    if (refusal) throw refused(refusal);
    const stored: StoredJob = {
      job: submitted(newJob, clock.epochMs()),
      tag: this.#order.tag(newJob, this.#line.entries.map(ordered)),
      number: this.#numbers++,
      ...{ content: null, failedDeliveries: 0, deliverAtMs: 0 },
    };
    const entry: Entry = { stored, told: null };
    this.#line.add(entry);
    try {
      await this.#ledger.add(entry);
    } catch (error) {
      this.#line.remove(newJob.id);
      throw error;
    }
    this.#runs.fill();

    return entry.told!;
  }

  async find(id: string): Promise<Job | null> {
    this.#throwIfClosed();

    return this.#ledger.told(id)?.told ?? null;
  }

  async list({ state, key, limit, before }: JobQuery): Promise<JobPage> {
    this.#throwIfClosed();
    const size = Math.min(limit, MAX_JOBS_PER_PAGE);
    const jobs: Job[] = [];
    for (const { told } of this.#ledger.entries) {
      if (told === null || (state !== undefined && told.state !== state)) continue;
      if (key !== undefined && told.key !== key) continue;
      if (before === undefined || told.id < before) jobs.push(told);
    }
    jobs.sort((a, b) => (a.id < b.id ? 1 : -1));

    return { jobs: jobs.slice(0, size), more: jobs.length > size };
  }

  async cancel(id: string): Promise<Job | null> {
    this.#throwIfClosed();
    const entry = this.#ledger.told(id);
    if (!entry) return null;
    if (!isFinished(entry.stored.job.state)) this.#runs.cancel(entry);
    // Also what it came to before, which may not be stored yet.
    await this.#ledger.stored(entry);

    return entry.told;
  }

  async place(id: string): Promise<Place | null> {
    this.#throwIfClosed();
    if (this.#ledger.told(id)?.told?.state !== 'queued') return null;
    return this.#line.lineUp.places.get(id) ?? null;
  }

  async result(id: string): Promise<JobResult | null> {
    this.#throwIfClosed();
    if (this.#ledger.told(id)?.told?.state !== 'completed') return null;

    return this.#ledger.result(id);
  }

  async forgetMeeting(meeting: string): Promise<number> {
    this.#throwIfClosed();
    const entries = this.#finished().filter(({ told }) => told!.options.meeting === meeting);
    await Promise.all(entries.map((entry) => this.#forget(entry)));

    return entries.length;
  }

  async standing(): Promise<Standing> {
    this.#throwIfClosed();
    const { queued, running, backlogMs, oldestMs } = this.#line.lineUp;
    const longestWaitMs = oldestMs === null ? 0 : Math.max(0, this.#parts.clock.epochMs() - oldestMs);
    const { slots, speed } = this.#runs;

    return { queued, running, backlogMs, longestWaitMs, slots, speed };
  }

  async outlook(): Promise<Outlook> {
    return { standing: await this.standing(), places: this.#line.lineUp.places };
  }

  work(handler: JobHandler, slots: number): void {
    this.#runs.start(handler, slots);
  }

  deliver(handler: CallbackHandler): void {
    this.#deliveries.start(handler);
  }

  watch(listener: JobListener): () => void {
    return this.#ledger.watch(listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();

    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#cancelSweep();
    this.#deliveries.stop();
    this.#runs.stop();
    await this.#ledger.close(CLOSE_WITHIN_MS);
  }

  #throwIfClosed(): void {
    if (this.#closing) throw new StreamError('draining');
  }

  #sweepLater(): void {
    const { rules, clock } = this.#parts;
    this.#cancelSweep = clock.after(Math.min(SWEEP_EVERY_MS, rules.keepFinishedMs), () => {
      this.#sweep();
      this.#sweepLater();
    });
  }

  /** Lets go of what has been kept long enough, and of the oldest where there is too much. */
  #sweep(): void {
    const { storage, rules, clock } = this.#parts;
    const oldestMs = clock.epochMs() - rules.keepFinishedMs;
    const finished = this.#finished().sort((a, b) => a.told!.finishedAtMs! - b.told!.finishedAtMs!);
    const surplus = finished.length - storage.maxFinished;
    for (const [i, entry] of finished.entries()) {
      if (i >= surplus && entry.told!.finishedAtMs! > oldestMs) break;
      void this.#forget(entry);
    }
  }

  /** Those that may be let go of. */
  #finished(): Entry[] {
    return [...this.#ledger.entries].filter(
      ({ told }) => told && told.finishedAtMs !== null && told.callback !== 'waiting',
    );
  }

  #forget(entry: Entry): Promise<void> {
    this.#runs.forget(entry);

    return this.#ledger.delete(entry);
  }
}

function ordered({ stored: { job, tag } }: Entry) {
  return { class: job.class, tag, hasBegun: job.startedAtMs !== null };
}

/** A job as it is when another process takes it up. */
function takenOver(job: Job, rules: QueueRules, nowMs: number): Job {
  if (job.state !== 'running') return job;

  return step(job, afterInterruption(job, rules, nowMs))!;
}
