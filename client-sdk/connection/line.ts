import { RoundtableError } from '../errors.ts';
import type { Time } from '../time.ts';
import { Heartbeat } from './heartbeat.ts';
import { Link } from './link.ts';
import { type ReconnectOptions, Retries } from './retries.ts';
import { onWake } from './wake.ts';
import type { WebSocketConstructor } from './web-socket.ts';

/** Whom a line is for. */
export interface LineOptions<Message> {
  /** Asked for before every connection. */
  readonly url: () => string;
  readonly key: string | undefined;
  readonly WebSocket: WebSocketConstructor;
  readonly time: Time;
  readonly reconnect: ReconnectOptions;
  /** Nothing came for this long: `ask` sends what is answered; where nothing can be, the line is dead. */
  readonly quietMs: number;
  readonly quietMsOnWake: number;
  readonly ask: (() => void) | null;
  /** A connection is there: the first message may be sent. */
  readonly opened: () => void;
  readonly message: (message: Message) => void;
  /** The connection is over. @param error the server's, `connection-lost`, or `no-answer`. */
  readonly lost: (error: RoundtableError) => void;
}

/** Time for a connection to be made, and for the first answer on it. */
const ANSWER_MS = 15_000;
/** How long an answer to being asked may take; twice as long after each time that there was none, up to the last. */
const PATIENCE_MS = 10_000;
const MOST_PATIENCE_MS = 80_000;

/** One connection at a time, over and over: makes it, watches it, and makes it again when its owner wants that. */
export class Line<Message extends { readonly type: string }> {
  readonly #options: LineOptions<Message>;
  readonly #retries: Retries;
  readonly #heartbeat: Heartbeat;
  readonly #stopListening: () => void;
  #link: Link<Message> | null = null;
  #patienceMs = PATIENCE_MS;

  constructor(options: LineOptions<Message>) {
    this.#options = options;
    const { time, reconnect, ask, quietMs, quietMsOnWake } = options;
    this.#retries = new Retries(time, reconnect, () => this.connect());
    this.#heartbeat = new Heartbeat(time, {
      quietMs,
      quietMsOnWake,
      ask,
      dead: () => this.#noAnswer(),
    });
    this.#stopListening = onWake(() => {
      this.#retries.hurry();
      this.#heartbeat.wake();
    });
  }

  /** Makes a connection now, in place of the one there is. @throws whatever the platform's WebSocket does not allow. */
  connect(): void {
    this.hangUp();
    const { WebSocket, url, key, opened, message, lost } = this.#options;
    this.#heartbeat.expect(ANSWER_MS);
    this.#link = new Link<Message>(WebSocket, url(), key, {
      opened,
      message: (received) => {
        this.#heartbeat.heard();
        message(received);
      },
      closed: (error) => {
        this.#link = null;
        this.#heartbeat.stop();
        lost(error);
      },
    });
  }

  /** To the connection there is, if there is one. */
  send(message: object | Uint8Array<ArrayBuffer>): void {
    this.#link?.send(message);
  }

  /** The server has answered: from now on silence means something. @param patient it has said that it is slow. */
  watch(patient = false): void {
    this.#heartbeat.watch(patient ? MOST_PATIENCE_MS : this.#patienceMs);
  }

  /** The connection has proved itself: what failed before is forgotten. */
  proved(): void {
    this.#retries.succeeded();
    this.#patienceMs = PATIENCE_MS;
  }

  /** Makes a connection again, later. @returns false when that has failed for too long. */
  retry(error: RoundtableError): boolean {
    this.hangUp();

    return this.#retries.failed(error);
  }

  /** Ends the connection there is; nothing more is heard of it. */
  hangUp(): void {
    this.#heartbeat.stop();
    const link = this.#link;
    this.#link = null;
    link?.abandon();
  }

  /** Ends everything. Idempotent. */
  close(): void {
    this.#stopListening();
    this.#retries.cancel();
    this.hangUp();
  }

  #noAnswer(): void {
    this.hangUp();
    this.#patienceMs = Math.min(MOST_PATIENCE_MS, 2 * this.#patienceMs);
    this.#options.lost(new RoundtableError('no-answer', 'The server does not answer.', { retryable: true }));
  }
}
