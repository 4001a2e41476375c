import type { Clock } from '../clock.ts';
import { StreamError } from '../errors.ts';
import { isDiskFull } from '../upload/disk-full.ts';
import type { Job } from './job.ts';
import type { JobListener, JobResult } from './job-queue.ts';
import type { JobChange, JobStorage, StoredJob } from './job-storage.ts';

/** A job in this process. */
export interface Entry {
  /** As it has been decided; it may still have to be stored. */
  stored: StoredJob;
  /** As it has been stored, and may be told; null before it is for the first time. */
  told: Job | null;
}

/** Told how the writing goes. */
export interface LedgerObserver {
  /** Changes could not be stored, and are tried again after a while. */
  storingFailed(error: unknown, retryAfterMs: number): void;
}

/** A change on its way to the disk. */
interface Pending {
  readonly entry: Entry | null;
  readonly change: JobChange;
  readonly stored: () => void;
  /** There for changes that are given up when they cannot be stored at once. */
  readonly failed: ((error: unknown) => void) | null;
}

/** Until changes are tried again: twice as long after each failure, up to the most. */
const RETRY_AFTER_MS = 1000;
const MAX_RETRY_AFTER_MS = 30_000;
/** So long somebody waits for a change to be stored. */
const STORED_WITHIN_MS = 5000;

/**
 * All jobs of a queue, and what is told of them: a change is decided at once, stored with all others that come meanwhile, and
 * told after that. What cannot be stored is tried again, but for new jobs, which are refused.
 */
export class JobLedger {
  readonly #storage: JobStorage;
  readonly #clock: Clock;
  readonly #observer: LedgerObserver;
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<JobListener>();
  /** When the last change of each was, or will have been, stored. */
  readonly #storing = new WeakMap<Entry, Promise<void>>();
  #waiting: Pending[] = [];
  #isWriting = false;
  #failures = 0;
  /** Why changes wait to be tried again; null where none do. */
  #failure: unknown = null;
  #cancelRetry: (() => void) | null = null;
  #onIdle: () => void = () => {};

  constructor(storage: JobStorage, clock: Clock, observer: LedgerObserver, stored: readonly StoredJob[]) {
    this.#storage = storage;
    this.#clock = clock;
    this.#observer = observer;
    for (const each of stored) this.#entries.set(each.job.id, { stored: each, told: each.job });
  }

  /** In the order they came. */
  get entries(): Iterable<Entry> {
    return this.#entries.values();
  }

  get size(): number {
    return this.#entries.size;
  }

  /** @returns undefined for a job that was never told. */
  told(id: string): Entry | undefined {
    const entry = this.#entries.get(id);

    return entry?.told ? entry : undefined;
  }

