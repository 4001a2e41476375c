import type { SpeakerServerMessage } from '../../client-sdk/protocol.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/options.ts';
import type { ErrorCode, StreamError } from '../errors.ts';
import type { ServedModels } from '../models/served-models.ts';
import type { HttpAnswer } from '../net/http.ts';
import type { DialectName } from './dialect-names.ts';
import type { DialectSpeaker } from './dialect-speaker.ts';

/** A request for a WebSocket: a copy, because uWebSockets.js' own is gone when its handler returns. */
export interface DialectRequest {
  readonly query: URLSearchParams;
  /** '' when there is none. */
  readonly authorization: string;
  /** The `OpenAI-Beta` header, '' when there is none. */
  readonly openaiBeta: string;
  /** Subprotocols that the client offers, in its order. */
  readonly offered: readonly string[];
}

/** What a dialect makes of a request. */
export interface Greeting {
  /** The API key that it presents, or null. */
  readonly key: string | null;
  /** The subprotocol agreed upon, '' for none. */
  readonly subprotocol: string;
  /** Further headers of the answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Makes the conversation, whose stream can be started once there is a socket.
   * @throws {StreamError} when nothing can come of it, which only the model can tell.
   */
  readonly converse: (parts: ConversationParts) => Conversation;
}

/** What a conversation has to do with. */
export interface ConversationParts {
  readonly client: DialectClient;
  readonly speaker: DialectSpeaker;
  readonly clock: Clock;
  readonly recognizers: ServedModels;
  /** The server's own endpointing: what a stream gets that asks for none. */
  readonly endpointing: DefaultEndpointing;
}

/** Settings that clients of other services want to be told. */
export type DefaultEndpointing = Pick<Config, 'startThreshold' | 'minSilenceMs' | 'prefixPaddingMs'>;

/** The client's socket, as a conversation sees it. */
export interface DialectClient {
  /** Sends a text message. A client that leaves too much unread is cut off. */
  send(text: string): void;
  /** Sends what a later message replaces: left out while the client reads slowly. */
  sendInterim(text: string): void;
  /** Ends the connection behind what was sent; nothing is heard of the client any more. Idempotent. */
  close(code: number, reason: string): void;
}

/** One client's conversation: messages of its dialect on one side, those of the native protocol on the other. */
export interface Conversation {
  /** The socket is there: nothing may be sent before. */
  opened?(): void;
  /** The client's text. @throws {StreamError} which `failed` is then told. */
  text(text: string): void;
  /** The client's bytes, valid during the call only. @throws {StreamError} which `failed` is then told. */
  binary(bytes: Uint8Array): void;
  /** The server's own session says something. Errors that end it come through `failed` alone. */
  told(message: SpeakerServerMessage): void;
  /** The stream has come to its end: all it said was told. The client is to be closed. */
  done(): void;
  /** The stream has failed, or was refused. The client is to be told, and closed. */
  failed(error: DialectFailure): void;
  /** The client is gone. Called once, also after `close`. */
  closed(): void;
}

/** Why a stream came to its end before it was done. */
export interface DialectFailure {
  readonly code: ErrorCode;
  /** A sentence; never anything that was said. */
  readonly message: string;
  readonly retryAfterMs: number | null;
}

/** How one service's clients talk over a WebSocket. */
export interface Dialect {
  readonly name: DialectName;
  /** On the main port. */
  readonly path: string;
  /** @throws {StreamError} when nothing can come of the request. */
  greet(request: DialectRequest): Greeting;
  /** How it refuses a client before there is a socket. */
  refuse(error: StreamError): HttpAnswer;
}
