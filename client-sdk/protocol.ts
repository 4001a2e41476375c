/**
 * The native protocol, version 1: every message that crosses the wire. `docs/protocol.md` explains it with examples.
 *
 * A speaker's WebSocket is `/v1/stream`; a viewer's is `/v1/meetings/{meeting}/captions`. Positions and durations
 * are milliseconds of the stream's own audio, counted from its first sample.
 */

/** Subprotocol for JSON text messages, with audio as raw binary messages. What a client without one gets. */
export const JSON_SUBPROTOCOL = 'roundtable.v1.json';

/** Subprotocol for MessagePack binary messages, audio among them as `{ type: 'audio', pcm }`. */
export const MSGPACK_SUBPROTOCOL = 'roundtable.v1.msgpack';

/** Before the API key in a further subprotocol, for browsers, whose WebSockets can set no headers. */
export const KEY_SUBPROTOCOL_PREFIX = 'roundtable.key.';

/** How audio bytes are coded: little-endian 16-bit integers or 32-bit floats, or G.711. */
export const AUDIO_ENCODINGS = ['pcm_s16le', 'pcm_f32le', 'mulaw', 'alaw'] as const;
export type AudioEncoding = (typeof AUDIO_ENCODINGS)[number];

/** What a speaker may tune about where captions end, within the server's limits. */
export interface EndpointingRequest {
  /** Speech begins at this voice-activity probability, 0.1 to 0.95. */
  readonly startThreshold?: number;
  /** Trailing silence that ends a short segment, 100 to 2000. */
  readonly minSilenceMs?: number;
  /** A segment this long is cut whatever is said, 3000 to 28000. */
  readonly maxSegmentMs?: number;
  /** Least new audio between two partials, 200 to 5000. */
  readonly partialIntervalMs?: number;
}

/** A word or phrase that is likely to be said, and whose spelling matters. */
export interface HotWordRequest {
  /** As it is to be written, 1 to 64 characters. */
  readonly text: string;
  /** How much it is preferred, 0.1 to 10; 1 when left out. */
  readonly weight?: number;
}

/** The first message of a speaker's stream. */
export interface StartMessage {
  readonly type: 'start';
  /** Meeting to speak in, at most 128 characters; a meeting of the stream's own when left out. */
  readonly meeting?: string;
  /** The name shown beside the captions, at most 128 characters. */
  readonly speaker?: string;
  /**
   * BCP 47 tag such as `en`, or `auto` for what is heard. Where no model is named the first that knows it is taken, and for
   * `auto` the first that can tell languages apart; the default model, and what that hears, when left out.
   */
  readonly language?: string;
  /** Name of a model that the server has, as `GET /v1/status` lists them; by the language when left out. */
  readonly model?: string;
  /** Samples per second and channel, 8000 to 48000. */
  readonly sampleRate: number;
  readonly encoding: AudioEncoding;
  /** Interleaved channels, 1 to 8, mixed down to one; 1 when left out. */
  readonly channels?: number;
  /** Whether partial captions are wanted; true when left out. */
  readonly partials?: boolean;
  /** Whether captions carry `timing`; false when left out. */
  readonly timing?: boolean;
  /** Whether the speaker's own finals carry `words`, where the model has their times; false when left out. */
  readonly words?: boolean;
  /** Heard rather than what sounds alike, where the model can; `ready` tells. A word by itself has the usual weight. */
  readonly hotWords?: readonly (string | HotWordRequest)[];
  /** Words that nobody is to read, of 1 to 64 characters each: `***` stands in their places. */
  readonly mask?: readonly string[];
  /** Whether numbers, dates and amounts are written in digits where the model spells them out; false when left out. */
  readonly numerals?: boolean;
  readonly endpointing?: EndpointingRequest;
}

/**
 * Instead of `start`: takes up a stream whose connection was lost, from the same client. Audio goes on where `ready` says;
 * what was sent behind that, markers, flushes and gaps among it, is to be sent again.
 */
export interface ResumeMessage {
  readonly type: 'resume';
  /** As `ready` gave it. */
  readonly token: string;
  /** Of the last `ack` that came, 0 for none: finals behind it are told again. */
  readonly acknowledgedMs: number;
}

/** Nothing was recorded for a while, as of a muted microphone: what follows was spoken so much later. */
export interface GapMessage {
  readonly type: 'gap';
  /** 1 to 86,400,000. */
  readonly durationMs: number;
}

/** Audio in the msgpack encoding. In the JSON encoding a binary message is the audio itself. */
export interface AudioMessage {
  readonly type: 'audio';
  readonly pcm: Uint8Array;
}

/** A fence: answered with the same id once all audio before it is decoded and what came of it was sent. */
export interface MarkerMessage {
  readonly type: 'marker';
  /** 0 to 2^53 - 1, the client's own. */
  readonly id: number;
}

