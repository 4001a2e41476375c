import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { CaptionTiming } from '../client-sdk/protocol.ts';
import { type RecognizerError, SAMPLE_RATE } from '../inference/recognizer.ts';
import { PRIORITIES } from '../scheduler/ring.ts';
import type { Priority } from '../scheduler/scheduler.ts';
import { LIMIT_NAMES, type LimitName } from './admission/quotas.ts';
import { BookMetrics } from './book-metrics.ts';
import { CaptionMetrics } from './caption-metrics.ts';
import { DeviceMetrics } from './devices/device-metrics.ts';
import { DIALECT_NAMES } from './dialects/dialect-names.ts';
import type { DialectSockets } from './dialects/dialect-sockets.ts';
import { ERRORS, type ErrorCode } from './errors.ts';
import { HistoryMetrics } from './history-metrics.ts';
import { JobMetrics } from './jobs/job-metrics.ts';
import { ModelMetrics } from './model-metrics.ts';
import type { CaptionType } from './net/speaker-services.ts';
import { LADDER_STEPS, type LadderStep } from './overload/ladder.ts';
import type { AudioBooks } from './stream/audio-books.ts';
import type { CaptionSteps } from './stream/caption-stability.ts';
import type { BatchReport, DispatchObserver } from './stream/dispatcher.ts';
import type { VadObserver, VadReport } from './stream/vad-ticker.ts';
import { ThreadMetrics } from './thread-metrics.ts';
import { UploadMetrics } from './upload-metrics.ts';

/** What is read when somebody asks for the metrics, rather than kept up to date. */
export interface MetricsSources {
  streams(): number;
  /** Streams whose connection is lost, and which wait to be taken up again. */
  detachedStreams(): number;
  /** Streams in the waiting room. */
  waitingStreams(): number;
  /** 0 for full service, up to 4. */
  ladderStep(): number;
  viewers(): number;
  meetings(): number;
  /** Audio held that is not final yet, in samples over all streams. */
  bufferedSamples(): number;
  queued(): Readonly<Record<Priority, number>>;
  /** Predicted time of what is queued, in milliseconds of one thread. */
  backlogMs(): number;
  batchesInFlight(): number;
  sharedAudioBytes(): number;
  /** Segments that were in a batch that failed, and have not been decoded since. */
  suspectSegments(): number;
  /** Memory kept for streams that will need more room. */
  spareAudioBytes(): number;
  /** Markers and flushes not yet answered. */
  waitingFences(): number;
  /** Bytes sent that clients have not read. */
  outputBytes(): number;
  /** Messages kept back until slow clients have read more. */
  heldMessages(): number;
  /** Books of the streams that are open now. */
  openBooks(): Iterable<AudioBooks>;
}

/** How often the event loop's delay is sampled. */
const LOOP_RESOLUTION_MS = 10;
const SECONDS_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1, 1.5, 2.5, 5, 10];

