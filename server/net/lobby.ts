import type { CaptionTiming, ServiceMessage, ViewerServerMessage } from '../../client-sdk/protocol.ts';
import type { Priority } from '../../scheduler/scheduler.ts';
import type { Caller } from '../admission/api-keys.ts';
import { Quotas } from '../admission/quotas.ts';
import { AudioBuffer } from '../audio/audio-buffer.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/options.ts';
import { type ErrorCode, StreamError } from '../errors.ts';
import { NOTHING_KEPT } from '../history/nothing-kept.ts';
import type { Recorder } from '../history/records.ts';
import type { TranscriptSource } from '../history/transcript-source.ts';
import type { Logger } from '../log.ts';
import { Meetings } from '../meeting/meetings.ts';
import type { Metrics, MetricsSources } from '../metrics.ts';
import type { ModelIdentity, ServedModels } from '../models/served-models.ts';
import { FrontDoor } from '../overload/front-door.ts';
import { LADDER_STEPS } from '../overload/ladder.ts';
import type { BusyShare } from '../overload/load.ts';
import { LoadSampler } from '../overload/load-sampler.ts';
import type { Participant } from '../session/participant.ts';
import type { AudioBooks } from '../stream/audio-books.ts';
import type { CaptionSteps } from '../stream/caption-stability.ts';
import type { Dispatcher } from '../stream/dispatcher.ts';
import type { VadTicker } from '../stream/vad-ticker.ts';
import { MaskList } from '../text/mask-list.ts';
import { unchanging, Vocabularies, type Vocabulary } from '../text/vocabularies.ts';
import type { Connection } from './connection.ts';
import type { Session, Sessions } from './listener.ts';
import { SharedAsking } from './shared-asking.ts';
import type { CaptionType, SpeakerObserver } from './speaker-services.ts';
import { SpeakerSession } from './speaker-session.ts';
import type { OutputObserver } from './uws-connection.ts';
import { readViewerRequest, type ViewerRequest } from './viewer-request.ts';
import { type ViewerObserver, ViewerSession } from './viewer-session.ts';

/** What streams need, there once the models are loaded. */
export interface Services {
  readonly dispatcher: Dispatcher;
  readonly ticker: VadTicker;
  readonly recognizers: ServedModels;
  readonly vad: ModelIdentity;
  /** What nobody is to read; nothing when left out. */
  readonly mask?: MaskList;
  readonly recorder: Recorder;
  readonly transcripts: TranscriptSource;
}

/** What a speaker's connection is, where it is no client's. */
export interface SpeakerTerms {
  /** False when nobody would take the stream up again: it ends with its connection. */
  readonly resumable?: boolean;
  /** False when what is said is not to go into the history: it is kept elsewhere. */
  readonly isKept?: boolean;
  /** In place of its meeting's, which may change meanwhile. */
  readonly vocabulary?: Vocabulary;
}

const NO_MASK = MaskList.of([]);

/** Of what may be held for a client that reads slowly: the rest is for what is said next. */
const HISTORY_SHARE = 1 / 2;

/**
 * Where connections become sessions: lets them in or refuses them, knows all that are there, and sees them out when
 * the server stops.
 */
export class Lobby implements Sessions, MetricsSources, SpeakerObserver, ViewerObserver, OutputObserver {
  readonly #config: Config;
  readonly #clock: Clock;
  readonly #meetings = new Meetings();
  readonly #quotas: Quotas;
  /** The vocabularies of meetings. */
  readonly vocabularies: Vocabularies;
  readonly #sessions = new Set<SpeakerSession>();
  /** By the hash of the resume token. */
  readonly #participants = new Map<string, Participant>();
  readonly #viewers = new Set<ViewerSession>();
  readonly #histories = new SharedAsking<readonly ViewerServerMessage[]>();
  #services: Services | null = null;
  /** There once services are. */
  #door: FrontDoor | null = null;
  #sampler: LoadSampler | null = null;
  /** What viewers are told when they come. */
  #service: ServiceMessage | null = null;
  #draining: Promise<void> | null = null;
  #onEmpty: () => void = () => {};
  #metrics: Metrics | null = null;
  #log: Logger | null = null;

  constructor(config: Config, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
    this.vocabularies = new Vocabularies(clock);
    this.#quotas = new Quotas(config, clock, (limit) => this.#metrics?.limitBreached(limit));
  }

  /** The models, once they are loaded. */
  get models(): Pick<Services, 'recognizers' | 'vad'> | null {
    return this.#services;
  }

  /** The meetings that somebody is in. */
  get liveMeetings(): Meetings {
    return this.#meetings;
  }

