import {
  type DecodeResult,
  type Hypothesis,
  type Recognizer,
  RecognizerError,
  SAMPLE_RATE,
  type SpeechSegment,
} from '../../inference/recognizer.ts';
import type { Batch, Job, Scheduler } from '../../scheduler/scheduler.ts';
import type { Clock } from '../clock.ts';
import { SharedAudio } from './shared-audio.ts';

/** A segment that wants to be decoded. Of the last two one is called, once; they must not throw. */
export interface DecodeRequest {
  /**
   * The audio, cut out of the stream's buffer only when its turn has come.
   * @param lend memory for so many samples, until the batch is answered.
   */
  take(lend: (samples: number) => Float32Array): SpeechSegment;
  succeeded(hypothesis: Hypothesis): void;
  failed(): void;
}

/** A request, and what the scheduler has to know of it. */
export interface DecodeJob {
  /** The stream. */
  readonly flow: string;
  /** The segment within it. */
  readonly key: string;
  readonly priority: 'final' | 'partial';
  readonly samples: number;
  readonly request: DecodeRequest;
}

/** A batch that was decoded. */
export interface BatchReport extends Omit<DecodeResult, 'hypotheses'> {
  /** Chosen for all its segments together. */
  readonly tokens: number;
  /** Of all its segments together. */
  readonly audioMs: number;
  /** One for each segment. */
  readonly queueWaitsMs: readonly number[];
}

/** What the dispatcher tells the metrics. */
export interface DispatchObserver {
  decoded(priority: 'final' | 'partial', batch: BatchReport): void;
  /** A batch, or one segment's part in it, came to nothing. */
  failed(reason: RecognizerError['reason'], error: unknown): void;
}

/**
 * Feeds the recogniser from the scheduler: forms a batch whenever the recogniser can take one, so late, and hands
 * the hypotheses back. Knows no streams.
 */
export class Dispatcher {
  readonly #scheduler: Scheduler<DecodeRequest>;
  readonly #recognizer: Recognizer;
  readonly #clock: Clock;
  readonly #observer: DispatchObserver;
  readonly #memory: SharedAudio;
  #inFlight = 0;
  #pumpQueued = false;

  constructor(
    scheduler: Scheduler<DecodeRequest>,
    recognizer: Recognizer,
    clock: Clock,
    observer: DispatchObserver,
  ) {
    this.#scheduler = scheduler;
    this.#recognizer = recognizer;
    this.#clock = clock;
    this.#observer = observer;
    this.#memory = new SharedAudio(recognizer.capabilities.maxSegmentSamples);
  }

  get queued(): { readonly final: number; readonly partial: number } {
    return this.#scheduler.queued;
  }

  /** Batches being decoded. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Memory kept for audio on its way to threads: at most as many segments as are decoded at once. */
  get sharedAudioBytes(): number {
    return this.#memory.bytes;
  }

  /**
   * Queues a job. A queued one of the same segment that it replaces hears nothing more.
   * @returns whether it was taken.
   */
  submit({ flow, key, priority, samples, request }: DecodeJob): boolean {
    const { accepted } = this.#scheduler.submit({
      flow,
      key,
      priority,
      cost: (samples * 1000) / SAMPLE_RATE,
      batchClass: this.#recognizer.capabilities.batching === 'equal-length' ? samples : 0,
      enqueuedAtMs: this.#clock.now(),
      payload: request,
    });
    this.#pumpSoon();

    return accepted;
  }

  /** Drops a stream's queued jobs, which will hear nothing more. */
  cancel(flow: string): void {
    this.#scheduler.cancel(flow);
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
    while (this.#inFlight < this.#recognizer.capabilities.concurrency) {
      const batch = this.#scheduler.schedule(this.#clock.now());
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
    const startedAt = this.#clock.now();
    const jobs: Job<DecodeRequest>[] = [];
    const segments: SpeechSegment[] = [];
    const lent: Float32Array<SharedArrayBuffer>[] = [];
    const lend = (samples: number) => {
      const memory = this.#memory.lend(samples);
      lent.push(memory);

      return memory;
    };
    for (const job of batch.jobs) {
      try {
        segments.push(job.payload.take(lend));
        jobs.push(job);
      } catch (error) {
        // A stream that cannot give its audio fails alone.
        this.#fail([job], error);
      }
    }
    try {
      if (jobs.length === 0) return;
      const { hypotheses, ...cost } = await this.#recognizer.decode(segments);
      const queueWaitsMs = jobs.map((job) => startedAt - job.enqueuedAtMs);
      const audioMs = jobs.reduce((sum, { cost }) => sum + cost, 0);
      // The end mark is chosen like any token.
      const tokens = hypotheses.reduce((sum, hypothesis) => sum + hypothesis.tokens.length + 1, 0);
      this.#observer.decoded(jobs[0]!.priority, { ...cost, tokens, audioMs, queueWaitsMs });
      for (const [i, { payload }] of jobs.entries()) payload.succeeded(hypotheses[i]!);
    } catch (error) {
      this.#fail(jobs, error);
    } finally {
      for (const memory of lent) this.#memory.takeBack(memory);
      this.#scheduler.complete(batch);
    }
  }

  #fail(jobs: readonly Job<DecodeRequest>[], error: unknown): void {
    this.#observer.failed(error instanceof RecognizerError ? error.reason : 'failed', error);
    for (const { payload } of jobs) payload.failed();
  }
}
