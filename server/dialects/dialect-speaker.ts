import type {
  ErrorMessage,
  ServerMessage,
  SpeakerServerMessage,
  StartMessage,
} from '../../client-sdk/protocol.ts';
import { createPcmDecoder } from '../audio/pcm.ts';
import type { Clock } from '../clock.ts';
import { StreamError } from '../errors.ts';
import type { Fields, Incoming } from '../net/codec.ts';
import type { Connection } from '../net/connection.ts';
import type { DialectFailure } from './dialect.ts';

/** The server's own session, as the speaker drives it. */
export interface NativeSession {
  message(message: Incoming): void;
  received(bytes: number): void;
  fault(error: unknown): void;
  closed(): void;
  /** Audio that the quotas of its key and its meeting have room for, in milliseconds. */
  readonly roomMs: number;
}

/** What the server says, and how it ends. */
export interface SpeakerListener {
  told(message: SpeakerServerMessage): void;
  done(): void;
  failed(failure: DialectFailure): void;
}

/** Bounds, and the output of the client's socket, which the session is accountable for. */
export interface DialectSpeakerOptions {
  readonly clock: Clock;
  /** Audio that has come and that the stream has no room for yet. */
  readonly maxBacklogBytes: number;
  readonly outputBytes: () => number;
}

type Waiting =
  | { readonly type: 'audio'; readonly pcm: Uint8Array; readonly ms: number }
  | { readonly type: 'control'; readonly fields: Fields };

/** Audio handed over in one message: what is decoded and resampled at a time. */
const PIECE_MS = 1000;
/** Audio handed over before others have their turn. */
const TURN_MS = 5000;
/** Likewise, of however little audio: each takes its time. */
const TURN_MESSAGES = 1000;
/**
 * Markers that may wait for their answer: with a flush for each, fewer than `--max-fences-per-stream` allows unless it is set
 * lower. What follows waits here.
 */
const MAX_MARKERS = 16;
/** How often a quota without room is looked at: others' streams empty it. */
const QUOTA_POLL_MS = 100;
/** What each message that waits is counted for beside its audio, so that many small ones are bounded too. */
const ENTRY_BYTES = 128;

/**
 * A client of the server's own session, for clients that know no credit and do not wait to be let in: what they send waits
 * here, in order, until the stream takes it. Never resumed: with its connection the stream ends.
 */
export class DialectSpeaker implements Connection {
  readonly #options: DialectSpeakerOptions;
  readonly #waiting: Waiting[] = [];
  #listener: SpeakerListener | null = null;
  #session: NativeSession | null = null;
  #frameBytes = 1;
  #bytesPerMs = 1;
  /** What is left of a frame that came in two messages. */
  #torn: Uint8Array = new Uint8Array(0);
  #backlogBytes = 0;
  #maxBufferedMs = 0;
  #isReady = false;
  #isStopped = false;
  #isGone = false;
  #isClosed = false;
  #handedMs = 0;
  #takenBytes = 0;
  #acknowledgedMs = 0;
  #unansweredMarkers = 0;
  #cancelTurn: (() => void) | null = null;
  #isTaking = false;
  #failure: ErrorMessage | null = null;
  /** Called whenever there is less that waits. */
  onTaken: () => void = () => {};

  constructor(options: DialectSpeakerOptions) {
    this.#options = options;
  }

  /** Joins the two ends. @param session made for this connection. */
  attach(session: NativeSession, listener: SpeakerListener): void {
    this.#session = session;
    this.#listener = listener;
  }

  /** Bytes that wait: audio, and something for each message. */
  get backlogBytes(): number {
    return this.#backlogBytes;
  }

  /** Bytes of audio that the stream has taken, of those it was given. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** Bytes that the client has not read. */
  get bufferedBytes(): number {
    return this.#options.outputBytes();
  }

  /** Nothing is held: what the client's socket has no room for is not sent, or closes it. */
  get heldMessages(): number {
    return 0;
  }

  /** A message of so many bytes came from the client. @throws {StreamError} when that is too much. */
  received(bytes: number): void {
    this.#session?.received(bytes);
  }

  /** Begins the stream. Fields are checked as those of a native client. */
  start(start: Omit<StartMessage, 'type'>): void {
    const { frameBytes } = createPcmDecoder({ encoding: start.encoding, channels: start.channels ?? 1 });
    this.#frameBytes = frameBytes;
    this.#bytesPerMs = (frameBytes * start.sampleRate) / 1000;
    this.#control({ ...start, type: 'start' });
  }

