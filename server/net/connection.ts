import type { ServerMessage } from '../../client-sdk/protocol.ts';
import type { Incoming } from './codec.ts';

/** One client's socket, whichever library holds it and whatever it encodes messages as. */
export interface Connection {
  /** Sends, or closes the connection with `slow-consumer` when its client has left too much unread. */
  send(message: ServerMessage): void;
  /** Bytes sent that the client has not read. */
  readonly bufferedBytes: number;
  /** Ends the connection; the handler hears `closed`. Idempotent. */
  close(code: number, reason: string): void;
}

/** What a connection tells its owner. */
export interface ConnectionHandler {
  /** A message; bytes in it are only valid during the call. */
  message(message: Incoming): void;
  /** The socket is gone, for whichever reason. Called once. */
  closed(): void;
}
