import { randomBytes } from 'node:crypto';
import type {
  AudioBooks as AudioBooksMs,
  FlushMessage,
  MarkerMessage,
  ServiceMessage,
  SpeakerServerMessage,
  StartMessage,
  StopMessage,
  ViewerServerMessage,
} from '../../client-sdk/protocol.ts';
import type { StreamAllowance } from '../admission/stream-allowance.ts';
import { MisalignedAudioError } from '../audio/pcm.ts';
import { ERRORS, StreamError } from '../errors.ts';
import type { Seat } from '../meeting/meetings.ts';
import type { Guest } from '../overload/front-door.ts';
import type { CaptionEvent } from '../stream/captioner.ts';
import { samplesToMs } from '../stream/sample-time.ts';
import { SpeechStream } from '../stream/speech-stream.ts';
import type { SpeechStreamListener } from '../stream/speech-stream-terms.ts';
import { AudioIntake } from './audio-intake.ts';
import { captionMessage, captionTiming } from './caption-message.ts';
import { readControlMessage } from './client-messages.ts';
import type { Incoming } from './codec.ts';
import type { Connection, ConnectionHandler } from './connection.ts';
import { errorMessage } from './error-message.ts';
import type { SpeakerServices } from './speaker-services.ts';
import { streamOptions } from './stream-options.ts';

/** What a session has from `ready` on. */
interface Streaming {
  readonly stream: SpeechStream;
  readonly intake: AudioIntake;
  readonly seat: Seat;
  readonly meeting: string;
  /** Whether captions tell where their time went. */
  readonly timing: boolean;
}

type State = 'opening' | 'waiting' | 'streaming' | 'draining' | 'closed';

/** The books of a stream that was never let in. */
const NOTHING: AudioBooksMs = { receivedMs: 0, transcribedMs: 0, silenceMs: 0, droppedMs: 0 };

/**
 * One speaker's connection, in the native protocol: opening until `start`, waiting until the server has room, streaming,
 * draining from `stop` until `done`, closed.
 */
export class SpeakerSession implements ConnectionHandler, SpeechStreamListener, Guest {
  readonly id = randomBytes(9).toString('base64url');
  readonly #connection: Connection;
  readonly #services: SpeakerServices;
  readonly #allowance: StreamAllowance;
  #state: State = 'opening';
  /** Set from `start` on. */
  #asked: StartMessage | null = null;
  /** Set from `ready` on. */
  #streaming: Streaming | null = null;
  #audioRefused = false;
  #captions = 0;
  #acknowledgedSample = 0;
  /** Whether the server, not the client, ended the audio. */
  #drained = false;
  readonly #connectedAtMs: number;
  #heardAtMs: number;
  #cancelTimeout: () => void;