  /**
   * Takes audio, in messages that may be of any length.
   * @param pcm copied.
   * @throws {StreamError} `audio-overrun` when more waits than may.
   */
  audio(pcm: Uint8Array): void {
    if (this.#isClosed || this.#isGone) return;
    const whole = Buffer.concat([this.#torn, pcm]);
    const bytes = whole.length - (whole.length % this.#frameBytes);
    this.#torn = whole.subarray(bytes);
    const pieceBytes = Math.floor((this.#bytesPerMs * PIECE_MS) / this.#frameBytes) * this.#frameBytes;
    for (let at = 0; at < bytes; at += pieceBytes) {
      const piece = whole.subarray(at, Math.min(at + pieceBytes, bytes));
      this.#wait({ type: 'audio', pcm: piece, ms: piece.length / this.#bytesPerMs });
    }
    this.#handOver();
  }

  /** Ends the open segment, behind the audio so far. */
  flush(): void {
    this.#later({ type: 'flush' });
  }

  /** Answered by a `marker` with the same id, once all audio so far is decoded. */
  mark(id: number): void {
    this.#later({ type: 'marker', id });
  }

  /** No more audio comes: `done` follows. */
  stop(): void {
    this.#later({ type: 'stop' });
  }

  /** The client did something wrong that ends its stream. */
  fault(error: unknown): void {
    this.#session?.fault(error);
  }

  /** The client is gone: what the stream has of it is captioned for whoever else reads, and nothing more is told here. */
  gone(): void {
    if (this.#isClosed || this.#isGone) return;
    this.#isGone = true;
    this.#forget();
    if (!this.#isReady) {
      this.#isClosed = true;
      this.#session?.closed();
    } else if (!this.#isStopped) this.#control({ type: 'stop' });
  }

  /** What the session says. */
  send(message: ServerMessage): void {
    if (this.#isClosed || this.#isGone) return;
    const told = message as SpeakerServerMessage;
    if (told.type === 'error' && told.fatal) {
      this.#failure = told;
      return;
    }
    if (told.type === 'ready') {
      this.#isReady = true;
      this.#maxBufferedMs = told.maxBufferedMs;
    }
    if (told.type === 'ack') this.#acknowledgedMs = told.acknowledgedMs;
    if (told.type === 'marker') this.#unansweredMarkers--;
    try {
      this.#listener?.told(told);
    } catch (error) {
      // What the dialect asks for in return may be too much, and is the client's fault, not that of whoever speaks here.
      this.fault(error);
    }
    if (told.type === 'ready' || told.type === 'ack' || told.type === 'marker') this.#takeTurn();
  }

  /** The session has ended. */
  close(_code: number, reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#forget();
    if (!this.#isGone) this.#tellEnd(reason);
    this.#session?.closed();
  }

  #tellEnd(reason: string): void {
    const failure = this.#failure;
    if (!failure && reason === 'done') {
      this.#listener?.done();
      return;
    }
    this.#listener?.failed({
      code: (failure?.code ?? 'internal') as DialectFailure['code'],
      message: failure?.message ?? 'The server ended the stream.',
      retryAfterMs: failure?.retryAfterMs ?? null,
    });
  }

  #forget(): void {
    this.#waiting.length = 0;
    this.#backlogBytes = 0;
    this.#cancelTurn?.();
  }

  #later(fields: Fields): void {
    if (this.#isClosed || this.#isGone) return;
    this.#wait({ type: 'control', fields });
    this.#handOver();
  }

  #wait(message: Waiting): void {
    this.#waiting.push(message);
    this.#backlogBytes += sizeOf(message);
  }

  /** Hands over what the stream has room for. @throws {StreamError} `audio-overrun` when more is left than may wait. */
  #handOver(): void {
    if (!this.#cancelTurn) this.#takeTurn();
    if (this.#backlogBytes > this.#options.maxBacklogBytes) throw new StreamError('audio-overrun');
  }

  #takeTurn(): void {
    // What is handed over may be acknowledged at once.
    if (!this.#isReady || this.#isTaking) return;
    this.#cancelTurn?.();
    this.#cancelTurn = null;
    this.#isTaking = true;
    const before = this.#backlogBytes;
    let turnMs = 0;
    let turnMessages = 0;
    while (!this.#isClosed && this.#waiting.length > 0 && this.#hasRoom(this.#waiting[0]!)) {
      if (turnMs >= TURN_MS || turnMessages++ >= TURN_MESSAGES) {
        this.#cancelTurn = this.#options.clock.after(0, () => this.#takeTurn());
        break;
      }
      if (this.#waiting[0]!.type === 'audio' && this.#session!.roomMs < this.#waiting[0]!.ms) {
        this.#cancelTurn = this.#options.clock.after(QUOTA_POLL_MS, () => this.#takeTurn());
        break;
      }
      const next = this.#waiting.shift()!;
      this.#backlogBytes -= sizeOf(next);
      if (next.type === 'audio') {
        turnMs += next.ms;
        this.#handedMs += next.ms;
        this.#takenBytes += next.pcm.length;
        this.#session!.message({ type: 'audio', pcm: next.pcm });
      } else {
        if (next.fields.type === 'marker') this.#unansweredMarkers++;
        if (next.fields.type === 'stop') this.#isStopped = true;
        this.#control(next.fields);
      }
    }
    this.#isTaking = false;
    if (!this.#isClosed && this.#backlogBytes < before) this.onTaken();
  }

  #hasRoom(next: Waiting): boolean {
    if (next.type === 'audio') return this.#handedMs + next.ms - this.#acknowledgedMs <= this.#maxBufferedMs;

    return next.fields.type !== 'marker' || this.#unansweredMarkers < MAX_MARKERS;
  }

  #control(fields: Fields): void {
    this.#session?.message({ type: 'control', fields });
  }
}

function sizeOf(message: Waiting): number {
  return ENTRY_BYTES + (message.type === 'audio' ? message.pcm.length : 0);
}
