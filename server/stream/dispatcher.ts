import {
  type DecodeResult,
  type Hypothesis,
  RecognizerError,
  type SpeechSegment,
} from '../../inference/recognizer.ts';
import type { RecognizerPool } from '../../inference/recognizer-pool.ts';
import type { Batch, Job, Priority, Scheduler, Work } from '../../scheduler/scheduler.ts';
import type { Clock } from '../clock.ts';
import { isFinal, type Retriable, Retries } from './retries.ts';
import { Loan, SharedAudio } from './shared-audio.ts';

/** Where a decoded segment's time went, in milliseconds. */
export interface DecodeTiming {
  /** From being queued to its turn. */
  readonly queueWaitMs: number;
  /** In its batch, but not in the model. */
  readonly batchWaitMs: number;
  /** In the model, with the rest of its batch. */
  readonly inferenceMs: number;
}

/** A segment that wants to be decoded. Of `succeeded` and `failed` one is called, once; neither may throw. */
export interface DecodeRequest extends Retriable {
  /** Audio there is to decode now, and how much of it no earlier hypothesis covers, in milliseconds. */
  work(): Work;
  /**
   * The audio, cut out of the stream's buffer only when its turn has come; again when the thread it went to died.
   * @param lend memory for so many samples, until the batch is answered.
   */
  take(lend: (samples: number) => Float32Array): SpeechSegment;
  succeeded(hypothesis: Hypothesis, timing: DecodeTiming): void;
}

/** A request, and what the scheduler has to know of it. */
export interface DecodeJob
  extends Pick<Job<DecodeRequest>, 'group' | 'flow' | 'key' | 'priority' | 'weight' | 'dueAtMs'> {
  /** The model that hears it, by its number in the pool. */
  readonly model: number;
  /** Its length where that is fixed; null where it still grows. */
  readonly samples: number | null;
  readonly request: DecodeRequest;
}

/** A batch that was decoded. */
export interface BatchReport extends Omit<DecodeResult, 'hypotheses'> {
  /** The model's number. */
  readonly model: number;
  /** Chosen for all its segments together. */
  readonly tokens: number;
  /** Of all its segments together. */
  readonly audioMs: number;
  /** What the scheduler thought it would take a thread, and what it took. */
  readonly predictedMs: number;
  readonly tookMs: number;
  readonly segments: number;
}

/** What the dispatcher tells the metrics. */
export interface DispatchObserver {
  /** @param priority of the most urgent segment. */
  decoded(priority: Priority, batch: BatchReport): void;
  /** A batch came to nothing; its segments are decoded again. */
  failed(reason: RecognizerError['reason'], error: unknown): void;
  /** A segment was given up: it failed twice, the second time by itself. */
  gaveUp(): void;
}

/** How long a batch may take. */
export interface DispatcherOptions {
  /** Least time before a batch is taken for hung. */
  readonly hangTimeoutMs: number;
}

/** A batch hangs when it takes so many times what was predicted, and the least time besides. */
const HANG_FACTOR = 20;

/**
 * Feeds the recognisers from the scheduler, whose kinds of jobs are their models: forms a batch whenever a thread can take
 * one, so late, and hands the hypotheses back. Knows no streams.
 *
 * When a batch fails, each of its segments is decoded again by itself (see `Retries`).
 */
export class Dispatcher {
  readonly #scheduler: Scheduler<DecodeRequest>;
  readonly #recognizers: RecognizerPool;
  readonly #clock: Clock;
  readonly #observer: DispatchObserver;
  readonly #options: DispatcherOptions;
  readonly #memory: SharedAudio;
  readonly #retries: Retries<DecodeRequest>;
  /** Jobs being decoded whose streams have not been cancelled. */
  readonly #running = new Set<Job<DecodeRequest>>();
  readonly #busyMs: Record<Priority, number> = { final: 0, candidate: 0, partial: 0, background: 0 };
  #inFlight = 0;
  #pumpQueued = false;
  /** Set while the recognisers have refused a batch and have not said that they are idle since. */
  #unavailable = false;
  /** Gives each job of unknown length a class of its own, where only equal lengths batch. */
  #growing = 0;

