import { streamUrl } from '../addresses.ts';
import { Line } from '../connection/line.ts';
import { toError } from '../connection/link.ts';
import type { WebSocketConstructor } from '../connection/web-socket.ts';
import { RoundtableError } from '../errors.ts';
import type {
  DoneMessage,
  ErrorMessage,
  MarkerMessage,
  ReadyMessage,
  SpeakerServerMessage,
} from '../protocol.ts';
import type { Time } from '../time.ts';
import { addBooks } from './books.ts';
import { FlowControl } from './flow-control.ts';
import { startMessage } from './start.ts';
import type { LostAudio, Tape } from './tape.ts';
import type { SpeakerOptions } from './terms.ts';

/** What the server says that is not dealt with here. */
export type Told = Exclude<SpeakerServerMessage, ErrorMessage | DoneMessage>;

/** Whom a session tells. */
export interface SessionListener {
  told(message: Told): void;
  /** A connection that had been let in, or asked for it, is over; another one will be made. */
  interrupted(error: RoundtableError): void;
  /** Something went wrong, and everything goes on. */
  warned(error: RoundtableError): void;
  lost(audio: LostAudio): void;
  /** Some of what waited has been sent. */
  sent(): void;
  /** It is over. @param outcome the books of all streams, if it ended as asked. */
  ended(outcome: DoneMessage | RoundtableError): void;
}

/** What a session needs. */
export interface SessionParts {
  readonly options: SpeakerOptions;
  readonly WebSocket: WebSocketConstructor;
  readonly time: Time;
  readonly tape: Tape;
  readonly listener: SessionListener;
}

/** Nothing heard for this long: a marker asks for a sign of life, which also keeps the connection from being called idle. */
const QUIET_MS = 10_000;
/** The numbers of those markers begin here. */
const FIRST_PROBE = 2 ** 52;
/** Markers that may be under way: a server takes 64 of them and of flushes unless told otherwise. */
const MAX_MARKERS = 32;
/** How often audio that goes slower than it could is looked after. */
const PACING_MS = 100;
/** What may be left to acknowledge at the end, where milliseconds were rounded. */
const ROUNDING_MS = 2;