  /** @param allowance counts the stream already; the session gives it back. */
  constructor(connection: Connection, services: SpeakerServices, allowance: StreamAllowance) {
    this.#connection = connection;
    this.#services = services;
    this.#allowance = allowance;
    this.#connectedAtMs = services.clock.now();
    this.#heardAtMs = this.#connectedAtMs;
    this.#cancelTimeout = services.clock.after(services.config.startTimeoutMs, () =>
      this.#fail(new StreamError('start-timeout')),
    );
    services.observer.opened(this);
  }

  /** The stream's share among others, by its key's class. */
  get weight(): number {
    return this.#allowance.weight;
  }

  /** Captions sent that the client has not read, in bytes. */
  get outputBytes(): number {
    return this.#connection.bufferedBytes;
  }

  /** Messages kept back until the client has read more. */
  get heldMessages(): number {
    return this.#connection.heldMessages;
  }

  /** Null before `ready`. */
  get stream(): SpeechStream | null {
    return this.#streaming?.stream ?? null;
  }

  received(bytes: number): void {
    if (!this.#ignoresMessages) this.#allowance.receive(bytes);
  }

  message(message: Incoming): void {
    if (this.#ignoresMessages) return;
    this.#heardAtMs = this.#services.clock.now();
    try {
      if (message.type === 'audio') this.#takeAudio(message.pcm);
      else this.#takeControl(message.fields);
    } catch (error) {
      this.fault(error);
    }
  }

  closed(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#cancelTimeout();
    this.#allowance.leave();
    if (this.#streaming) {
      const { stream, seat, meeting } = this.#streaming;
      stream.close();
      seat.publish({ type: 'speaker-left', meeting, streamId: this.id, speaker: seat.speaker });
      seat.leave();
    }
    this.#services.observer.closed(this);
  }

  /** Lets the stream in: it hears `ready`. Does nothing but while it waits. */
  admit(): void {
    if (this.#state !== 'waiting') return;
    const { config, meetings, model, clock } = this.#services;
    const { weight } = this;
    const message = this.#asked!;
    const { encoding, channels = 1, sampleRate, speaker = null, language = null, timing = false } = message;
    const meeting = message.meeting ?? this.id;
    const options = streamOptions(message, config, {
      streamId: this.id,
      meeting,
      connectedAtMs: this.#connectedAtMs,
      language,
      weight,
    });
    const stream = new SpeechStream(options, this.#services, this);
    this.#streaming = {
      stream,
      intake: new AudioIntake(stream, this.#allowance, { encoding, channels, sampleRate }),
      meeting,
      seat: meetings.join(meeting, speaker),
      timing,
    };
    this.#state = 'streaming';
    const maxBufferedMs = Math.min(config.maxBufferedMs, samplesToMs(this.#allowance.maxBufferedSamples));
    this.#send({ type: 'ready', version: 1, streamId: this.id, meeting, model, maxBufferedMs });
    this.#heardAtMs = clock.now();
    this.#watchIdleness();
  }

  /** Tells the stream its place among those that wait. */
  tellPlace(ahead: number, expectedWaitMs: number | null): void {
    this.#send({ type: 'waiting', ahead, expectedWaitMs });
  }

  /** Tells what streams get from now on. @param partialPace multiplies the interval between partials. */
  serve(message: ServiceMessage, partialPace: number): void {
    if (!this.#streaming) return;
    this.#streaming.stream.partialPace = partialPace;
    this.#send(message);
  }

  /** The server goes away: what has been heard is captioned, then the connection closes. */
  drain(): void {
    if (this.#state === 'opening' || this.#state === 'waiting') this.#fail(new StreamError('draining'));
    if (this.#state !== 'streaming') return;
    this.#drained = true;
    try {
      this.#stop();
    } catch (error) {
      this.fault(error);
    }
  }

  /** Answers anything thrown while handling this session's messages. */
  fault(error: unknown): void {
    if (error instanceof StreamError) this.#fail(error);
    else if (error instanceof MisalignedAudioError)
      this.#fail(new StreamError('audio-misaligned', error.message));
    else this.#fail(new StreamError('internal', undefined, { cause: error }));
  }

  speechStarted(segmentId: number, atSample: number): void {
    this.#tell({ type: 'speech-started', ...this.#place(), segmentId, atMs: samplesToMs(atSample) });
  }

  caption({ event, timing }: CaptionEvent): void {
    const { languages, model, observer, clock } = this.#services;
    const parts = timing && captionTiming(timing, clock.now());
    const source = { ...this.#place(), language: languages[0]!, model };
    const message = captionMessage(event, source, this.#streaming!.timing ? parts : null);
    if (!message) return;
    if (message.type === 'final') this.#captions++;
    if (message.type === 'error') observer.error('segment-lost');
    observer.caption(timing?.background ? 'background' : event.type, parts);
    this.#tell(message);
  }

  acknowledged(sample: number): void {
    this.#allowance.release(sample - this.#acknowledgedSample);
    this.#acknowledgedSample = sample;
    this.#send({ type: 'ack', acknowledgedMs: samplesToMs(sample) });
  }

  marker(id: number): void {
    this.#send({ type: 'marker', id });
  }

  done(books: AudioBooksMs): void {
    this.#send({ type: 'done', streamId: this.id, captions: this.#captions, ...books });
    this.#connection.close(1000, 'done');
  }

  failed(error: StreamError): void {
    this.#fail(error);
  }

  /** A client that has not heard yet that the server drains does nothing wrong by going on. */
  get #ignoresMessages(): boolean {
    return this.#state === 'closed' || this.#drained;
  }

  #takeAudio(pcm: Uint8Array): void {
    if (this.#state === 'draining') throw new StreamError('already-stopped');
    if (this.#state === 'waiting') this.#refuseAudio();
    else if (!this.#streaming) throw new StreamError('start-expected', 'Audio comes after it.');
    else this.#streaming.intake.take(pcm);
  }

  /** Told once: what is under way when the stream is let in is no fault. */
  #refuseAudio(): void {
    if (this.#audioRefused) return;
    this.#audioRefused = true;
    throw new StreamError('not-admitted');
  }

  #takeControl(fields: Readonly<Record<string, unknown>>): void {
    const message = readControlMessage(fields);
    if (this.#state === 'draining') throw new StreamError('already-stopped');
    if (message.type === 'start') this.#ask(message);
    else if (this.#state === 'waiting') this.#controlWaiting(message);
    else if (!this.#streaming) throw new StreamError('start-expected');
    else if (message.type === 'marker') this.#streaming.stream.mark(message.id);
    else if (message.type === 'flush') this.#streaming.stream.flush();
    else this.#stop();
  }

  /** Before `ready` there is no audio: whatever is asked of it is done. */
  #controlWaiting(message: MarkerMessage | FlushMessage | StopMessage): void {
    if (message.type === 'marker') this.marker(message.id);
    else if (message.type === 'stop') this.done(NOTHING);
  }

  #ask(message: StartMessage): void {
    if (this.#state !== 'opening') throw new StreamError('already-started');
    const { languages, door } = this.#services;
    const { language } = message;
    if (language !== undefined && !languages.includes(language.split('-')[0]!.toLowerCase())) {
      throw new StreamError('unsupported-language', `It knows ${languages.join(', ')}.`);
    }
    this.#cancelTimeout();
    this.#allowance.join(message.meeting ?? this.id);
    this.#state = 'waiting';
    this.#asked = message;
    door.ask(this);
  }

  #stop(): void {
    const { stream, intake } = this.#streaming!;
    intake.end();
    this.#state = 'draining';
    this.#cancelTimeout();
    stream.stop();
  }

  /** One timer for each stretch of silence, not for each message. */
  #watchIdleness(): void {
    const { clock, config } = this.#services;
    this.#cancelTimeout();
    const leftMs = this.#heardAtMs + config.idleTimeoutMs - clock.now();
    if (leftMs <= 0) this.#fail(new StreamError('idle-timeout'));
    else this.#cancelTimeout = clock.after(leftMs, () => this.#watchIdleness());
  }

  #fail(error: StreamError): void {
    if (this.#state === 'closed') return;
    const { fatal, closeCode } = ERRORS[error.code];
    this.#services.observer.error(error.code, error.cause);
    this.#send(errorMessage(error));
    if (fatal) this.#connection.close(closeCode, error.code);
  }

  #place(): { readonly meeting: string; readonly streamId: string; readonly speaker: string } {
    const { meeting, seat } = this.#streaming!;

    return { meeting, streamId: this.id, speaker: seat.speaker };
  }

  /** To the speaker and to every viewer of the meeting. */
  #tell(message: SpeakerServerMessage & ViewerServerMessage): void {
    // Viewers first: sending to a speaker who does not read may end the session, and with it the seat.
    this.#streaming!.seat.publish(message);
    this.#send(message);
  }

  #send(message: SpeakerServerMessage): void {
    if (this.#state !== 'closed') this.#connection.send(message);
  }
}
