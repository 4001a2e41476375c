import type { WebSocket } from 'uWebSockets.js';
import type { DialectClient } from './dialect.ts';

/** Share of the output allowed that may be unread before interim results are left out. */
const INTERIM_SHARE = 1 / 4;

/** Whom a socket tells of a client that reads too slowly. */
export interface SlowClientObserver {
  /** It left too much unread. */
  cutOff(): void;
  interimDropped(): void;
}

/** A uWebSockets.js socket as a dialect's client. */
export class DialectSocket<UserData> implements DialectClient {
  readonly #maxOutputBytes: number;
  readonly #observer: SlowClientObserver;
  #socket: WebSocket<UserData> | null = null;
  #isCutOff = false;

  constructor(maxOutputBytes: number, observer: SlowClientObserver) {
    this.#maxOutputBytes = maxOutputBytes;
    this.#observer = observer;
  }

  /** Bytes that the client has not read. */
  get bufferedBytes(): number {
    return this.#socket?.getBufferedAmount() ?? 0;
  }

  /** The socket is there. */
  opened(socket: WebSocket<UserData>): void {
    this.#socket = socket;
  }

  send(text: string): void {
    if (!this.#socket || this.#isCutOff) return;
    if (this.bufferedBytes + Buffer.byteLength(text) > this.#maxOutputBytes) {
      this.#isCutOff = true;
      this.#observer.cutOff();
      return;
    }
    this.#socket.send(text, false);
  }

  sendInterim(text: string): void {
    if (this.bufferedBytes > this.#maxOutputBytes * INTERIM_SHARE) this.#observer.interimDropped();
    else this.send(text);
  }

  close(code: number, reason: string): void {
    const socket = this.#socket;
    this.#socket = null;
    // uWS calls the close handler from within end().
    socket?.end(code, reason);
  }

  /** The socket is gone: any use of it would throw. */
  gone(): void {
    this.#socket = null;
  }
}
