import type { Clock } from '../../clock.ts';
import { StreamError } from '../../errors.ts';
import type { Job } from '../job.ts';
import { CLOSING, JobAttempt, STALLED, UNWANTED } from '../job-attempt.ts';
import { afterInterruption } from '../job-outcomes.ts';
import type { JobHandler, JobRun, QueueRules } from '../job-queue.ts';
import { isFinished } from '../job-states.ts';
import { Speedometer } from '../speedometer.ts';
import { ContentClaims } from './content-claims.ts';
import { HandOutLoop } from './hand-out-loop.ts';
import type { HandOut, HandOutEnd, HandOuts } from './hand-outs.ts';
import type { Changed, Told } from './job-record.ts';
import type { JobRecords } from './job-records.ts';
import { type Attempt, ended, eventOf, type Outcome, stepped } from './node-attempt.ts';
import { Slots } from './slots.ts';

/** What a node's runs are made of. */
export interface NodeRunsParts {
  readonly records: JobRecords;
  readonly handOuts: HandOuts;
  readonly clock: Clock;
  readonly rules: QueueRules;
  /** Of this node; no slash in it. */
  readonly node: string;
  readonly leaseMs: number;
  /** Whether a node that says nothing is gone, and not only late, as all are after an outage of Redis. */
  readonly canTellWhoIsGone: () => boolean;
  /** An attempt came to nothing by an error that has no name. */
  readonly onFault: (error: unknown) => void;
  /** What has to be stored could not be, and is tried again. */
  readonly onUnstored: (error: unknown, retryAfterMs: number) => void;
  /** A connection failed. */
  readonly onError: (error: Error) => void;
}

/** A job whose key has no slot is given one when one is free; should nobody tell, it asks so much later. */
const HELD_MS = 60_000;
/** Between two tellings of how far an attempt has come. */
const TELL_EVERY_MS = 500;
/** Until what could not be stored is tried again. */
const RETRY_AFTER_MS = 1000;
/** For what is still to be stored when the node stops. */
const CLOSE_WITHIN_MS = 5000;

/** Runs jobs on this node, as many at once as it has slots. */
export class NodeRuns {
  readonly #parts: NodeRunsParts;
  readonly #attempts = new Map<string, Attempt>();
  readonly #speedometer: Speedometer;
  readonly #claims: ContentClaims;
  #handler: JobHandler | null = null;
  #slots = new Slots(0);
  #loop: HandOutLoop | null = null;
  #runs = 0;
  /** Those that are about to begin, under way, or about to be concluded. */
  readonly #known = new Set<string>();
  /** Nothing is tried again any more. */
  #isOver = false;