/** Gets what is on a tape to the server, once, through however many connections and streams that takes. */
export class Session {
  readonly #parts: SessionParts;
  readonly #line: Line<SpeakerServerMessage>;
  readonly #flow = new FlowControl();
  /** The server's first answer: a new stream goes on with its names. */
  #first: ReadyMessage | null = null;
  /** The stream to be taken up again; null where one has to be started. */
  #stream: ReadyMessage | null = null;
  /** Whether the connection takes audio. */
  #isOpen = false;
  /** Of the last ack of the present stream. */
  #acknowledgedMs = 0;
  /** Sent on this connection and not answered, but for those that only ask for a sign of life. */
  readonly #markers = new Set<number>();
  /** Those without an answer, on whichever connection. */
  readonly #awaited = new Set<number>();
  #nextProbe = FIRST_PROBE;
  #stop: 'none' | 'wanted' | 'sent' = 'none';
  /** Of all streams that ended. */
  #books: DoneMessage | null = null;
  #cancelPacing: (() => void) | null = null;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    const { options, WebSocket, time } = parts;
    const url = streamUrl(options.url);
    this.#line = new Line<SpeakerServerMessage>({
      ...{ url: () => url, key: options.key, WebSocket, time },
      reconnect: options.reconnect ?? {},
      ...{ quietMs: QUIET_MS, quietMsOnWake: 0 },
      ask: () => this.#line.send({ type: 'marker', id: this.#nextProbe++ }),
      opened: () => this.#greet(),
      message: (message) => this.#take(message),
      lost: (error) => this.#lost(error),
    });
  }

  /** The server's first answer. */
  get first(): ReadyMessage | null {
    return this.#first;
  }

  /** The present stream; null while there is none. */
  get stream(): ReadyMessage | null {
    return this.#stream;
  }

  /** Makes the first connection. @throws whatever the platform's WebSocket does not allow. */
  begin(): void {
    this.#line.connect();
  }

  /** A marker is on the tape: its answer is awaited. */
  awaitMarker(id: number): void {
    this.#awaited.add(id);
  }

  /** `stop` is on the tape: what `done` says is the end. */
  awaitDone(): void {
    this.#stop = 'wanted';
  }

  /** Hangs up. The server hears that no more comes, and need not wait for it. Idempotent. */
  close(): void {
    if (this.#isOpen && this.#stop !== 'sent') this.#line.send({ type: 'stop' });
    this.#disconnected();
    this.#line.close();
  }

  /** Sends what may be sent now. */
  pump(): void {
    const { tape, time, listener } = this.#parts;
    while (this.#isOpen) {
      const windowFrame = tape.toFrames(this.#flow.windowMs(tape.toMs(tape.acknowledgedFrame)));
      const paceFrame = tape.toFrames(this.#flow.paceMs(time.now()));
      const markers = MAX_MARKERS - this.#markers.size;
      const message = tape.next(Math.min(windowFrame, paceFrame), markers);
      if (!message) {
        if (paceFrame < windowFrame && tape.unsentFrames > 0) this.#pumpLater();
        break;
      }
      this.#line.send(message);
      if (message instanceof Uint8Array) continue;
      if (message.type === 'marker') this.#markers.add(message.id);
      if (message.type === 'stop') this.#stop = 'sent';
    }
    listener.sent();
  }

  /** The first message of a connection. */
  #greet(): void {
    if (this.#stream) {
      const { resumeToken } = this.#stream;
      this.#line.send({ type: 'resume', token: resumeToken, acknowledgedMs: this.#acknowledgedMs });
    } else {
      this.#line.send(startMessage(this.#parts.options, this.#first));
    }
  }

  #take(message: SpeakerServerMessage): void {
    if (message.type === 'ready') this.#onReady(message);
    else if (message.type === 'done') this.#onDone(message);
    else if (message.type === 'error') this.#parts.listener.warned(toError(message));
    else {
      if (message.type === 'waiting') this.#line.watch();
      if (message.type === 'service') this.#line.watch(message.level !== 'full');
      if (message.type === 'ack') this.#acknowledge(message.acknowledgedMs);
      if (message.type === 'marker' && !this.#onMarker(message)) return;
      this.#parts.listener.told(message);
    }
  }

  #onReady(ready: ReadyMessage): void {
    const { tape, listener, time } = this.#parts;
    if (this.#stream) {
      const lost = tape.resume(ready.nextFrame);
      if (lost === 'ahead') {
        this.#line.send({ type: 'stop' });
        this.#startAnew();
        this.#line.connect();
        return;
      }
      if (lost) listener.lost(lost);
    }
    this.#stream = ready;
    this.#first ??= ready;
    this.#isOpen = true;
    this.#flow.begin(ready.maxBufferedMs, tape.toMs(tape.handedFrame), time.now());
    this.#line.watch();
    // Their places are behind: everything before them is decoded, but the answer was lost.
    for (const id of this.#awaited) {
      if (tape.willSend(id)) continue;
      this.#markers.add(id);
      this.#line.send({ type: 'marker', id });
    }
    listener.told(ready);
    this.pump();
  }

  /** @returns whether somebody waits for it. */
  #onMarker({ id }: MarkerMessage): boolean {
    this.#line.proved();
    this.#markers.delete(id);
    const isAwaited = this.#awaited.delete(id);
    this.pump();

    return isAwaited;
  }

  #acknowledge(ms: number): void {
    this.#acknowledgedMs = Math.max(this.#acknowledgedMs, ms);
    if (this.#parts.tape.acknowledge(ms)) this.#line.proved();
    this.pump();
  }

  /** The stream is over: as asked, or because the server will be. */
  #onDone(done: DoneMessage): void {
    const { tape, listener } = this.#parts;
    this.#acknowledge(done.receivedMs);
    this.#books = this.#books ? addBooks(this.#books, done) : done;
    const isAllDone = tape.toMs(tape.unacknowledgedFrames) <= ROUNDING_MS && this.#awaited.size === 0;
    // A server that drains may be done before it has heard all of it, a marker among it.
    if (this.#stop !== 'none' && isAllDone) {
      listener.ended(this.#books);
      return;
    }
    this.#startAnew();
    this.#retry(new RoundtableError('draining', 'The server is shutting down.', { retryable: true }));
  }

  /** The connection is over. */
  #lost(error: RoundtableError): void {
    this.#disconnected();
    this.#flow.ended(error.code);
    if (error.code === 'unknown-stream' && this.#stream) {
      this.#startAnew();
      this.#line.connect();
    } else if (error.retryable) {
      this.#retry(error);
    } else {
      this.#parts.listener.ended(error);
    }
  }

  #retry(error: RoundtableError): void {
    if (this.#line.retry(error)) this.#parts.listener.interrupted(error);
    else this.#parts.listener.ended(error);
  }

  #disconnected(): void {
    this.#isOpen = false;
    this.#markers.clear();
    if (this.#stop === 'sent') this.#stop = 'wanted';
    this.#cancelPacing?.();
    this.#cancelPacing = null;
  }

  /** The stream cannot be gone on with: another one takes what is not acknowledged. */
  #startAnew(): void {
    this.#disconnected();
    this.#stream = null;
    this.#acknowledgedMs = 0;
    const lost = this.#parts.tape.restart();
    if (lost) this.#parts.listener.lost(lost);
  }

  #pumpLater(): void {
    this.#cancelPacing ??= this.#parts.time.after(PACING_MS, () => {
      this.#cancelPacing = null;
      this.pump();
    });
  }
}