/** Ends the open segment now, as if silence had been heard. */
export interface FlushMessage {
  readonly type: 'flush';
}

/** No more audio: the rest is captioned, `done` is sent, and the server closes with 1000. */
export interface StopMessage {
  readonly type: 'stop';
}

export type ClientMessage =
  | StartMessage
  | ResumeMessage
  | AudioMessage
  | GapMessage
  | MarkerMessage
  | FlushMessage
  | StopMessage;

/** Answers `start` and `resume`: audio may flow. */
export interface ReadyMessage {
  readonly type: 'ready';
  readonly version: 1;
  readonly streamId: string;
  readonly meeting: string;
  /** The name shown beside the captions: the one asked for, or one made up. */
  readonly speaker: string;
  /** The recogniser as `name@hash`, hash being the first 12 digits of its content hash. */
  readonly model: string;
  /** Unacknowledged audio the server holds for a stream; one that sends more is closed as too fast. */
  readonly maxBufferedMs: number;
  /** For `resume`, when the connection is lost. A secret: who has it can speak in this stream. */
  readonly resumeToken: string;
  /** For so long after its connection was lost a stream can be taken up again; then it is ended as by `stop`. */
  readonly resumeWindowMs: number;
  /** The frame (sample of each channel, at the stream's own rate) that audio goes on with; 0 for a new stream. */
  readonly nextFrame: number;
  /** What becomes of the hot words of the stream and of its meeting; left out where there are none. */
  readonly hotWords?: HotWordsReport;
}

/** Which hot words are listened for. */
export interface HotWordsReport {
  /** Whether the model listens for hot words at all. Where it does not, captions are as they would be without. */
  readonly supported: boolean;
  /** How many of them it listens for. */
  readonly used: number;
  /** Those that it has no letters for, which are never heard: the first hundred. */
  readonly ignored: readonly string[];
}

/**
 * Answers `start` when the server has no room now: the stream waits for its turn, and hears again whenever its place or
 * its expected wait changes. `ready` ends the wait; audio is not taken before.
 */
export interface WaitingMessage {
  readonly type: 'waiting';
  /** Streams that will be let in before this one. */
  readonly ahead: number;
  /** Null while there is nothing to tell it from. */
  readonly expectedWaitMs: number | null;
}

/**
 * What streams get: everything; partials at longer intervals; no partials but for what is likely to become final. Finals
 * come at every level.
 */
export type ServiceLevel = 'full' | 'slower-partials' | 'finals-only';

/** Why the level changed: the models are behind, captions come late, the socket thread is busy, or it is over. */
export type ServiceReason = 'inference-backlog' | 'late-captions' | 'event-loop-delay' | 'recovered';

/** The server has more work than it can do in time, or has no longer. Sent at every change to all it touches. */
export interface ServiceMessage {
  readonly type: 'service';
  readonly level: ServiceLevel;
  readonly reason: ServiceReason;
}

/** Someone began to speak. */
export interface SpeechStartedMessage {
  readonly type: 'speech-started';
  readonly meeting: string;
  readonly streamId: string;
  readonly speaker: string;
  readonly segmentId: number;
  readonly atMs: number;
}

/** Where the time of one caption went, in milliseconds; what follows the arrival of its newest audio at the server. */
export interface CaptionTiming {
  /** From that arrival until decoding was asked for: gathering windows, voice detection, the silence of an endpoint. */
  readonly audioWaitMs: number;
  /** Until a thread was free and it was this segment's turn. */
  readonly queueWaitMs: number;
  /** In a batch, but not in the model: handed over, and back. */
  readonly batchWaitMs: number;
  /** In the model, together with the rest of its batch. */
  readonly inferenceMs: number;
  /** From the hypothesis until the caption was handed to the socket, which is later where an earlier one is awaited. */
  readonly sendWaitMs: number;
}

/** What partial and final captions share. */
interface CaptionFields {
  readonly meeting: string;
  readonly streamId: string;
  readonly speaker: string;
  /** `streamId` and `segmentId` joined by a colon: the same for every revision of one caption. */
  readonly captionId: string;
  /** Counts up from 0 within a stream. */
  readonly segmentId: number;
  /** Counts up within a segment; a higher one replaces a lower one. */
  readonly revision: number;
  /** Where the segment's speech lies in the stream's audio. These are segment times, not word times. */
  readonly startMs: number;
  readonly endMs: number;
  /**
   * When the segment began to be spoken, by the server's clock, in milliseconds since 1970. Orders the captions of a
   * meeting's streams; as exact as audio was sent on time.
   */
  readonly spokenAtMs: number;
  readonly text: string;
  /** Where `start` asked for it. */
  readonly timing?: CaptionTiming;
}