  /** What was said in meetings. @throws {StreamError} `not-ready`. */
  get transcripts(): TranscriptSource {
    if (!this.#services) throw new StreamError('not-ready');

    return this.#services.transcripts;
  }

  /** How busy the threads are; null before the models are loaded. */
  get load(): { readonly threads: number; readonly busyShare: BusyShare } | null {
    if (!this.#services || !this.#door) return null;

    return { threads: this.#services.dispatcher.threads, busyShare: this.#door.busyShare };
  }

  /** Why nobody is let in, or null. */
  get closedFor(): 'not-ready' | 'draining' | null {
    if (this.#draining) return 'draining';

    return this.#services ? null : 'not-ready';
  }

  /** Why a balancer should send nobody here, or null. */
  get unreadyFor(): 'not-ready' | 'draining' | 'busy' | null {
    return this.closedFor ?? (this.#door?.step === 'refuse' ? 'busy' : null);
  }

  /** Whom to tell what happens. Metrics read from here too, so they come after the constructor. */
  observe(metrics: Metrics, log: Logger): void {
    this.#metrics = metrics;
    this.#log = log;
  }

  /** Lets streams in from now on. */
  open(services: Services): void {
    this.#services = services;
    const { maxStreams, maxWaitingStreams } = this.#config;
    const sampler = new LoadSampler(services.dispatcher, this.#clock);
    this.#sampler = sampler;
    this.#door = new FrontDoor({
      clock: this.#clock,
      maxStreams,
      maxWaiting: maxWaitingStreams,
      threads: services.dispatcher.threads,
      sample: () => sampler.sample(),
      onService: (message) => this.#announce(message),
      onStep: (change) => {
        this.#log?.warn(change, 'the level of service changed');
        this.#metrics?.ladderStep(change.to);
      },
      onAdmitted: (waitedMs) => this.#metrics?.admitted(waitedMs),
    });
  }

  /** What streams may be captioned with. @throws {StreamError} when nobody is let in now. */
  get recognizers(): ServedModels {
    return this.#admit().recognizers;
  }

  /** @param terms a stream that cannot be resumed may take its time to start. */
  speaker(
    connection: Connection,
    caller: Caller,
    { resumable = true, isKept = true, vocabulary }: SpeakerTerms = {},
  ): SpeakerSession {
    const services = this.#admit();
    const { maxStreams, maxWaitingStreams, idleTimeoutMs } = this.#config;
    // Those who have not said yet what they want are counted as if they waited.
    if (this.#sessions.size >= maxStreams + maxWaitingStreams) throw this.#door!.turnAway();
    const shared = {
      ...services,
      ...(!isKept && { recorder: NOTHING_KEPT }),
      // Not every dialect begins with what a stream has to know.
      config: resumable ? this.#config : { ...this.#config, startTimeoutMs: idleTimeoutMs },
      clock: this.#clock,
      meetings: this.#meetings,
      mask: services.mask ?? NO_MASK,
      vocabularies: vocabulary ? unchanging(vocabulary) : this.vocabularies,
      door: this.#door!,
      observer: this,
      resumable,
      participant: (tokenHash: string) => this.#participants.get(tokenHash) ?? null,
    };
    const session = new SpeakerSession(connection, shared, caller, this.#quotas.speaker(caller), (closed) =>
      this.#sessions.delete(closed),
    );
    this.#sessions.add(session);

    return session;
  }

  viewer(connection: Connection, request: ViewerRequest, caller: Caller): Session {
    const { transcripts } = this.#admit();
    const { maxViewers, maxOutputBytes } = this.#config;
    if (this.#viewers.size >= maxViewers) throw new StreamError('too-many-viewers');
    const viewing = readViewerRequest(request);
    const release = this.#quotas.viewer(caller, viewing.meeting);
    const maxHistoryBytes = maxOutputBytes * HISTORY_SHARE;
    const shared = {
      ...{ meetings: this.#meetings, transcripts, observer: this },
      ...{ maxHistoryBytes, histories: this.#histories },
    };
    const session = new ViewerSession(connection, shared, viewing, release);
    this.#viewers.add(session);
    if (this.#service) session.tell(this.#service);

    return session;
  }

  /**
   * Refuses new connections, lets streams caption what they have sent, and ends those that are not done in time.
   * Idempotent.
   */
  drain(): Promise<void> {
    this.#draining ??= new Promise((resolve) => {
      this.#door?.close();
      this.#sampler?.close();
      const cancelTimer = this.#clock.after(this.#config.drainTimeoutMs, () => this.#cutOff());
      this.#onEmpty = () => {
        if (this.#participants.size > 0) return;
        cancelTimer();
        for (const viewer of [...this.#viewers]) viewer.drain();
        resolve();
      };
      for (const session of [...this.#sessions]) session.drain();
      for (const participant of [...this.#participants.values()]) participant.drain();
      this.#onEmpty();
    });

    return this.#draining;
  }

  opened(participant: Participant): void {
    this.#participants.set(participant.tokenHash, participant);
    this.#log?.debug({ stream: participant.id }, 'stream opened');
  }

  closed(participant: Participant): void {
    this.#participants.delete(participant.tokenHash);
    this.#door?.left(participant);
    this.#log?.debug({ stream: participant.id, ...participant.stream?.books.inMs() }, 'stream closed');
    this.#onEmpty();
  }

  streamClosed(books: AudioBooks): void {
    this.#metrics?.streamClosed(books);
  }

  viewerClosed(session: ViewerSession): void {
    this.#viewers.delete(session);
  }

  caption(type: CaptionType, timing: CaptionTiming | null): void {
    this.#metrics?.caption(type, timing);
    if (type !== 'final' || !timing) return;
    const { queueWaitMs, batchWaitMs, inferenceMs, sendWaitMs } = timing;
    this.#sampler?.finalSent(queueWaitMs + batchWaitMs + inferenceMs + sendWaitMs);
  }

  captionSteps(steps: CaptionSteps): void {
    this.#metrics?.captionSteps(steps);
  }

  error(code: ErrorCode, cause?: unknown): void {
    this.#metrics?.error(code);
    if (code === 'internal' || code === 'segment-lost')
      this.#log?.error({ code, err: cause }, 'a stream was failed');
  }

  partialDropped(): void {
    this.#metrics?.partialDropped();
  }

  cutOff(): void {
    this.error('slow-consumer');
  }

  streams(): number {
    let streams = this.#participants.size;
    for (const { hasStarted } of this.#sessions) if (!hasStarted) streams++;

    return streams;
  }

  detachedStreams(): number {
    let streams = 0;
    for (const { isDetached } of this.#participants.values()) if (isDetached) streams++;

    return streams;
  }

  waitingStreams(): number {
    return this.#door?.waiting ?? 0;
  }

  ladderStep(): number {
    return this.#door ? LADDER_STEPS.indexOf(this.#door.step) : 0;
  }

  viewers(): number {
    return this.#viewers.size;
  }

  meetings(): number {
    return this.#meetings.size;
  }

  bufferedSamples(): number {
    let samples = 0;
    for (const { stream } of this.#participants.values()) samples += stream?.bufferedSamples ?? 0;

    return samples;
  }

  queued(): Readonly<Record<Priority, number>> {
    return this.#services?.dispatcher.queued ?? { final: 0, candidate: 0, partial: 0, background: 0 };
  }

  backlogMs(): number {
    return this.#services?.dispatcher.backlogMs.total ?? 0;
  }

  waitingFences(): number {
    let fences = 0;
    for (const { stream } of this.#participants.values()) fences += stream?.waitingFences ?? 0;

    return fences;
  }

  outputBytes(): number {
    let bytes = 0;
    for (const { outputBytes } of this.#sessions) bytes += outputBytes;
    for (const { outputBytes } of this.#viewers) bytes += outputBytes;

    return bytes;
  }

  heldMessages(): number {
    let messages = 0;
    for (const { heldMessages } of this.#sessions) messages += heldMessages;
    for (const { heldMessages } of this.#viewers) messages += heldMessages;

    return messages;
  }

  batchesInFlight(): number {
    return this.#services?.dispatcher.inFlight ?? 0;
  }

  suspectSegments(): number {
    return this.#services?.dispatcher.suspects ?? 0;
  }

  spareAudioBytes(): number {
    return AudioBuffer.spareBytes;
  }

  sharedAudioBytes(): number {
    return this.#services?.dispatcher.sharedAudioBytes ?? 0;
  }

  *openBooks(): Iterable<AudioBooks> {
    for (const { stream } of this.#participants.values()) if (stream) yield stream.books;
  }

  /** @throws {StreamError} when nobody is let in now. */
  #admit(): Services {
    const { closedFor } = this;
    if (closedFor) throw new StreamError(closedFor);

    return this.#services!;
  }

  #announce(message: ServiceMessage): void {
    this.#service = message.level === 'full' ? null : message;
    for (const viewer of [...this.#viewers]) viewer.tell(message);
  }

  #cutOff(): void {
    for (const participant of [...this.#participants.values()]) participant.cutOff();
  }
}
