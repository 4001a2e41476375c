import type {
  AudioBooks as AudioBooksMs,
  FinalMessage,
  ServiceMessage,
  SpeakerServerMessage,
  StartMessage,
  ViewerServerMessage,
} from '../../client-sdk/protocol.ts';
import type { StreamAllowance } from '../admission/stream-allowance.ts';
import { ERRORS, StreamError } from '../errors.ts';
import type { StreamRecord } from '../history/records.ts';
import { REVISIONS_PER_RESUMPTION } from '../history/resumptions.ts';
import { captionLanguage, fixedLanguage } from '../language.ts';
import type { Seat } from '../meeting/meetings.ts';
import { modelId, type ServedModel } from '../models/served-models.ts';
import { AudioIntake } from '../net/audio-intake.ts';
import { captionMessage, captionTiming, withWords } from '../net/caption-message.ts';
import type { Connection } from '../net/connection.ts';
import { asStreamError, errorMessage, refuse } from '../net/error-message.ts';
import type { SpeakerServices } from '../net/speaker-services.ts';
import { streamOptions } from '../net/stream-options.ts';
import type { Guest } from '../overload/front-door.ts';
import { CaptionStability } from '../stream/caption-stability.ts';
import type { CaptionEvent } from '../stream/captioner.ts';
import type { StreamCheckpoint } from '../stream/checkpoint.ts';
import { samplesToMs } from '../stream/sample-time.ts';
import { SpeechStream } from '../stream/speech-stream.ts';
import type { SpeechStreamListener } from '../stream/speech-stream-terms.ts';
import { Timeline, type TimelineState } from '../stream/timeline.ts';
import { StreamText } from '../text/stream-text.ts';
import { followCaption } from './caption-steps.ts';
import { hashOf } from './resume-token.ts';

/** Who speaks, and in which stream. */
export interface ParticipantOptions {
  readonly services: SpeakerServices;
  /** Counts the stream already, in its key and its meeting; the participant gives it back. */
  readonly allowance: StreamAllowance;
  /** The API key's name; null without keys. */
  readonly keyName: string | null;
  readonly connection: Connection;
  readonly connectedAtMs: number;
  readonly streamId: string;
  readonly token: string;
  readonly start: StartMessage;
  /** That hears it, to its end. */
  readonly model: ServedModel;
  /** Where the stream is taken up that another process began; null for a new one. */
  readonly record: StreamRecord | null;
}

/** What there is from being let in on; anew each time that the stream is taken up. */
interface Speaking {
  readonly text: StreamText;
  readonly stream: SpeechStream;
  readonly intake: AudioIntake;
  readonly timeline: Timeline;
  readonly seat: Seat;
}

type State = 'waiting' | 'speaking' | 'draining' | 'closed';

/** What a stream that is taken up again may send at once and still count as live: the audio it could not send. */
const RESENT_MS = 60_000;

/** The books of a stream that was never let in. */
const NOTHING: AudioBooksMs = { receivedMs: 0, transcribedMs: 0, silenceMs: 0, droppedMs: 0 };

/**
 * One speaker in a meeting: the stream, its seat, and what it takes to take the stream up again. Outlives its connection:
 * when that is lost, the stream goes on with what it has, and waits for `resumeWindowMs` to be taken up by another
 * connection, which starts it anew from its last checkpoint. After that it ends as if it had been stopped.
 */
export class Participant implements SpeechStreamListener, Guest {
  readonly #options: ParticipantOptions;
  readonly tokenHash: string;
  #connection: Connection | null;
  #state: State = 'waiting';
  #speaking: Speaking | null = null;
  #partialPace = 1;
  #captions: number;
  #countedSegments: number;
  #resumptions: number;
  #acknowledgedSample = 0;
  readonly #stability = new CaptionStability();
  /** Whether the server, not the client, ended the audio. */
  #drained = false;
  #cancelExpiry: () => void = () => {};

  constructor(options: ParticipantOptions) {
    const { connection, token, record, services } = options;
    this.#options = options;
    this.#connection = connection;
    this.tokenHash = hashOf(token);
    this.#captions = record?.captions ?? 0;
    this.#countedSegments = record?.checkpoint.nextSegmentId ?? 0;
    this.#resumptions = record === null ? 0 : record.resumptions + 1;
    services.observer.opened(this);
  }

  get id(): string {
    return this.#options.streamId;
  }

  get keyName(): string | null {
    return this.#options.keyName;
  }

  /** The stream's share among others, by its key's class. */
  get weight(): number {
    return this.#options.allowance.weight;
  }