  constructor(parts: NodeRunsParts) {
    this.#parts = parts;
    this.#speedometer = new Speedometer(parts.clock);
    this.#claims = new ContentClaims({
      ...{ records: parts.records, clock: parts.clock, speedometer: this.#speedometer },
      slots: () => this.#slots,
      release: (id) => this.release(id),
    });
  }

  get slots(): number {
    return this.#slots.size;
  }

  get speed(): number | null {
    return this.#speedometer.speed;
  }

  /** Runs jobs from now on. */
  start(handler: JobHandler, slots: number): void {
    const { handOuts, clock, onError } = this.#parts;
    this.#handler = handler;
    this.#slots = new Slots(slots);
    this.#loop = new HandOutLoop({
      ...{ handOuts, clock, onError, slots: this.#slots },
      process: (handOut) => this.#process(handOut),
    });
  }

  /** There may be something to take. */
  wake(): void {
    this.#loop?.wake();
  }

  /** A record has changed, here or elsewhere. */
  heard({ version, job, run }: Told): void {
    const attempt = this.#attempts.get(job.id);
    // What was told before it began may be heard after that.
    const isNews = attempt && version > attempt.entry.version;
    if (isNews && (job.state !== 'running' || run !== attempt.entry.run)) attempt.end(UNWANTED());
    if (job.state !== 'running') this.#claims.ended();
  }

  /** Looks at the records of all that runs here, in case a change was missed. */
  async recheck(): Promise<void> {
    for (const { entry } of [...this.#attempts.values()]) {
      const record = await this.#parts.records.read(entry.job.id);
      if (record) this.heard(record);
    }
  }

  /** Queues a job again whose node is gone; nothing happens where that is not certain, or the job has gone on. */
  async interrupted(id: string): Promise<void> {
    const { records, rules, clock } = this.#parts;
    const record = await records.read(id);
    if (record?.job.state !== 'running' || !(await this.#isGone(record.run))) return;
    const nowMs = clock.epochMs();
    await this.#changed(
      await records.change(id, nowMs, ({ job, run }) =>
        run === record.run ? stepped(job, afterInterruption(job, rules, nowMs)) : null,
      ),
    );
  }

  /** Gives a job back that this node has begun without having heard that it did. */
  async reclaim(id: string): Promise<void> {
    const { records, clock, node } = this.#parts;
    await this.#changed(
      await records.change(id, clock.epochMs(), ({ job, run }) =>
        run.startsWith(`${node}/`) && !this.#known.has(run)
          ? stepped(job, { type: 'retry', notBeforeMs: 0, error: null, counts: false })
          : null,
      ),
    );
  }

  /** Has a job given out whose key has a slot now. */
  async release(id: string | null): Promise<void> {
    if (id === null) return;
    // It asks by itself, later, where this does not work.
    await this.#parts.handOuts.promote(id).catch(this.#parts.onError);
    this.wake();
  }

  /** Begins nothing more, and gives back what runs. */
  async close(): Promise<void> {
    const { clock } = this.#parts;
    for (const attempt of [...this.#attempts.values()]) attempt.end(CLOSING());
    this.#claims.ended();
    const cancel = clock.after(CLOSE_WITHIN_MS, () => {
      this.#isOver = true;
    });
    await this.#loop?.close();
    cancel();
    this.#handler = null;
  }

  async #process(handOut: HandOut): Promise<HandOutEnd> {
    let attempt: Attempt | null = null;
    try {
      const begun = await this.#begin(handOut.id);
      if (!(begun instanceof JobAttempt)) return begun;
      attempt = begun;
      const outcome = await this.#outcome(attempt);

      return await this.#conclude(attempt, outcome);
    } catch (error) {
      // Only where Redis is away: the lease ends, and it is given out again.
      this.#parts.onError(error as Error);

      return { type: 'later', atMs: this.#parts.clock.epochMs() + this.#parts.leaseMs };
    } finally {
      if (attempt) this.#known.delete(attempt.entry.run);
      if (!attempt?.isParked) this.#slots.give();
    }
  }

  /** @returns the attempt, or what becomes of the hand-out where there is none to be made now. */
  async #begin(id: string): Promise<Attempt | HandOutEnd> {
    const { records, clock, leaseMs } = this.#parts;
    for (;;) {
      const record = await records.read(id);
      const nowMs = clock.epochMs();
      if (!record || isFinished(record.job.state)) return ended(record);
      if (record.job.state === 'running') {
        // Given out again because Redis or its node was away for a while.
        if (!(await this.#isGone(record.run))) return { type: 'later', atMs: nowMs + leaseMs };
        await this.interrupted(id);
        continue;
      }
      if (record.job.notBeforeMs > nowMs) return { type: 'later', atMs: record.job.notBeforeMs };
      const begun = await this.#tryToBegin(id, nowMs);
      if (begun) return begun;
    }
  }

  /** Whether the node of a run certainly lives no more. */
  async #isGone(run: string): Promise<boolean> {
    return this.#parts.canTellWhoIsGone() && !(await this.#parts.records.isAlive(run));
  }

  /** @returns null where somebody else was faster. */
  async #tryToBegin(id: string, nowMs: number): Promise<Attempt | HandOutEnd | null> {
    const { records, clock, rules, node } = this.#parts;
    const run = `${node}/${this.#runs++}`;
    this.#known.add(run);
    let attempt: Attempt | null = null;
    try {
      const changed = await records.change(id, nowMs, ({ job }) =>
        job.state === 'queued' && job.notBeforeMs <= nowMs
          ? { ...stepped(job, { type: 'begin', atMs: nowMs })!, run }
          : null,
      );
      if (changed.type === 'held') return this.#hold(id, nowMs);
      if (changed.type !== 'changed') return null;
      const { job, version } = changed.record;
      const subject = { job, run, version, isTold: false, hasNews: false };
      const stalled = () => attempt?.end(STALLED());
      attempt = new JobAttempt(subject, clock, rules.progressTimeoutMs, stalled);
      this.#attempts.set(id, attempt);
      this.#speedometer.begun();

      return attempt;
    } finally {
      // Should it have begun without this node hearing of it, it is reclaimed.
      if (!attempt) this.#known.delete(run);
    }
  }

  /** A slot may have become free before the hand-out is put aside. */
  #hold(id: string, nowMs: number): HandOutEnd {
    const { records, clock, onError } = this.#parts;
    clock.after(TELL_EVERY_MS, () => {
      records.isHeld(id).then((isHeld) => (isHeld ? undefined : this.release(id)), onError);
    });

    return { type: 'later', atMs: nowMs + HELD_MS };
  }

  async #outcome(attempt: Attempt): Promise<Outcome> {
    const handler = this.#handler!;
    const { signal } = attempt;
    const aborted = new Promise<Outcome>((resolve) => {
      const abort = () => resolve({ type: 'aborted', reason: signal.reason as StreamError });
      if (signal.aborted) abort();
      else signal.addEventListener('abort', abort, { once: true });
    });
    const worked = signal.aborted
      ? aborted
      : handler(attempt.entry.job, this.#runOf(attempt)).then(
          (result): Outcome => ({ type: 'result', result }),
          (error: unknown): Outcome => ({ type: 'error', error }),
        );
    const outcome = await Promise.race([aborted, worked]);
    this.#attempts.delete(attempt.entry.job.id);
    if (outcome.type === 'result' && !attempt.isAnswered)
      this.#speedometer.settled(Math.max(0, outcome.result.lengthMs - attempt.entry.job.progressMs));
    if (!attempt.isParked) this.#speedometer.ended();
    attempt.end(null);

    return outcome;
  }

  /** Stores what an attempt came to, unless it counts for nothing any more. */
  async #conclude(attempt: Attempt, outcome: Outcome): Promise<HandOutEnd> {
    const { records, clock } = this.#parts;
    const { job, run } = attempt.entry;
    if (outcome.type === 'error') {
      const { error } = outcome;
      if (!(error instanceof StreamError) || error.code === 'internal') this.#parts.onFault(error);
    }
    const event = eventOf(outcome, attempt.isAnswered, this.#parts.rules, clock.epochMs());
    const result = outcome.type === 'result' ? { result: outcome.result } : {};
    const changed = await this.#persist(() =>
      records.change(job.id, clock.epochMs(), (record) => {
        if (record.run !== run || event === null) return null;
        const change = stepped(record.job, event(record.job));

        return change && { ...change, ...result };
      }),
    );
    await this.#changed(changed);

    return ended(changed.type === 'held' ? null : changed.record);
  }

  #runOf(attempt: Attempt): JobRun {
    return {
      signal: attempt.signal,
      progress: (settledMs) => {
        if (attempt.isOver) return;
        attempt.alive();
        const { progressMs } = attempt.entry.job;
        if (settledMs <= progressMs) return;
        this.#speedometer.settled(settledMs - progressMs);
        this.#tell(attempt, { progressMs: settledMs });
      },
      claim: async (content, lengthMs) => {
        if (!attempt.isOver) this.#tell(attempt, { lengthMs });
        const result = await this.#claims.claim(attempt, content);
        attempt.signal.throwIfAborted();
        attempt.isAnswered = result !== null;
        attempt.alive();

        return result;
      },
    };
  }

  /** Tells of an attempt, not too often; what comes meanwhile is told next. */
  #tell(attempt: Attempt, fields: Partial<Pick<Job, 'progressMs' | 'lengthMs'>>): void {
    const { entry } = attempt;
    entry.job = { ...entry.job, ...fields };
    entry.hasNews = true;
    if (entry.isTold) return;
    const { records, clock } = this.#parts;
    entry.isTold = true;
    entry.hasNews = false;
    // It is told next time where it cannot be now.
    records.progress(entry.job, entry.run).then(
      (counts) => {
        if (!counts) attempt.end(UNWANTED());
      },
      () => {},
    );
    clock.after(TELL_EVERY_MS, () => {
      entry.isTold = false;
      if (entry.hasNews && !attempt.isOver) this.#tell(attempt, {});
    });
  }

  async #changed(changed: Changed): Promise<void> {
    if (changed.type === 'changed') await this.release(changed.released);
  }

  /** Tries again for as long as it takes: what was computed is not lost because Redis is away. */
  async #persist<T>(store: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        return await store();
      } catch (error) {
        if (this.#isOver) throw error;
        if (tries === 0) this.#parts.onUnstored(error, RETRY_AFTER_MS);
        await new Promise<void>((resolve) => this.#parts.clock.after(RETRY_AFTER_MS, resolve));
      }
    }
  }
}
