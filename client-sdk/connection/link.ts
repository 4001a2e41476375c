import { RoundtableError } from '../errors.ts';
import { type ErrorMessage, JSON_SUBPROTOCOL, KEY_SUBPROTOCOL_PREFIX } from '../protocol.ts';
import type { WebSocketConstructor, WebSocketLike } from './web-socket.ts';

/** What a link tells. */
export interface LinkListener<Message> {
  /** Messages may be sent. */
  opened(): void;
  /** An error that ends the connection is not among these. */
  message(message: Message): void;
  /** It is over, once. @param error the server's, or `connection-lost`. */
  closed(error: RoundtableError): void;
}

/** WebSocket.OPEN */
const OPEN = 1;
const NORMAL_CLOSURE = 1000;
/** Close codes of the protocol are 4000 and an HTTP status. */
const FIRST_OWN_CLOSE_CODE = 4000;
/** What no other try mends, by the reason of the close; where the message before it came, that says it. */
const FINAL_REASONS = ['taken-over', 'unknown-stream', 'unauthorized'];

/** One WebSocket to the server, in JSON. Makes no second try. */
export class Link<Message extends { readonly type: string }> {
  readonly #socket: WebSocketLike;
  #listener: LinkListener<Message> | null;
  #error: RoundtableError | null = null;

  /** @throws {SyntaxError} when the key holds characters that no subprotocol may have. */
  constructor(
    WebSocket: WebSocketConstructor,
    url: string,
    key: string | undefined,
    listener: LinkListener<Message>,
  ) {
    const subprotocols = [
      JSON_SUBPROTOCOL,
      ...(key === undefined ? [] : [`${KEY_SUBPROTOCOL_PREFIX}${key}`]),
    ];
    this.#listener = listener;
    this.#socket = new WebSocket(url, subprotocols);
    this.#socket.addEventListener('open', () => this.#listener?.opened());
    this.#socket.addEventListener('message', ({ data }) => this.#take(data));
    // The close that follows ends it; browsers say nothing here.
    this.#socket.addEventListener('error', ({ message }) => {
      this.#error ??= lost(message ? `The connection failed: ${message}.` : 'The connection failed.');
    });
    this.#socket.addEventListener('close', ({ code, reason }) => {
      this.#end(this.#error ?? closeError(code, reason));
    });
  }

  /** Bytes are taken over: who sends them does not write to them any more. */
  send(message: object | Uint8Array<ArrayBuffer>): void {
    if (this.#socket.readyState !== OPEN) return;
    this.#socket.send(message instanceof Uint8Array ? message : JSON.stringify(message));
  }

  /** Hangs up; the listener hears no more of it. Idempotent. */
  abandon(): void {
    this.#listener = null;
    this.#socket.close(NORMAL_CLOSURE);
  }

  #take(data: unknown): void {
    if (!this.#listener) return;
    let message: Message | ErrorMessage;
    try {
      message = JSON.parse(String(data)) as Message | ErrorMessage;
    } catch {
      this.#error = lost('What came is no message of a Roundtable server.');
      this.#socket.close(NORMAL_CLOSURE);
      return;
    }
    if (isFatal(message)) this.#error = toError(message);
    else this.#listener.message(message as Message);
  }

  #end(error: RoundtableError): void {
    const listener = this.#listener;
    this.#listener = null;
    listener?.closed(error);
  }
}

/** The server's error as one that can be thrown. */
export function toError({
  code,
  message,
  retryable,
  retryAfterMs,
  captionId,
}: ErrorMessage): RoundtableError {
  return new RoundtableError(code, message, { retryable, retryAfterMs, ...(captionId && { captionId }) });
}

/** The network failed, or something in it. */
export function lost(message: string): RoundtableError {
  return new RoundtableError('connection-lost', message, { retryable: true });
}

function isFatal(message: { readonly type: string; readonly fatal?: boolean }): message is ErrorMessage {
  return message.type === 'error' && message.fatal === true;
}

/** A close that no message explains. */
function closeError(code: number, reason: string): RoundtableError {
  const sentence = `The connection was closed (${code}${reason ? `, ${reason}` : ''}).`;
  if (code < FIRST_OWN_CLOSE_CODE || !reason) return lost(sentence);

  return new RoundtableError(reason, sentence, { retryable: !FINAL_REASONS.includes(reason) });
}
