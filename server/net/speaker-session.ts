import { randomBytes } from 'node:crypto';
import type {
  AudioBooks as AudioBooksMs,
  SpeakerServerMessage,
  StartMessage,
  ViewerServerMessage,
} from '../../client-sdk/protocol.ts';
import { SAMPLE_RATE } from '../../inference/recognizer.ts';
import type { StreamAllowance } from '../admission/stream-allowance.ts';
import { createPcmDecoder, MisalignedAudioError, type PcmDecoder } from '../audio/pcm.ts';
import { Resampler } from '../audio/resampler.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/options.ts';
import { ERRORS, type ErrorCode, StreamError } from '../errors.ts';
import type { Meetings, Seat } from '../meeting/meetings.ts';
import type { CaptionEvent } from '../stream/captioner.ts';
import { msToSamples, samplesToMs } from '../stream/sample-time.ts';
import { SpeechStream, type SpeechStreamListener, type SpeechStreamParts } from '../stream/speech-stream.ts';
import { captionMessage } from './caption-message.ts';
import { readControlMessage } from './client-messages.ts';
import type { Incoming } from './codec.ts';
import type { Connection, ConnectionHandler } from './connection.ts';
import { errorMessage } from './error-message.ts';

/** What all speakers' sessions share. */
export interface SpeakerServices extends SpeechStreamParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly meetings: Meetings;
  /** `name@hash` of the recogniser. */
  readonly model: string;
  readonly languages: readonly string[];
  readonly observer: SpeakerObserver;
}

/** What sessions tell the metrics and the log; never what was said. */
export interface SpeakerObserver {
  opened(session: SpeakerSession): void;
  /** Its books are complete: everything received is settled. */
  closed(session: SpeakerSession): void;
  caption(type: 'partial' | 'final' | 'lost', decodeDelayMs: number): void;
  /** @param cause what the server did not expect, for the log. */
  error(code: ErrorCode, cause?: unknown): void;
}

/** Audio in one message; resampling it has to take less than the 20 ms the socket thread may be busy. */
const MAX_MESSAGE_SECONDS = 5;
/** Room beyond the bound, for what the resampler still owes when the stream is stopped, and for rounding. */
const STOP_RESERVE_SAMPLES = 512;

/** What a session has from `start` on. */
interface Streaming {
  readonly stream: SpeechStream;
  readonly decoder: PcmDecoder;
  readonly resampler: Resampler;
  readonly sampleRate: number;
  readonly seat: Seat;
  readonly meeting: string;
}

type State = 'opening' | 'streaming' | 'draining' | 'closed';

/**
 * One speaker's connection, in the native protocol: opening until `start`, streaming, draining from `stop` until
 * `done`, closed.
 */
export class SpeakerSession implements ConnectionHandler, SpeechStreamListener {
  readonly id = randomBytes(9).toString('base64url');
  readonly #connection: Connection;
  readonly #services: SpeakerServices;
  readonly #allowance: StreamAllowance;
  #state: State = 'opening';
  /** Set from `start` on. */
  #streaming: Streaming | null = null;
  #captions = 0;
  #acknowledgedSample = 0;
  /** Whether the server, not the client, ended the audio. */
  #drained = false;
  #heardAtMs: number;
  #cancelTimeout: () => void;

