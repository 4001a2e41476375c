import {
  type FlushMessage,
  JSON_SUBPROTOCOL,
  type MarkerMessage,
  type ReadyMessage,
  type SpeakerServerMessage,
  type StartMessage,
  type StopMessage,
  type WaitingMessage,
} from './protocol.ts';

/** What is used of a WebSocket: the browser's own, Node 22's and that of `ws` all have it. */
export interface WebSocketLike {
  readonly readyState: number;
  readonly bufferedAmount: number;
  binaryType: string;
  send(data: string | Uint8Array): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'open' | 'error', listener: (event: { readonly message?: string }) => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(
    type: 'close',
    listener: (event: { readonly code: number; readonly reason: string }) => void,
  ): void;
}

/** The class of such WebSockets, such as `globalThis.WebSocket`. */
export type WebSocketConstructor = new (url: string, subprotocols: string[]) => WebSocketLike;

/**
 * Messages that may wait to be taken, a quarter of an hour or more of captions: past these the reader has stopped
 * reading.
 */
const MAX_INBOX_MESSAGES = 10_000;

/** The connection could not be made, or ended before the server said `done`. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  /** The server's error code, or null when the network failed. */
  readonly code: string | null;
  /** Whether the same may succeed later. */
  readonly retryable: boolean;
  /** Time after which to try again, or null where the server named none. */
  readonly retryAfterMs: number | null;

  constructor(message: string, code: string | null, retryable: boolean, retryAfterMs: number | null = null) {
    super(message);
    this.code = code;
    this.retryable = retryable;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * One speaker's connection to a server, in the native protocol: send audio, iterate over what comes back. Nothing is
 * kept for a reconnection.
 */
export class SpeakerConnection implements AsyncIterable<SpeakerServerMessage> {
  /** The server's answer to `start`. */
  readonly ready: ReadyMessage;
  readonly #socket: WebSocketLike;
  /** At most `MAX_INBOX_MESSAGES` that nobody has taken yet, then how it ended: null ends the iteration. */
  readonly #inbox: (SpeakerServerMessage | ConnectionError | null)[];
  #wake: () => void = () => {};

  private constructor(
    socket: WebSocketLike,
    ready: ReadyMessage,
    inbox: (SpeakerServerMessage | ConnectionError | null)[],
  ) {
    this.#socket = socket;
    this.ready = ready;
    this.#inbox = inbox;
  }

  /**
   * Connects, sends `start`, and waits for `ready`.
   * @param url such as `ws://127.0.0.1:8080/v1/stream`.
   * @param signal hangs up, now or later.
   * @param onWaiting hears the place among those that wait, each time that it changes, as long as the server has no room.
   *   The iteration has none of these messages.
   * @throws {ConnectionError} when there is no server, it refuses, or the signal came first.
   */
  static connect(
    url: string,
    start: Omit<StartMessage, 'type'>,
    WebSocket: WebSocketConstructor,
    signal?: AbortSignal,
    onWaiting?: (place: WaitingMessage) => void,
  ): Promise<SpeakerConnection> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url, [JSON_SUBPROTOCOL]);
      const hangUp = () => socket.close(1000);
      if (signal?.aborted) hangUp();
      signal?.addEventListener('abort', hangUp, { once: true });
      const inbox: (SpeakerServerMessage | ConnectionError | null)[] = [];
      let connection: SpeakerConnection | null = null;
      let refusal: ConnectionError | null = null;
      const deliver = (entry: SpeakerServerMessage | ConnectionError | null) => {
        inbox.push(entry);
        if (connection) connection.#wake();
      };
      const overflow = () => {
        refusal ??= new ConnectionError('Its messages are not being read.', null, false);
        hangUp();
      };
      socket.addEventListener('open', () => socket.send(JSON.stringify({ type: 'start', ...start })));
      socket.addEventListener('error', ({ message }) => {
        reject(new ConnectionError(message ?? 'The connection failed.', null, true));
      });
      socket.addEventListener('message', ({ data }) => {
        const message = JSON.parse(String(data)) as SpeakerServerMessage;
        if (message.type === 'error' && message.fatal) {
          const { code, retryable, retryAfterMs = null } = message;
          refusal = new ConnectionError(message.message, code, retryable, retryAfterMs);
        } else if (message.type === 'waiting') {
          onWaiting?.(message);
        } else if (message.type === 'ready') {
          connection = new SpeakerConnection(socket, message, inbox);
          resolve(connection);
        } else if (inbox.length < MAX_INBOX_MESSAGES) {
          deliver(message);
        } else {
          overflow();
        }
      });
      socket.addEventListener('close', ({ code, reason }) => {
        signal?.removeEventListener('abort', hangUp);
        const failure =
          refusal ??
          new ConnectionError(
            `The connection was closed (${code}${reason ? `, ${reason}` : ''}).`,
            null,
            true,
          );
        reject(failure);
        deliver(code === 1000 && !refusal ? null : failure);
      });
    });
  }

  /** Bytes handed over and not yet sent. */
  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** Sends audio in the encoding that `start` named. */
  send(pcm: Uint8Array): void {
    this.#socket.send(pcm);
  }

  /** Asks for a sign when all audio so far is decoded. */
  mark(id: number): void {
    this.#control({ type: 'marker', id });
  }

  /** Ends the caption being spoken now, as if silence had been heard. */
  flush(): void {
    this.#control({ type: 'flush' });
  }

  /** Ends the audio; the iteration ends after `done`. */
  stop(): void {
    this.#control({ type: 'stop' });
  }

  /** Hangs up without waiting for captions. Idempotent. */
  close(): void {
    this.#socket.close(1000);
  }

  /**
   * What the server says, in order. For one consumer, which has to keep reading: a connection whose messages pile up
   * to 10,000 is closed, and what is behind them lost.
   * @throws {ConnectionError} when the connection ends otherwise than by `done`, or was closed for not being read.
   */
  async *[Symbol.asyncIterator](): AsyncIterator<SpeakerServerMessage> {
    for (;;) {
      while (this.#inbox.length === 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
      const entry = this.#inbox.shift()!;
      if (entry === null) return;
      if (entry instanceof ConnectionError) throw entry;
      yield entry;
    }
  }

  #control(message: MarkerMessage | FlushMessage | StopMessage): void {
    this.#socket.send(JSON.stringify(message));
  }
}