/** The server's metrics, for Prometheus. Seconds and totals; no ids, no names, nothing that was said. */
export class Metrics implements VadObserver, Omit<DispatchObserver, 'failed'> {
  readonly #registry = new Registry();
  readonly threads = new ThreadMetrics(this.#registry);
  readonly devices = new DeviceMetrics(this.#registry);
  readonly history = new HistoryMetrics(this.#registry);
  readonly uploads = new UploadMetrics(this.#registry);
  readonly jobs = new JobMetrics(this.#registry);
  readonly models = new ModelMetrics(this.#registry);
  readonly #captions = new CaptionMetrics(this.#registry, SECONDS_BUCKETS);
  readonly #loopDelay: IntervalHistogram = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  readonly #errors = this.#counter('errors_total', 'Errors told to clients.', ['code']);
  readonly #partialsDropped = this.#counter(
    'superseded_partials_total',
    'Partials kept from slow clients, for a newer one, the final, or want of room.',
    [],
  );
  readonly #limitBreaches = this.#counter(
    'limit_breaches_total',
    'Streams and viewers refused or closed at a limit of their key or meeting.',
    ['limit'],
  );
  readonly #decodeFailures = this.#counter(
    'decode_failures_total',
    'Batches, or segments of one, that came to nothing and were decoded again.',
    ['reason'],
  );
  readonly #givenUp = this.#counter('segments_given_up_total', 'Segments that failed twice.', []);
  readonly #costError = this.#histogram(
    'cost_error_ratio',
    'Time a batch took in the recogniser over what the scheduler had predicted.',
    [],
    [0.25, 0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 4],
  );
  readonly #inference = this.#histogram('inference_seconds', 'Time of one batch in the recogniser.', [
    'type',
  ]);
  readonly #batchSize = new Histogram({
    name: 'roundtable_batch_segments',
    help: 'Segments in a batch.',
    buckets: [1, 2, 4, 8, 16, 32],
    registers: [this.#registry],
  });
  readonly #decodedAudio = this.#counter('decoded_audio_seconds_total', 'Audio handed to the recogniser.', [
    'type',
  ]);
  readonly #passes = this.#counter(
    'decoder_passes_total',
    'Passes through the decoder, each for a whole batch, without those that weigh one doubtful token again.',
    ['type'],
  );
  readonly #tokens = this.#counter('decoded_tokens_total', 'Tokens of hypotheses, end marks among them.', [
    'type',
  ]);
  readonly #draftTokens = this.#counter(
    'draft_tokens_total',
    'Tokens of earlier hypotheses that were tried first, by whether the model agreed.',
    ['type', 'fate'],
  );
  readonly #ladderSteps = this.#counter('ladder_steps_total', 'Steps of the ladder taken, by where to.', [
    'to',
  ]);
  readonly #waited = this.#histogram(
    'waiting_room_seconds',
    'Time that streams waited which were let in then.',
    [],
    [0.5, 1, 2, 5, 10, 20, 40, 60, 120, 300, 600, 1800],
  );
  readonly #vadWindows = this.#counter('vad_windows_total', 'Windows of 32 ms, by who judged them.', ['by']);
  readonly #vadBatch = this.#histogram(
    'vad_batch_seconds',
    'Time of one voice-activity batch, there and back.',
    [],
  );
  readonly #books: BookMetrics;

  constructor(sources: MetricsSources) {
    collectDefaultMetrics({ register: this.#registry });
    this.#loopDelay.enable();
    this.#gauge('streams', 'Speakers connected, and streams that wait to be taken up again.', () =>
      sources.streams(),
    );
    this.#gauge(
      'detached_streams',
      'Streams whose connection is lost, and which may be taken up again.',
      () => sources.detachedStreams(),
    );
    this.#gauge('waiting_streams', 'Streams in the waiting room.', () => sources.waitingStreams());
    this.#gauge(
      'ladder_step',
      `What the load has led to: ${LADDER_STEPS.map((step, i) => `${i} ${step}`).join(', ')}.`,
      () => sources.ladderStep(),
    );
    this.#gauge('viewers', 'Viewers connected.', () => sources.viewers());
    this.#gauge('meetings', 'Meetings with a speaker or a viewer.', () => sources.meetings());
    this.#gauge(
      'buffered_audio_seconds',
      'Audio held that is not final yet.',
      () => sources.bufferedSamples() / SAMPLE_RATE,
    );
    this.#gauge('waiting_fences', 'Markers and flushes not yet answered.', () => sources.waitingFences());
    this.#gauge('output_buffered_bytes', 'Captions sent that clients have not read.', () =>
      sources.outputBytes(),
    );
    this.#gauge('held_messages', 'Messages kept back until slow clients have read more.', () =>
      sources.heldMessages(),
    );
    this.#gauge(
      'backlog_seconds',
      'Predicted time of what is queued, in seconds of one thread.',
      () => sources.backlogMs() / 1000,
    );
    this.#gauge('batches_in_flight', 'Batches in the recogniser.', () => sources.batchesInFlight());
    this.#gauge('shared_audio_bytes', 'Memory kept for audio on its way to threads.', () =>
      sources.sharedAudioBytes(),
    );
    this.#gauge('spare_audio_bytes', 'Memory kept for streams that will need more room.', () =>
      sources.spareAudioBytes(),
    );
    this.#gauge(
      'suspect_segments',
      'Segments that were in a batch that failed, and have not been decoded since.',
      () => sources.suspectSegments(),
    );
    this.#queuedGauge(sources);
    this.#loopDelayGauge();
    this.#books = new BookMetrics(this.#registry, () => sources.openBooks());
    // A series that is not there yet has no rate: the first of its kind would never be seen to come.
    for (const type of PRIORITIES) this.#decodedAudio.inc({ type }, 0);
    for (const to of LADDER_STEPS) this.#ladderSteps.inc({ to }, 0);
    for (const code of Object.keys(ERRORS)) this.#errors.inc({ code }, 0);
    for (const limit of LIMIT_NAMES) this.#limitBreaches.inc({ limit }, 0);
  }

  /** Clients of other dialects, and what waits for them. */
  watchDialects(sockets: DialectSockets): void {
    new Gauge({
      name: 'roundtable_dialect_clients',
      help: 'Clients connected that speak a dialect of another service.',
      labelNames: ['dialect'],
      registers: [this.#registry],
      collect() {
        for (const dialect of DIALECT_NAMES) this.set({ dialect }, sockets.connected(dialect));
      },
    });
    this.#gauge('dialect_backlog_bytes', 'Audio of such clients that waits for room in its stream.', () =>
      sockets.backlogBytes(),
    );
  }

  /** In Prometheus' text format. */
  async render(): Promise<{ readonly contentType: string; readonly body: string }> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }

  /** @param timing null where the caption is lost. */
  caption(type: CaptionType, timing: CaptionTiming | null): void {
    this.#captions.caption(type, timing);
  }

  captionSteps(steps: CaptionSteps): void {
    this.#captions.steps(steps);
  }

  ladderStep(to: LadderStep): void {
    this.#ladderSteps.inc({ to });
  }

  /** A stream that waited was let in. */
  admitted(waitedMs: number): void {
    this.#waited.observe(waitedMs / 1000);
  }

  error(code: ErrorCode): void {
    this.#errors.inc({ code });
  }

  /** A partial did not reach a slow client. */
  partialDropped(): void {
    this.#partialsDropped.inc();
  }

  limitBreached(limit: LimitName): void {
    this.#limitBreaches.inc({ limit });
  }

  decodeFailed(reason: RecognizerError['reason']): void {
    this.#decodeFailures.inc({ reason });
  }

  gaveUp(): void {
    this.#givenUp.inc();
  }

  /** Adds a closed stream's books. */
  streamClosed(books: AudioBooks): void {
    this.#books.streamClosed(books);
  }

  decoded(type: Priority, report: BatchReport): void {
    this.models.decoded(report);
    const { inferenceMs, audioMs, segments, passes, tokens, guessedTokens, acceptedTokens } = report;
    this.#costError.observe(inferenceMs / report.predictedMs);
    this.#tokens.inc({ type }, tokens);
    this.#passes.inc({ type }, passes);
    this.#draftTokens.inc({ type, fate: 'accepted' }, acceptedTokens);
    this.#draftTokens.inc({ type, fate: 'rejected' }, guessedTokens - acceptedTokens);
    this.#inference.observe({ type }, inferenceMs / 1000);
    this.#decodedAudio.inc({ type }, audioMs / 1000);
    this.#batchSize.observe(segments);
  }

  detected({ windows, durationMs }: VadReport): void {
    this.#vadWindows.inc({ by: 'model' }, windows);
    this.#vadBatch.observe(durationMs / 1000);
  }

  gated(windows: number): void {
    this.#vadWindows.inc({ by: 'energy-gate' }, windows);
  }

  close(): void {
    this.#loopDelay.disable();
    this.#registry.clear();
  }

  #queuedGauge(sources: MetricsSources): void {
    new Gauge({
      name: 'roundtable_queued_segments',
      help: 'Segments waiting for a thread.',
      labelNames: ['type'],
      registers: [this.#registry],
      collect() {
        for (const [type, segments] of Object.entries(sources.queued())) this.set({ type }, segments);
      },
    });
  }

  /** Delay beyond the sampling interval itself, since the last time the metrics were read. */
  #loopDelayGauge(): void {
    const delay = this.#loopDelay;
    new Gauge({
      name: 'roundtable_event_loop_delay_seconds',
      help: 'How late the socket thread came to its timers since the last scrape.',
      labelNames: ['quantile'],
      registers: [this.#registry],
      collect() {
        const beyond = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - LOOP_RESOLUTION_MS / 1e3);
        this.set({ quantile: '0.5' }, beyond(delay.percentile(50)));
        this.set({ quantile: '0.99' }, beyond(delay.percentile(99)));
        this.set({ quantile: '1' }, beyond(delay.max));
        delay.reset();
      },
    });
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name: `roundtable_${name}`,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }

  #counter(name: string, help: string, labelNames: string[]): Counter {
    return new Counter({ name: `roundtable_${name}`, help, labelNames, registers: [this.#registry] });
  }

  #histogram(name: string, help: string, labelNames: string[], buckets = SECONDS_BUCKETS): Histogram {
    return new Histogram({
      name: `roundtable_${name}`,
      help,
      labelNames,
      buckets,
      registers: [this.#registry],
    });
  }
}
