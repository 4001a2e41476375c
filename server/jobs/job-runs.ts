import type { Clock } from '../clock.ts';
import { StreamError } from '../errors.ts';
import { Contents } from './contents.ts';
import { type Job, type JobError, type JobEvent, step } from './job.ts';
import { CLOSING, JobAttempt, STALLED, UNWANTED } from './job-attempt.ts';
import type { Entry, JobLedger } from './job-ledger.ts';
import { afterFailure, toldError } from './job-outcomes.ts';
import type { JobHandler, JobResult, JobRun, QueueRules } from './job-queue.ts';
import { Speedometer } from './speedometer.ts';

/** What runs are made of. */
export interface JobRunsParts {
  readonly ledger: JobLedger;
  readonly clock: Clock;
  readonly rules: QueueRules;
  /** Queued jobs in their order. */
  readonly queued: () => Iterable<Entry>;
  /** A job has begun. */
  readonly onBegun: (entry: Entry) => void;
  /** An attempt came to nothing by an error that has no name. */
  readonly onFault: (error: unknown) => void;
}

/** Runs the jobs of a queue in this process, as many at once as there are slots. */
export class JobRuns {
  readonly #parts: JobRunsParts;
  readonly #attempts = new Map<string, JobAttempt>();
  readonly #contents = new Contents();
  /** What finished jobs have computed: the id of one that has the result. */
  readonly #computed = new Map<string, string>();
  readonly #speedometer: Speedometer;
  #handler: JobHandler | null = null;
  #slots = 0;
  #cancelWake: () => void = () => {};

  constructor(parts: JobRunsParts) {
    this.#parts = parts;
    this.#speedometer = new Speedometer(parts.clock);
    for (const { stored } of parts.ledger.entries)
      if (stored.content !== null && stored.job.state === 'completed')
        this.#computed.set(stored.content, stored.job.id);
  }

  get slots(): number {
    return this.#slots;
  }

  get speed(): number | null {
    return this.#speedometer.speed;
  }

  /** Runs jobs from now on. */
  start(handler: JobHandler, slots: number): void {
    this.#handler = handler;
    this.#slots = slots;
    this.fill();
  }

  /** Begins what may begin now. To be called when something may. */
  fill(): void {
    this.#cancelWake();
    if (!this.#handler) return;
    const nowMs = this.#parts.clock.epochMs();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const entry of this.#parts.queued()) {
      if (this.#busySlots() >= this.#slots) return;
      const { key, notBeforeMs } = entry.stored.job;
      if (notBeforeMs > nowMs) nextMs = Math.min(nextMs, notBeforeMs);
      else if (key === null || this.#running(key) < this.#parts.rules.maxRunningPerKey) this.#begin(entry);
    }
    if (Number.isFinite(nextMs))
      this.#cancelWake = this.#parts.clock.after(nextMs - nowMs, () => this.fill());
  }

  /** Ends a job that has not finished. */
  cancel(entry: Entry): void {
    const { clock } = this.#parts;
    const attempt = this.#attempts.get(entry.stored.job.id);
    void this.#step(entry, { type: 'cancel', atMs: clock.epochMs() });
    if (attempt) this.#end(attempt, UNWANTED());
    this.fill();
  }

  /** A job and its result are gone. */
  forget({ stored: { content, job } }: Entry): void {
    if (content !== null && this.#computed.get(content) === job.id) this.#computed.delete(content);
  }

  /** Begins nothing more, and gives back what runs. */
  stop(): void {
    this.#cancelWake();
    this.#handler = null;
    for (const attempt of [...this.#attempts.values()]) {
      void this.#step(attempt.entry, { type: 'retry', notBeforeMs: 0, error: null, counts: false });
      this.#end(attempt, CLOSING());
    }
  }

  #begin(entry: Entry): void {
    const { clock, rules } = this.#parts;
    const attempt = new JobAttempt(entry, clock, rules.progressTimeoutMs, () => {
      const { code, message } = STALLED();
      this.#failed(attempt, { code, message }, STALLED());
    });
    // Nobody can give a sign of life before that is stored.
    attempt.pause();
    this.#attempts.set(entry.stored.job.id, attempt);
    this.#parts.onBegun(entry);
    this.#speedometer.begun();
    // Whoever runs it is never called before the attempt is counted.
    void this.#step(entry, { type: 'begin', atMs: clock.epochMs() }).then(() => this.#run(attempt));
  }

  async #run(attempt: JobAttempt): Promise<void> {
    const handler = this.#handler;
    if (attempt.isOver || !handler) return;
    attempt.alive();
    try {
      const result = await handler(attempt.entry.stored.job, this.#runOf(attempt));
      if (!attempt.isOver) await this.#completed(attempt, result);
    } catch (error) {
      if (attempt.isOver) return;
      if (!(error instanceof StreamError) || error.code === 'internal') this.#parts.onFault(error);
      this.#failed(attempt, toldError(error), null);
    }
  }

  #runOf(attempt: JobAttempt): JobRun {
    return {
      signal: attempt.signal,
      progress: (settledMs) => {
        if (attempt.isOver) return;
        attempt.alive();
        const { progressMs } = attempt.entry.stored.job;
        if (settledMs <= progressMs) return;
        this.#speedometer.settled(settledMs - progressMs);
        this.#parts.ledger.progressed(attempt.entry, { progressMs: settledMs });
      },
      claim: (content, lengthMs) => {
        if (!attempt.isOver) this.#parts.ledger.progressed(attempt.entry, { lengthMs });

        return this.#claim(attempt, content);
      },
    };
  }

  async #claim(attempt: JobAttempt, content: string): Promise<JobResult | null> {
    const computedBy = this.#computed.get(content);
    const kept = computedBy === undefined ? null : await this.#parts.ledger.result(computedBy);
    attempt.signal.throwIfAborted();
    attempt.isAnswered = kept !== null;
    if (kept) return kept;
    const result = await attempt.whileWanted<JobResult | null>((resolve) => {
      const follower = {
        answer: resolve,
        // At once, so that nobody else is given the slot that is free now, and somebody follows should it end now.
        lead: () => {
          this.#unpark(attempt);
          attempt.leads = content;
          resolve(null);
        },
      };
      if (this.#contents.join(content, follower)) {
        attempt.leads = content;
        resolve(null);
      } else {
        this.#park(attempt);
      }

      return () => this.#contents.leave(content, follower);
    });
    attempt.alive();
    attempt.isAnswered = result !== null;

    return result;
  }

  #park(attempt: JobAttempt): void {
    attempt.isParked = true;
    attempt.pause();
    this.#speedometer.ended();
    this.fill();
  }

