import type { WebSocket } from 'uWebSockets.js';
import type { ServerMessage } from '../../client-sdk/protocol.ts';
import { ERRORS } from '../errors.ts';
import type { Codec } from './codec.ts';
import type { Connection } from './connection.ts';

/** A uWebSockets.js socket as a Connection. */
export class UwsConnection<UserData> implements Connection {
  readonly #socket: WebSocket<UserData>;
  readonly #codec: Codec;
  readonly #maxOutputBytes: number;
  readonly #onSlow: () => void;
  #open = true;

  /** @param onSlow called once, when the client is cut off for not reading. */
  constructor(socket: WebSocket<UserData>, codec: Codec, maxOutputBytes: number, onSlow: () => void) {
    this.#socket = socket;
    this.#codec = codec;
    this.#maxOutputBytes = maxOutputBytes;
    this.#onSlow = onSlow;
  }

  get bufferedBytes(): number {
    return this.#open ? this.#socket.getBufferedAmount() : 0;
  }

  send(message: ServerMessage): void {
    if (!this.#open) return;
    if (this.bufferedBytes > this.#maxOutputBytes) {
      this.#onSlow();
      this.close(ERRORS['slow-consumer'].closeCode, 'slow-consumer');
      return;
    }
    this.#socket.send(this.#codec.encode(message), this.#codec.binary);
  }

  close(code: number, reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    // uWS calls the close handler from within end().
    this.#socket.end(code, reason);
  }

  /** The socket is gone: any use of it would throw. */
  gone(): void {
    this.#open = false;
  }
}