  /** @param allowance counts the stream already; the session gives it back. */
  constructor(connection: Connection, services: SpeakerServices, allowance: StreamAllowance) {
    this.#connection = connection;
    this.#services = services;
    this.#allowance = allowance;
    this.#heardAtMs = services.clock.now();
    this.#cancelTimeout = services.clock.after(services.config.startTimeoutMs, () =>
      this.#fail(new StreamError('start-timeout')),
    );
    services.observer.opened(this);
  }

  /** Captions sent that the client has not read, in bytes. */
  get outputBytes(): number {
    return this.#connection.bufferedBytes;
  }

  /** Messages kept back until the client has read more. */
  get heldMessages(): number {
    return this.#connection.heldMessages;
  }

  /** Null before `start`. */
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

  /** The server goes away: what has been heard is captioned, then the connection closes. */
  drain(): void {
    if (this.#state === 'opening') this.#fail(new StreamError('draining'));
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

  caption({ event, decodeDelayMs }: CaptionEvent): void {
    const { languages, model, observer } = this.#services;
    const message = captionMessage(event, { ...this.#place(), language: languages[0]!, model });
    if (!message) return;
    if (message.type === 'final') this.#captions++;
    if (message.type === 'error') observer.error('segment-lost');
    observer.caption(event.type, decodeDelayMs);
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
    if (!this.#streaming) throw new StreamError('start-expected', 'Audio comes after it.');
    if (pcm.length === 0) throw new StreamError('audio-empty');
    const { stream, decoder, resampler, sampleRate } = this.#streaming;
    const seconds = pcm.length / decoder.frameBytes / sampleRate;
    // Before anything is decoded: the work of a message is bounded by what may be kept of it.
    if (seconds > MAX_MESSAGE_SECONDS) {
      throw new StreamError(
        'message-too-large',
        `A message holds at most ${MAX_MESSAGE_SECONDS} s of audio.`,
      );
    }
    if (seconds * SAMPLE_RATE + STOP_RESERVE_SAMPLES > stream.freeSamples)
      throw new StreamError('audio-overrun');
    const samples = resampler.process(decoder.decode(pcm));
    this.#allowance.hold(samples.length);
    stream.write(samples);
  }

  #takeControl(fields: Readonly<Record<string, unknown>>): void {
    const message = readControlMessage(fields);
    if (this.#state === 'draining') throw new StreamError('already-stopped');
    if (message.type === 'start') {
      this.#start(message);
      return;
    }
    if (!this.#streaming) throw new StreamError('start-expected');
    if (message.type === 'marker') this.#streaming.stream.mark(message.id);
    else if (message.type === 'flush') this.#streaming.stream.flush();
    else this.#stop();
  }

  #start(message: StartMessage): void {
    if (this.#streaming) throw new StreamError('already-started');
    const { config, meetings, model, languages } = this.#services;
    const language = message.language ?? null;
    if (language !== null && !languages.includes(language.split('-')[0]!.toLowerCase())) {
      throw new StreamError('unsupported-language', `It knows ${languages.join(', ')}.`);
    }
    const meeting = message.meeting ?? this.id;
    this.#allowance.join(meeting);
    const { encoding, channels = 1, sampleRate } = message;
    const decoder = createPcmDecoder({ encoding, channels });
    const resampler = new Resampler(sampleRate);
    const stream = new SpeechStream(this.#streamOptions(message, language), this.#services, this);
    this.#streaming = {
      stream,
      decoder,
      resampler,
      sampleRate,
      meeting,
      seat: meetings.join(meeting, message.speaker ?? null),
    };
    this.#state = 'streaming';
    this.#send({
      type: 'ready',
      version: 1,
      streamId: this.id,
      meeting,
      model,
      maxBufferedMs: Math.min(config.maxBufferedMs, samplesToMs(this.#allowance.maxBufferedSamples)),
    });
    this.#watchIdleness();
  }

  #streamOptions({ partials = true, endpointing }: StartMessage, language: string | null) {
    const { config } = this.#services;
    const {
      startThreshold,
      minSpeechMs,
      minSilenceMs,
      maxSegmentMs,
      prefixPaddingMs,
      tailPaddingMs,
      partialIntervalMs,
    } = { ...config, ...endpointing };

    return {
      streamId: this.id,
      language,
      partials,
      endpointing: {
        startThreshold,
        // Silero's own hysteresis.
        stopThreshold: Math.max(0.05, startThreshold - 0.15),
        minSpeechMs,
        minSilenceMs,
        maxSegmentMs,
        prefixPaddingMs,
        tailPaddingMs,
        partialIntervalMs,
      },
      maxBufferedSamples: msToSamples(config.maxBufferedMs) + STOP_RESERVE_SAMPLES,
      maxFences: config.maxFencesPerStream,
      weight: this.#allowance.weight,
    };
  }

  #stop(): void {
    const { stream, resampler } = this.#streaming!;
    stream.write(resampler.flush());
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