  /** Null before `ready`. */
  get stream(): SpeechStream | null {
    return this.#speaking?.stream ?? null;
  }

  /** Audio that its key and its meeting have room for, in milliseconds. */
  get roomMs(): number {
    return samplesToMs(this.#options.allowance.freeSamples);
  }

  /** Whether its connection is lost. */
  get isDetached(): boolean {
    return this.#connection === null;
  }

  /** Whether messages are still heeded: a client that has not heard yet that the server drains does nothing wrong. */
  get isDeaf(): boolean {
    return this.#drained || this.#state === 'closed';
  }

  /** A message came. @throws {StreamError} `audio-too-fast`. */
  receive(bytes: number): void {
    this.#options.allowance.receive(bytes);
  }

  /** Lets the stream in: it hears `ready`. Does nothing but while it waits. */
  admit(): void {
    if (this.#state !== 'waiting') return;
    const { services, record, start, model, connectedAtMs } = this.#options;
    const seat = services.meetings.join(this.#meeting, record?.speaker ?? start.speaker ?? null);
    this.#state = 'speaking';
    const text = new StreamText({
      start,
      meeting: services.vocabularies.use(this.#meeting),
      model,
      mask: services.mask,
    });
    this.#begin({ seat, text }, record?.checkpoint ?? null, record?.timeline, connectedAtMs);
  }

  /** Tells the stream its place among those that wait. */
  tellPlace(ahead: number, expectedWaitMs: number | null): void {
    this.#send({ type: 'waiting', ahead, expectedWaitMs });
  }

  /** Tells what streams get from now on. @param partialPace multiplies the interval between partials. */
  serve(message: ServiceMessage, partialPace: number): void {
    this.#partialPace = partialPace;
    if (!this.#speaking) return;
    this.#speaking.stream.partialPace = partialPace;
    this.#send(message);
  }

  /** @throws {StreamError} when it cannot be taken now. @throws {MisalignedAudioError} */
  takeAudio(pcm: Uint8Array): void {
    if (this.#state === 'waiting') throw new StreamError('not-admitted');
    const { intake, timeline } = this.#open();
    timeline.begin(intake.take(pcm), this.#options.services.clock.epochMs());
  }

  /** Nothing was recorded for a while. */
  gap(durationMs: number): void {
    if (this.#state === 'waiting') return;
    const { stream, timeline } = this.#open();
    timeline.gap(stream.endSample, durationMs);
  }

  /** Before `ready` there is no audio: whatever is asked of it is done. */
  mark(id: number): void {
    if (this.#state === 'waiting') this.marker(id);
    else this.#open().stream.mark(id);
  }

  flush(): void {
    if (this.#state !== 'waiting') this.#open().stream.flush();
  }

  /** No more audio. */
  stop(): void {
    if (this.#state === 'waiting') {
      this.#finish(NOTHING);
      return;
    }
    const { stream, intake } = this.#open();
    intake.end();
    this.#state = 'draining';
    stream.stop();
  }

  /** The server goes away: what has been heard is captioned, then the connection closes. */
  drain(): void {
    if (this.#state === 'waiting') this.fault(new StreamError('draining'));
    if (this.#state !== 'speaking') return;
    if (!this.#speaking!.stream.isCaughtUp) {
      this.cutOff();
      return;
    }
    this.#drained = true;
    this.#cancelExpiry();
    try {
      this.stop();
    } catch (error) {
      this.fault(error);
    }
  }

  /** The server does not wait any longer. The stream may be taken up by the next process. */
  cutOff(): void {
    if (this.#connection) refuse(this.#connection, new StreamError('draining'));
    this.#close();
  }

  /** A connection is gone. Does nothing when another one has taken the stream up. */
  disconnected(connection: Connection): void {
    if (connection !== this.#connection) return;
    this.#connection = null;
    if (!this.#options.services.resumable) this.#close('for good');
    else if (this.#state === 'waiting') this.#close();
    else if (this.#state === 'speaking') this.#waitForResumption();
  }

  /** Another connection takes the stream up; what is not final comes again on it. @throws {StreamError} when it cannot. */
  takeUp(connection: Connection): void {
    if (!this.#speaking || this.#drained || this.#state === 'closed') throw new StreamError('unknown-stream');
    const { clock, observer } = this.#options.services;
    const { stream, timeline, seat, text } = this.#speaking;
    const before = this.#connection;
    this.#connection = connection;
    if (before) refuse(before, new StreamError('taken-over'));
    this.#cancelExpiry();
    const { checkpoint } = stream;
    stream.close('resent');
    observer.streamClosed(stream.books);
    this.#options.allowance.release(Number.POSITIVE_INFINITY);
    this.#resumptions++;
    this.#state = 'speaking';
    this.#begin({ seat, text }, checkpoint, timeline.save(checkpoint.settledSample), clock.now());
  }

  /** Finals that the connection before may not have delivered. Not when this one is gone as well. */
  repeat(connection: Connection, finals: readonly FinalMessage[]): void {
    if (connection === this.#connection) for (const final of finals) this.#send(final);
  }

  /** Answers anything that went wrong. What is fatal ends the connection, and the stream if trying again is no use. */
  fault(error: unknown): void {
    if (this.#state === 'closed') return;
    const known = asStreamError(error);
    const { fatal, retryable } = ERRORS[known.code];
    this.#options.services.observer.error(known.code, known.cause);
    if (!fatal) {
      this.#send(errorMessage(known));
      return;
    }
    const connection = this.#connection;
    this.#connection = null;
    if (connection) refuse(connection, known);
    if (retryable && this.#state === 'speaking' && this.#options.services.resumable)
      this.#waitForResumption();
    else this.#close('for good');
  }

  speechStarted(segmentId: number, atSample: number): void {
    this.#tell({ type: 'speech-started', ...this.#place(), segmentId, atMs: samplesToMs(atSample) });
  }

  caption({ event, timing }: CaptionEvent): void {
    const { start, model, services } = this.#options;
    const { observer, clock, recorder } = services;
    const { timeline } = this.#speaking!;
    const parts = timing && captionTiming(timing, clock.now());
    const spokenAtMs = timeline.spokenAtMs(event.range.startSample);
    const heard = event.type === 'final' ? event.hypothesis.language : undefined;
    const language = captionLanguage(start.language, heard, model.capabilities.languages);
    const source = { ...this.#place(), spokenAtMs, language, model: modelId(model) };
    const message = captionMessage(event, source, start.timing ? parts : null);
    if (!message) return;
    if (message.type === 'final') {
      if (event.range.segmentId >= this.#countedSegments) this.#captions++;
      this.#countedSegments = Math.max(this.#countedSegments, event.range.segmentId + 1);
      recorder.final(message);
    }
    if (message.type === 'error') observer.error('segment-lost');
    observer.caption(timing?.background ? 'background' : event.type, parts);
    const steps = followCaption(this.#stability, message, parts, clock.now());
    // Who wanted no partials, or gets none, has nothing taken back, and waits for finals.
    if (steps && start.partials !== false && !timing?.background) observer.captionSteps(steps);
    const isWordy = start.words && message.type === 'final' && event.type === 'final';
    this.#tell(message, isWordy ? withWords(message, event.hypothesis) : message);
  }

  acknowledged(checkpoint: StreamCheckpoint): void {
    const { settledSample } = checkpoint;
    this.#options.allowance.release(settledSample - this.#acknowledgedSample);
    this.#acknowledgedSample = settledSample;
    this.#record(checkpoint, () => this.#send({ type: 'ack', acknowledgedMs: samplesToMs(settledSample) }));
  }

  marker(id: number): void {
    this.#send({ type: 'marker', id });
  }

  done(books: AudioBooksMs): void {
    const speaking = this.#speaking!;
    // `done` promises that all of it is stored.
    this.#record(speaking.stream.checkpoint, () => {
      if (speaking === this.#speaking && this.#state === 'draining') this.#finish(books);
    });
  }

  failed(error: StreamError): void {
    this.fault(error);
  }

  get #meeting(): string {
    return this.#options.start.meeting ?? this.id;
  }

  /** @throws {StreamError} once the audio has ended. */
  #open(): Speaking {
    if (this.#state !== 'speaking') throw new StreamError('already-stopped');

    return this.#speaking!;
  }

  /** Starts the stream, or starts it anew from a checkpoint. */
  #begin(
    { seat, text }: Pick<Speaking, 'seat' | 'text'>,
    checkpoint: StreamCheckpoint | null,
    timeline: TimelineState | undefined,
    connectedAtMs: number,
  ): void {
    const { services, allowance, start, model, token } = this.#options;
    const { config } = services;
    const { encoding, channels = 1, sampleRate } = start;
    const identity = {
      ...{ streamId: this.id, meeting: this.#meeting, weight: this.weight, text },
      ...{ model: model.index, language: fixedLanguage(start.language) },
    };
    const resume = checkpoint && {
      checkpoint,
      firstRevision: this.#resumptions * REVISIONS_PER_RESUMPTION,
    };
    const spokenFromMs = connectedAtMs - (checkpoint ? RESENT_MS : 0);
    const stream = new SpeechStream(
      streamOptions(start, config, { ...identity, connectedAtMs: spokenFromMs, resume }),
      services,
      this,
    );
    stream.partialPace = this.#partialPace;
    const { settledSample } = stream.checkpoint;
    const intake = new AudioIntake(stream, allowance, { encoding, channels, sampleRate }, settledSample);
    this.#speaking = { stream, intake, timeline: new Timeline(timeline), seat, text };
    this.#acknowledgedSample = settledSample;
    this.#record(stream.checkpoint, () => {});
    this.#send({
      ...{
        type: 'ready',
        version: 1,
        streamId: this.id,
        meeting: this.#meeting,
        speaker: seat.speaker,
        model: modelId(model),
      },
      maxBufferedMs: Math.min(config.maxBufferedMs, samplesToMs(allowance.maxBufferedSamples)),
      resumeToken: token,
      resumeWindowMs: config.resumeWindowMs,
      nextFrame: intake.nextFrame,
      ...(text.report && { hotWords: text.report }),
    });
  }

  /** @param stored called when it is, and everything before it. */
  #record(checkpoint: StreamCheckpoint, stored: () => void): void {
    const { services, start, model, keyName } = this.#options;
    const { seat, timeline } = this.#speaking!;
    services.recorder.stream(
      {
        ...{ streamId: this.id, tokenHash: this.tokenHash, keyName, meeting: this.#meeting },
        // By name: whoever takes it up goes on with that one, whatever is served besides by then.
        ...{ speaker: seat.speaker, start: { ...start, model: model.name }, checkpoint },
        timeline: timeline.save(checkpoint.settledSample),
        captions: this.#captions,
        resumptions: this.#resumptions,
      },
      (kept) => {
        if (kept) stored();
        else this.#giveUp();
      },
    );
  }

  #waitForResumption(): void {
    const { clock, config } = this.#options.services;
    this.#cancelExpiry();
    this.#cancelExpiry = clock.after(config.resumeWindowMs, () => this.#expire());
  }

  /** Nobody has taken the stream up in time. */
  #expire(): void {
    if (this.#state !== 'speaking') return;
    const { isOpen, isCaughtUp } = this.#speaking!.stream;
    // What has not come again stays where it is: in the record, to be taken up, and not acknowledged.
    if (!isOpen || !isCaughtUp) {
      this.#close();
      return;
    }
    try {
      this.stop();
    } catch (error) {
      this.fault(error);
    }
  }

  #finish(books: AudioBooksMs): void {
    this.#send({ type: 'done', streamId: this.id, captions: this.#captions, ...books });
    this.#connection?.close(1000, 'done');
    this.#close();
  }

  /**
   * What is said cannot be stored here, nor acknowledged: whoever still has the audio sends it in a new stream, or has taken
   * this one up elsewhere.
   */
  #giveUp(): void {
    if (this.#state === 'closed') return;
    const connection = this.#connection;
    this.#connection = null;
    this.#options.services.observer.error('busy');
    if (connection) refuse(connection, new StreamError('busy', 'What is said cannot be stored.'));
    this.#close('for good');
  }

  /** @param forGood whether the stream may not be taken up again, by another process either. */
  #close(forGood?: 'for good'): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#connection = null;
    this.#cancelExpiry();
    const { allowance, services } = this.#options;
    allowance.leave();
    if (forGood) services.recorder.forget(this.id, this.#resumptions);
    if (this.#speaking) {
      const { stream, seat, text } = this.#speaking;
      stream.close();
      text.end();
      seat.publish({ type: 'speaker-left', ...this.#place() });
      seat.leave();
      services.observer.streamClosed(stream.books);
    }
    services.observer.closed(this);
  }

  #place(): { readonly meeting: string; readonly streamId: string; readonly speaker: string } {
    return { meeting: this.#meeting, streamId: this.id, speaker: this.#speaking!.seat.speaker };
  }

  /** To the speaker and to every viewer of the meeting. @param own what the speaker is told of it. */
  #tell(
    message: SpeakerServerMessage & ViewerServerMessage,
    own: SpeakerServerMessage & ViewerServerMessage = message,
  ): void {
    // Viewers first: sending to a speaker who does not read may end the session, and with it the seat.
    this.#speaking!.seat.publish(message);
    this.#send(own);
  }

  #send(message: SpeakerServerMessage): void {
    this.#connection?.send(message);
  }
}