  /** Adds a job. @throws {StreamError} `no-space` or `internal` when it cannot be stored; it is not there then. */
  add(entry: Entry): Promise<void> {
    const { stored } = entry;
    // What has to be stored waits already, and would have this one wait with it.
    if (this.#failure !== null) return Promise.reject(unstorable(this.#failure));
    this.#entries.set(stored.job.id, entry);

    return new Promise((resolve, reject) => {
      const failed = (cause: unknown) => {
        this.#entries.delete(stored.job.id);
        reject(unstorable(cause));
      };
      this.#push({ entry, change: { type: 'keep', stored, result: null }, stored: resolve, failed });
    });
  }

  /** Changes a job. @returns when it has been stored and told, however often that takes. */
  change(entry: Entry, fields: Partial<StoredJob>, result: JobResult | null = null): Promise<void> {
    entry.stored = { ...entry.stored, ...fields };
    const change: JobChange = { type: 'keep', stored: entry.stored, result };

    const storing = new Promise<void>((resolve) => {
      this.#push({ entry, change, stored: resolve, failed: null });
    });
    this.#storing.set(entry, storing);

    return storing;
  }

  /** Resolves when a job is stored and told as it has been decided last. @throws {StreamError} `queue-away` when that takes too long. */
  async stored(entry: Entry): Promise<void> {
    let cancel = () => {};
    const late = new Promise<never>((_, reject) => {
      cancel = this.#clock.after(STORED_WITHIN_MS, () => {
        reject(new StreamError('queue-away', 'It is done, and told once it can be stored.'));
      });
    });
    await Promise.race([this.#storing.get(entry), late]).finally(cancel);
  }

  /** Lets go of a job. @returns when that has been stored. */
  delete({ stored: { job } }: Entry): Promise<void> {
    this.#entries.delete(job.id);

    return new Promise((resolve) => {
      this.#push({
        entry: null,
        change: { type: 'delete', id: job.id },
        stored: resolve,
        failed: null,
      });
    });
  }

  /** Takes note of how far a job has come, or how long it is, which is told but not stored. */
  progressed(entry: Entry, fields: Partial<Pick<Job, 'progressMs' | 'lengthMs'>>): void {
    entry.stored = { ...entry.stored, job: { ...entry.stored.job, ...fields } };
    if (entry.told) this.#tell(entry, { ...entry.told, ...fields });
  }

  watch(listener: JobListener): () => void {
    // One of its own, so that the same function may listen twice.
    const own: JobListener = (job) => listener(job);
    this.#listeners.add(own);

    return () => this.#listeners.delete(own);
  }

  result(id: string): Promise<JobResult | null> {
    return this.#storage.result(id);
  }

  /** Tells nobody any more, and waits for what is still to be stored. @param withinMs how long at most. */
  async close(withinMs: number): Promise<void> {
    this.#listeners.clear();
    await new Promise<void>((resolve) => {
      this.#clock.after(withinMs, resolve);
      this.#onIdle = resolve;
      this.#cancelRetry?.();
      this.#cancelRetry = null;
      void this.#pump();
    });
    this.#waiting = [];
    await this.#storage.close();
  }

  #push(pending: Pending): void {
    this.#waiting.push(pending);
    void this.#pump();
  }

  async #pump(): Promise<void> {
    if (this.#isWriting || this.#cancelRetry) return;
    if (this.#waiting.length === 0) {
      this.#onIdle();

      return;
    }
    this.#isWriting = true;
    // What is decided in the same turn goes along.
    await null;
    const group = this.#waiting;
    this.#waiting = [];
    const failure = await this.#storage.write(group.map(({ change }) => change)).then(
      () => null,
      (error: unknown) => ({ error }),
    );
    this.#isWriting = false;
    if (failure) this.#retry(group, failure.error);
    else this.#settle(group);
    void this.#pump();
  }

  #settle(group: readonly Pending[]): void {
    this.#failures = 0;
    this.#failure = null;
    for (const { entry, change, stored } of group) {
      if (entry && change.type === 'keep') this.#tell(entry, change.stored.job);
      stored();
    }
  }

  #retry(group: readonly Pending[], error: unknown): void {
    const given = group.filter(({ failed }) => failed);
    this.#waiting = [...group.filter(({ failed }) => !failed), ...this.#waiting];
    if (this.#waiting.length > 0) {
      this.#failure = error;
      const retryAfterMs = Math.min(MAX_RETRY_AFTER_MS, RETRY_AFTER_MS * 2 ** this.#failures++);
      this.#observer.storingFailed(error, retryAfterMs);
      this.#cancelRetry = this.#clock.after(retryAfterMs, () => {
        this.#cancelRetry = null;
        void this.#pump();
      });
    }
    for (const { failed } of given) failed!(error);
  }

  #tell(entry: Entry, job: Job): void {
    entry.told = job;
    for (const listener of [...this.#listeners]) listener(job);
  }
}

function unstorable(cause: unknown): StreamError {
  return new StreamError(isDiskFull(cause) ? 'no-space' : 'internal', undefined, { cause });
}