  #unpark(attempt: JobAttempt): void {
    attempt.isParked = false;
    this.#speedometer.begun();
  }

  async #completed(attempt: JobAttempt, result: JobResult): Promise<void> {
    const { entry, leads, isAnswered } = attempt;
    const { lengthMs } = result;
    if (!isAnswered) this.#speedometer.settled(Math.max(0, lengthMs - entry.stored.job.progressMs));
    const event = {
      type: 'complete',
      atMs: this.#parts.clock.epochMs(),
      lengthMs,
      shared: isAnswered,
    } as const;
    const content = leads === null ? null : { content: leads };
    attempt.leads = null;
    const stored = this.#step(entry, event, content ?? {}, result);
    this.#end(attempt, null);
    this.fill();
    await stored;
    if (leads === null) return;
    this.#computed.set(leads, entry.stored.job.id);
    this.#contents.settle(leads, result);
  }

  /** @param reason aborts it; null where it has ended by itself. */
  #failed(attempt: JobAttempt, error: JobError, reason: StreamError | null): void {
    const { rules, clock } = this.#parts;
    const { entry } = attempt;
    void this.#step(entry, afterFailure(entry.stored.job, error, rules, clock.epochMs()));
    this.#end(attempt, reason);
    this.fill();
  }

  #end(attempt: JobAttempt, reason: StreamError | null): void {
    this.#attempts.delete(attempt.entry.stored.job.id);
    if (!attempt.isParked) this.#speedometer.ended();
    attempt.end(reason);
    if (attempt.leads !== null) this.#contents.settle(attempt.leads, null);
  }

  #step(
    entry: Entry,
    event: JobEvent,
    fields: { readonly content?: string } = {},
    result: JobResult | null = null,
  ): Promise<void> {
    const job = step(entry.stored.job, event) as Job;

    return this.#parts.ledger.change(entry, { job, ...fields }, result);
  }

  #busySlots(): number {
    let busy = 0;
    for (const { isParked } of this.#attempts.values()) if (!isParked) busy++;

    return busy;
  }

  #running(key: string): number {
    let running = 0;
    for (const { isParked, entry } of this.#attempts.values())
      if (!isParked && entry.stored.job.key === key) running++;

    return running;
  }
}
