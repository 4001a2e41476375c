import type { WebSocketLike } from '../../client-sdk/connection/web-socket.ts';

type Listener = (event: never) => void;

/** What happens at the server's end of a connection. */
export interface ServerEnd {
  /** Text or bytes came. */
  received(data: string | Uint8Array): void;
  /** The client hung up, or the network broke. */
  closed(): void;
}

/** A WebSocket whose other end is in the same process. What is sent arrives when the event loop turns. */
export class ModelSocket implements WebSocketLike {
  readonly url: string;
  readonly subprotocols: readonly string[];
  binaryType = 'arraybuffer';
  readyState = 0;
  /** Nothing passes any more, in either direction, and nobody hears of it. */
  isFrozen = false;
  #serverEnd: ServerEnd | null = null;
  readonly #listeners = new Map<string, Listener[]>();

  constructor(url: string, subprotocols: readonly string[]) {
    this.url = url;
    this.subprotocols = subprotocols;
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  send(data: string | Uint8Array): void {
    if (this.readyState !== 1) throw new Error('The socket is not open.');
    const copy = typeof data === 'string' ? data : Uint8Array.from(data);
    setImmediate(() => {
      if (!this.isFrozen && this.readyState !== 3) this.#serverEnd?.received(copy);
    });
  }

  close(): void {
    if (this.readyState >= 2) return;
    this.readyState = 2;
    setImmediate(() => {
      if (!this.isFrozen) this.#hangUp(1000, '');
    });
  }

  /** The server takes the connection. */
  accept(serverEnd: ServerEnd): void {
    if (this.readyState !== 0) return;
    this.#serverEnd = serverEnd;
    this.readyState = 1;
    this.#emit('open', {});
  }

  /** Nobody is there. */
  refuse(): void {
    this.#emit('error', { message: 'connect ECONNREFUSED' });
    this.#hangUp(1006, '');
  }

  /** The server sends a message. */
  say(message: object): void {
    const data = JSON.stringify(message);
    setImmediate(() => {
      if (!this.isFrozen && this.readyState === 1) this.#emit('message', { data });
    });
  }

  /** The server hangs up, behind what it said. */
  end(code: number, reason = ''): void {
    setImmediate(() => {
      if (!this.isFrozen) this.#hangUp(code, reason);
    });
  }

  /** The network breaks: what is under way is lost. */
  cut(): void {
    this.#hangUp(1006, '');
  }

  #hangUp(code: number, reason: string): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.#serverEnd?.closed();
    this.#emit('close', { code, reason });
  }

  #emit(type: string, event: object): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event as never);
  }
}