  constructor(
    scheduler: Scheduler<DecodeRequest>,
    recognizers: RecognizerPool,
    clock: Clock,
    options: DispatcherOptions,
    observer: DispatchObserver,
  ) {
    this.#scheduler = scheduler;
    this.#retries = new Retries(scheduler);
    this.#recognizers = recognizers;
    this.#clock = clock;
    this.#options = options;
    this.#observer = observer;
    this.#memory = new SharedAudio(
      Math.max(...recognizers.models.map(({ maxSegmentSamples }) => maxSegmentSamples)),
    );
    // Later: a thread is idle a moment before the batch it had is answered and its streams may have another.
    recognizers.onIdle(() =>
      setImmediate(() => {
        this.#unavailable = false;
        this.#pump();
      }),
    );
  }

  get queued(): Readonly<Record<Priority, number>> {
    return this.#scheduler.queued;
  }

  /** Predicted time of what is queued, in milliseconds of one thread, by where threads run now. */
  get backlogMs(): { readonly final: number; readonly total: number } {
    return this.#scheduler.backlogMs(this.#recognizers.threadsBySort);
  }

  /** Time that batches have taken so far, in milliseconds of one thread, shared out by the length of their segments. */
  get busyMs(): Readonly<Record<Priority, number>> {
    return this.#busyMs;
  }

  get threads(): number {
    return this.#recognizers.concurrency;
  }

  /** Batches being decoded. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Segments that were in a batch that failed, and have not been decoded since. */
  get suspects(): number {
    return this.#retries.suspects;
  }

  /** Memory kept for audio on its way to threads: at most as many segments as are decoded at once. */
  get sharedAudioBytes(): number {
    return this.#memory.bytes;
  }

  /**
   * Queues a job. A queued one of the same segment that it replaces hears nothing more.
   * @returns whether it was taken: not beyond the stream's bound, nor when the segment has been given up.
   */
  submit({ model, samples, request, ...job }: DecodeJob): boolean {
    const { flow, key } = job;
    const retries = this.#retries;
    if (retries.refuses(flow, key, isFinal(job.priority))) return false;
    const { accepted } = this.#scheduler.submit({
      ...job,
      kind: model,
      batchClass: this.#batchClass(model, samples),
      get alone() {
        return retries.isSuspect(flow, key);
      },
      enqueuedAtMs: this.#clock.now(),
      work: () => this.#workOf(model, request),
      payload: request,
    });
    this.#pumpSoon();

    return accepted;
  }

  /** Drops a stream's queued jobs, which will hear nothing more. What runs of it is not tried again. */
  cancel(flow: string): void {
    this.#scheduler.cancel(flow);
    for (const job of this.#running) if (job.flow === flow) this.#running.delete(job);
    this.#retries.forget(flow);
  }

  /** Without drafts, all of the audio is new to the model. */
  #workOf(model: number, request: DecodeRequest): Work {
    const work = request.work();

    return this.#recognizers.models[model]!.drafts ? work : { ...work, fresh: work.size };
  }

  #batchClass(model: number, samples: number | null): number {
    if (this.#recognizers.models[model]!.batching === 'any') return 0;

    return samples ?? --this.#growing;
  }

  /** After the events of this turn: what one batch of windows sets free may then share a batch. */
  #pumpSoon(): void {
    if (this.#pumpQueued) return;
    this.#pumpQueued = true;
    queueMicrotask(() => {
      this.#pumpQueued = false;
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#recognizers.idle > 0 && !this.#unavailable) {
      const { idle } = this.#recognizers;
      const sortOf = (model: number) => this.#recognizers.nextSort(model);
      const batch = this.#scheduler.schedule(this.#clock.now(), idle, sortOf);
      if (!batch) return;
      this.#inFlight++;
      void this.#run(batch).finally(() => {
        this.#inFlight--;
        this.#pump();
      });
    }
  }

  /** Never rejects: a batch that fails tells its requests. */
  async #run(batch: Batch<DecodeRequest>): Promise<void> {
    const startedAtMs = this.#clock.now();
    const jobs: Job<DecodeRequest>[] = [];
    const segments: SpeechSegment[] = [];
    const loan = new Loan(this.#memory);
    const works: Work[] = [];
    for (const [i, job] of batch.jobs.entries()) {
      // Accepted while an older version was tried for the last time.
      if (this.#retries.refuses(job.flow, job.key, job.payload.isFinal())) {
        job.payload.failed();
        continue;
      }
      try {
        segments.push(job.payload.take((samples) => loan.lend(samples)));
        jobs.push(job);
        works.push(batch.works[i]!);
        this.#running.add(job);
      } catch (error) {
        // A stream that cannot give its audio fails alone.
        this.#observer.failed('failed', error);
        job.payload.failed();
      }
    }
    if (jobs.length === 0) {
      loan.end(false);
      this.#scheduler.complete(batch, null);
      return;
    }
    let hung = false;
    // A GPU that fails in the middle of it leaves it to the processor.
    const deadlineMs = Math.max(this.#options.hangTimeoutMs, HANG_FACTOR * batch.slowestMs);
    try {
      const result = await this.#recognizers.decode(batch.kind, segments, deadlineMs);
      this.#scheduler.complete(batch, jobs.length === batch.jobs.length ? result.inferenceMs : null);
      this.#answer({ ...batch, jobs, works }, result, startedAtMs);
    } catch (error) {
      hung = reasonOf(error) === 'hung';
      this.#scheduler.complete(batch, null);
      this.#failed(jobs, error);
    } finally {
      for (const job of jobs) this.#running.delete(job);
      loan.end(hung);
    }
  }

  #answer(
    { kind, jobs, works, costMs }: Batch<DecodeRequest>,
    { hypotheses, ...cost }: DecodeResult,
    startedAtMs: number,
  ): void {
    const { inferenceMs } = cost;
    const tookMs = this.#clock.now() - startedAtMs;
    // The end mark is chosen like any token.
    const tokens = hypotheses.reduce((sum, hypothesis) => sum + hypothesis.tokens.length + 1, 0);
    const audioMs = works.reduce((sum, { size }) => sum + size, 0);
    for (const [i, { priority }] of jobs.entries()) {
      this.#busyMs[priority] += (tookMs * works[i]!.size) / Math.max(1, audioMs);
    }
    const counts = { tokens, audioMs, segments: jobs.length };
    const report = { ...cost, ...counts, model: kind, predictedMs: costMs, tookMs };
    this.#observer.decoded(jobs[0]!.priority, report);
    for (const [i, { flow, key, payload, enqueuedAtMs }] of jobs.entries()) {
      this.#retries.decoded(flow, key);
      const queueWaitMs = startedAtMs - enqueuedAtMs;
      const batchWaitMs = Math.max(0, tookMs - inferenceMs);
      payload.succeeded(hypotheses[i]!, { queueWaitMs, batchWaitMs, inferenceMs });
    }
  }

  #failed(jobs: readonly Job<DecodeRequest>[], error: unknown): void {
    const reason = reasonOf(error);
    this.#observer.failed(reason, error);
    // What is queued stays there until the recognisers say that they have a thread again.
    if (reason === 'unavailable') this.#unavailable = true;
    for (const job of jobs) {
      if (!this.#running.has(job)) job.payload.failed();
      else if (!this.#retries.retry(job, reason, jobs.length === 1)) this.#observer.gaveUp();
    }
    this.#pumpSoon();
  }
}

function reasonOf(error: unknown): RecognizerError['reason'] {
  return error instanceof RecognizerError ? error.reason : 'failed';
}