/** The caption so far, while the speaker goes on. A later revision replaces it. */
export interface PartialMessage extends CaptionFields {
  readonly type: 'partial';
  /** Characters at the beginning of `text` that successive hypotheses agreed on. */
  readonly stableChars: number;
}

/** Why a segment ended: a pause, its length, or a flush, stop or drain. */
export type Endpoint = 'silence' | 'max-duration' | 'flush';

/** A word with the punctuation behind it, or a character of a script that has no spaces, and when it was said. */
export interface SpokenWord {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
  /** How sure the model is, 0 to 1; left out where it does not tell. */
  readonly confidence?: number;
}

/** How somebody speaks. */
export type Emotion = 'happy' | 'sad' | 'angry' | 'neutral' | 'fearful' | 'disgusted' | 'surprised';

/** What is to be heard. */
export type SoundEvent =
  | 'speech'
  | 'noise'
  | 'music'
  | 'singing'
  | 'applause'
  | 'laughter'
  | 'crying'
  | 'sneeze'
  | 'breath'
  | 'cough';

/** A caption that will not change again. */
export interface FinalMessage extends CaptionFields {
  readonly type: 'final';
  readonly endpoint: Endpoint;
  /**
   * In their order, all of `text` but its spaces. For the speaker whose `start` asked for them alone: neither viewers nor
   * what is stored have them, nor what is told again after `resume`.
   */
  readonly words?: readonly SpokenWord[];
  /** Geometric mean of the tokens' probabilities, 0 to 1; left out where the model has none. */
  readonly confidence?: number;
  /** Set when the model's output was cut: it repeated itself, or ran past what the audio can hold. */
  readonly cut?: 'repetition' | 'length';
  /** BCP 47: the one asked for, else the one heard where the model tells; `und` where nothing does. */
  readonly language: string;
  /** How it was said, where the model tells. */
  readonly emotion?: Emotion;
  /** What was to be heard besides, where the model tells. */
  readonly event?: SoundEvent;
  readonly model: string;
}

/**
 * Everything up to `acknowledgedMs` of the stream's audio is final and stored. A client may have `maxBufferedMs` (see
 * `ready`) of audio beyond it under way: that is the flow control. What came 100 ms and more before it need not be kept
 * for `resume`.
 */
export interface AckMessage {
  readonly type: 'ack';
  readonly acknowledgedMs: number;
}

/** Something went wrong; `docs/protocol.md` lists the codes. */
export interface ErrorMessage {
  readonly type: 'error';
  readonly code: string;
  readonly message: string;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** Whether the connection closes after this. */
  readonly fatal: boolean;
  /** The caption that is lost, for errors about one; what was shown of it will not become final. */
  readonly captionId?: string;
  /** Time after which to try again, for errors that busyness explains. */
  readonly retryAfterMs?: number;
}

/** Where every millisecond of a stream's audio went: `receivedMs` is the sum of the other three. */
export interface AudioBooks {
  readonly receivedMs: number;
  readonly transcribedMs: number;
  readonly silenceMs: number;
  readonly droppedMs: number;
}

/** The last message of a stream that was stopped or drained. */
export interface DoneMessage extends AudioBooks {
  readonly type: 'done';
  readonly streamId: string;
  /** Finals sent. */
  readonly captions: number;
}

/** Answers a viewer's connection: captions follow as they are made. */
export interface WatchingMessage {
  readonly type: 'watching';
  readonly version: 1;
  readonly meeting: string;
}

/**
 * What was said before, to viewers who asked for it (`?history=N`), once after `watching`; in the order it was spoken. What
 * is being said may come before it: captions have ids, and one that has come twice is the same.
 */
export interface HistoryMessage {
  readonly type: 'history';
  readonly meeting: string;
  readonly captions: readonly FinalMessage[];
  /** Whether there is more, before these: see the transcript over HTTP. */
  readonly more: boolean;
}

/** A speaker's stream left the meeting. */
export interface SpeakerLeftMessage {
  readonly type: 'speaker-left';
  readonly meeting: string;
  readonly streamId: string;
  readonly speaker: string;
}

export type CaptionMessage = PartialMessage | FinalMessage;

/** What a speaker's connection receives. */
export type SpeakerServerMessage =
  | ReadyMessage
  | WaitingMessage
  | ServiceMessage
  | SpeechStartedMessage
  | CaptionMessage
  | MarkerMessage
  | AckMessage
  | ErrorMessage
  | DoneMessage;

/** What a viewer's connection receives. */
export type ViewerServerMessage =
  | WatchingMessage
  | HistoryMessage
  | ServiceMessage
  | SpeechStartedMessage
  | CaptionMessage
  | SpeakerLeftMessage
  | ErrorMessage;

export type ServerMessage = SpeakerServerMessage | ViewerServerMessage;
