import type { ReconnectOptions } from '../connection/retries.ts';
import type { WebSocketConstructor } from '../connection/web-socket.ts';
import type { RoundtableError } from '../errors.ts';
import type {
  AckMessage,
  AudioEncoding,
  DoneMessage,
  EndpointingRequest,
  FinalMessage,
  PartialMessage,
  ReadyMessage,
  ServiceMessage,
  SpeechStartedMessage,
  StartMessage,
  WaitingMessage,
} from '../protocol.ts';
import type { Time } from '../time.ts';

/** Who speaks, where, and in which audio. */
export interface SpeakerOptions {
  /** The server: http(s) or ws(s), maybe with a path that a proxy has it under. */
  readonly url: string;
  /** At most 128 characters; a meeting of the speaker's own when left out. */
  readonly meeting?: string;
  /** The name shown beside the captions; one is made up when left out. */
  readonly speaker?: string;
  /** For servers that ask for an API key. */
  readonly key?: string;
  /** BCP 47 tag such as `en`, or `auto` for whatever is spoken; the server's first model, and what it hears, when left out. */
  readonly language?: string;
  /** One of the server's models, by its name; the first that knows the language when left out. */
  readonly model?: string;
  /** Whether partial captions are wanted; true when left out. */
  readonly partials?: boolean;
  /** Whether captions tell where their time went; false when left out. */
  readonly timing?: boolean;
  /** Whether finals have the times of their words, where the model tells them; false when left out. */
  readonly words?: boolean;
  /** Names and terms to be heard rather than what sounds alike, where the model can: `ready` tells. */
  readonly hotWords?: StartMessage['hotWords'];
  /** Words that nobody is to read: `***` stands in their places. */
  readonly mask?: readonly string[];
  /** Whether numbers, dates and amounts are written in digits where the model spells them out; false when left out. */
  readonly numerals?: boolean;
  readonly endpointing?: EndpointingRequest;
  /** Samples per second and channel, 8000 to 48000; 16000 when left out. */
  readonly sampleRate?: number;
  /** What goes over the wire; `pcm_s16le` when left out. */
  readonly encoding?: AudioEncoding;
  /** Interleaved channels, 1 to 8; 1 when left out. */
  readonly channels?: number;
  /** The platform's own when left out; in Node 20, which has none, that of the package `ws`. */
  readonly WebSocket?: WebSocketConstructor;
  /** Audio kept until it is acknowledged, for connections that are lost; beyond it the oldest is. 300,000 when left out. */
  readonly maxUnacknowledgedMs?: number;
  readonly reconnect?: ReconnectOptions;
  /** Closes it. */
  readonly signal?: AbortSignal;
  /** For tests. */
  readonly time?: Time;
}

/**
 * `connecting` until the server answers for the first time, `waiting` in its line, `live` while audio flows, `reconnecting`
 * after a lost connection, `stopping` from `stop()` on, `closed` for good.
 */
export type SpeakerState = 'connecting' | 'waiting' | 'live' | 'reconnecting' | 'stopping' | 'closed';

/** Audio that the server will never get: more was unacknowledged than may be kept. In milliseconds of all audio sent. */
export interface AudioLost {
  readonly fromMs: number;
  readonly durationMs: number;
}

/** Events by their names. Messages are as the server sent them; times in them count from the beginning of their stream. */
export interface SpeakerEvents {
  readonly state: SpeakerState;
  /** At every connection that was let in. */
  readonly ready: ReadyMessage;
  readonly waiting: WaitingMessage;
  readonly service: ServiceMessage;
  readonly 'speech-started': SpeechStartedMessage;
  /** None for a caption that is final. */
  readonly partial: PartialMessage;
  /** Each caption once, however often the connection is lost. */
  readonly final: FinalMessage;
  readonly ack: AckMessage;
  readonly 'audio-lost': AudioLost;
  /** Something went wrong that ends nothing: the connection is lost and made again, or a caption is lost (`captionId`). */
  readonly warning: RoundtableError;
  /** It is over. */
  readonly error: RoundtableError;
  /** It is over, as asked for by `stop()`. */
  readonly done: DoneMessage;
}

/** What an iteration yields: messages as they are, the rest with a type of its own. */
export type SpeakerEvent =
  | { readonly type: 'state'; readonly state: SpeakerState }
  | ({ readonly type: 'audio-lost' } & AudioLost)
  | { readonly type: 'warning'; readonly error: RoundtableError }
  | SpeakerEvents['ready' | 'waiting' | 'service' | 'speech-started' | 'partial' | 'final' | 'ack' | 'done'];

/** One speaker, through however many connections it takes. */
export interface Speaker {
  readonly state: SpeakerState;
  /** The server's first answer. Rejects with a `RoundtableError` when it ends before there is one. */
  readonly ready: Promise<ReadyMessage>;
  /** Of the present stream, and its meeting; null before there is one. */
  readonly streamId: string | null;
  readonly meeting: string | null;
  /** The name shown: the one asked for, or the one made up; null before there is one. */
  readonly speakerName: string | null;
  /** How `send` takes audio, with the defaults filled in. */
  readonly format: {
    readonly sampleRate: number;
    readonly encoding: AudioEncoding;
    readonly channels: number;
  };
  /** Audio that is not final yet. */
  readonly unacknowledgedMs: number;
  /** How far all audio sent is final, lost audio counted in. */
  readonly acknowledgedMs: number;
  /** Where the present stream begins in all audio sent: not 0 when a new one had to take the place of one that is no more. */
  readonly streamOriginMs: number;
  /**
   * Takes audio, whenever: it is copied, and kept until the server has acknowledged it. Bytes are in the encoding as it is;
   * samples are turned into it, which G.711 cannot be had from.
   * @throws {RangeError} when it is no whole number of frames.
   * @throws {RoundtableError} `closed` after `stop()`, `close()`, or an error.
   */
  send(pcm: Uint8Array | Int16Array | Float32Array): void;
  /** Nothing was recorded for so long, as of a muted microphone, since the audio before. @throws {RoundtableError} `closed`. */
  gap(durationMs: number): void;
  /** Ends the caption being spoken now, as if silence had been heard. @throws {RoundtableError} `closed`. */
  flush(): void;
  /** Resolves when all audio so far is decoded and what came of it was told. */
  mark(): Promise<void>;
  /** No more audio. Resolves when all of it is final; the books of several streams are added up. */
  stop(): Promise<DoneMessage>;
  /** Hangs up without waiting for captions. Idempotent. */
  close(): void;
  /** Resolves when all but a second of the audio is on its way: files go on then. */
  drained(): Promise<void>;
  /** Calls `listener` at every such event. @returns what ends that. */
  on<Name extends keyof SpeakerEvents>(
    event: Name,
    listener: (payload: SpeakerEvents[Name]) => void,
  ): () => void;
  /** Events from now on. Ends after `done` or `close()`; throws what `error` tells, or `not-read` when 10,000 pile up. */
  [Symbol.asyncIterator](): AsyncIterator<SpeakerEvent>;
}
