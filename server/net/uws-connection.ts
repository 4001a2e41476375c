import type { WebSocket } from 'uWebSockets.js';
import type { ServerMessage } from '../../client-sdk/protocol.ts';
import { ERRORS } from '../errors.ts';
import type { Codec } from './codec.ts';
import type { Connection } from './connection.ts';
import { Outbox } from './outbox.ts';

/** Whom a connection tells of clients that read too slowly. */
export interface OutputObserver {
  /** A client was cut off for not reading. Called once. */
  cutOff(): void;
  /** A held partial will never be sent. */
  partialDropped(): void;
}

/** Share of the output allowed that the socket may hold: what it has cannot be superseded any more. */
const SOCKET_SHARE = 1 / 4;
/**
 * Bytes from one ping among the output to the next. A client answers each when it has read so far, which is the only
 * sign that output moves while it lies in the buffers of the network.
 */
const PING_EVERY_BYTES = 16_384;

/** A uWebSockets.js socket as a Connection. */
export class UwsConnection<UserData> implements Connection {
  readonly #socket: WebSocket<UserData>;
  readonly #codec: Codec;
  readonly #maxOutputBytes: number;
  readonly #observer: OutputObserver;
  readonly #outbox: Outbox;
  #bytesSincePing = 0;
  #open = true;

  /** @param maxOutputBytes what socket and outbox may hold together. */
  constructor(socket: WebSocket<UserData>, codec: Codec, maxOutputBytes: number, observer: OutputObserver) {
    this.#socket = socket;
    this.#codec = codec;
    this.#maxOutputBytes = maxOutputBytes;
    this.#observer = observer;
    this.#outbox = new Outbox(() => observer.partialDropped());
  }

  get bufferedBytes(): number {
    return this.#open ? this.#socket.getBufferedAmount() + this.#outbox.bytes : 0;
  }

  get heldMessages(): number {
    return this.#outbox.size;
  }

  send(message: ServerMessage): void {
    if (!this.#open) return;
    const encoded = this.#codec.encode(message);
    if (this.#outbox.size === 0 && this.#socketRoom() >= 0) {
      this.#write(encoded);
      return;
    }
    const roomBytes = this.#maxOutputBytes - this.#socket.getBufferedAmount();
    if (!this.#outbox.hold(message, encoded, roomBytes)) this.#cutOff();
  }

  close(code: number, reason: string): void {
    if (!this.#open) return;
    this.#writeHeld(Number.POSITIVE_INFINITY);
    this.#open = false;
    // uWS calls the close handler from within end().
    this.#socket.end(code, reason);
  }

  /** The socket has sent some of what it held. */
  drained(): void {
    while (this.#open && this.#outbox.size > 0 && this.#socketRoom() >= 0)
      this.#writeHeld(this.#socketRoom());
  }

  /** Asks for a sign of life, unless one will come of output that is still to be sent. */
  ping(): void {
    if (this.#open && this.#socket.getBufferedAmount() === 0) this.#socket.ping();
  }

  /** The socket is gone: any use of it would throw. */
  gone(): void {
    this.#open = false;
    this.#outbox.clear();
  }

  /** Bytes that may go into the socket before messages are held; negative when it has more. */
  #socketRoom(): number {
    return this.#maxOutputBytes * SOCKET_SHARE - this.#socket.getBufferedAmount();
  }

  #write(encoded: Uint8Array): void {
    this.#socket.send(encoded, this.#codec.binary);
    this.#bytesSincePing += encoded.length;
    if (this.#bytesSincePing < PING_EVERY_BYTES) return;
    this.#bytesSincePing = 0;
    this.#socket.ping();
  }

  #writeHeld(bytes: number): void {
    this.#socket.cork(() => {
      for (const encoded of this.#outbox.take(bytes)) this.#write(encoded);
    });
  }

  #cutOff(): void {
    this.#outbox.clear();
    this.#observer.cutOff();
    this.close(ERRORS['slow-consumer'].closeCode, 'slow-consumer');
  }
}
