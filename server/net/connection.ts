import type { ServerMessage } from '../../client-sdk/protocol.ts';
import type { Incoming } from './codec.ts';

/** One client's socket, whichever library holds it and whatever it encodes messages as. */
export interface Connection {
  /**
   * Sends, or holds the message while the client reads slowly, without what a later one supersedes. Closes the
   * connection with `slow-consumer` when the client has left too much unread.
   */
  send(message: ServerMessage): void;
  /** Bytes that the socket has not taken over from the server, held messages among them. */
  readonly bufferedBytes: number;
  /** Messages held until the client has read some of what it was sent. */
  readonly heldMessages: number;
  /** Ends the connection behind what is held; the handler hears `closed`. Idempotent. */
  close(code: number, reason: string): void;
}

/** What a connection tells its owner. */
export interface ConnectionHandler {
  /** A message; bytes in it are only valid during the call. */
  message(message: Incoming): void;
  /** The socket is gone, for whichever reason. Called once. */
  closed(): void;
}
