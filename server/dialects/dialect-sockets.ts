import type { HttpRequest, HttpResponse, TemplatedApp, us_socket_context_t } from 'uWebSockets.js';
import type { ApiKeys, Caller } from '../admission/api-keys.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/options.ts';
import { type ErrorCode, StreamError } from '../errors.ts';
import type { ServedModels } from '../models/served-models.ts';
import type { Connection } from '../net/connection.ts';
import { asStreamError } from '../net/error-message.ts';
import type { HttpAnswer } from '../net/http.ts';
import { isOriginAllowed } from '../net/origins.ts';
import type { Conversation, DefaultEndpointing, Dialect, Greeting } from './dialect.ts';
import type { DialectName } from './dialect-names.ts';
import { DialectSocket } from './dialect-socket.ts';
import { DialectSpeaker, type NativeSession } from './dialect-speaker.ts';

/** What conversations are made of. */
export interface DialectParts {
  readonly config: Pick<
    Config,
    'allowedOrigins' | 'maxMessageBytes' | 'maxOutputBytes' | 'maxBacklogBytes' | 'deadPeerMs'
  > &
    DefaultEndpointing;
  readonly keys: ApiKeys;
  readonly clock: Clock;
  readonly lobby: DialectLobby;
}

/** Where a stream's session comes from. */
export interface DialectLobby {
  readonly recognizers: ServedModels;
  speaker(connection: Connection, caller: Caller, options: { readonly resumable: false }): NativeSession;
  error(code: ErrorCode, cause?: unknown): void;
  partialDropped(): void;
}

interface SocketData {
  readonly socket: DialectSocket<SocketData>;
  readonly speaker: DialectSpeaker;
  readonly conversation: Conversation;
}

/** A message this much larger than allowed still gets an answer; uWS cuts off longer ones without a word. */
const MESSAGE_SLACK = 4;
/** uWS takes multiples of it only. */
const TIMEOUT_STEP_MS = 4000;
/** uWS' own limit for it. */
const MAX_TIMEOUT_MS = 960_000;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The WebSockets of all dialects, and what they hold. */
export class DialectSockets {
  readonly #parts: DialectParts;
  readonly #open = new Map<DialectSpeaker, DialectName>();

  constructor(parts: DialectParts) {
    this.#parts = parts;
  }

  /** Clients of a dialect that are connected. */
  connected(name: DialectName): number {
    let clients = 0;
    for (const dialect of this.#open.values()) if (dialect === name) clients++;

    return clients;
  }

  /** Bytes of audio that wait for room in their streams. */
  backlogBytes(): number {
    let bytes = 0;
    for (const speaker of this.#open.keys()) bytes += speaker.backlogBytes;

    return bytes;
  }

  /** Serves a dialect. @param path on `app`; the dialect's own on the main port, `/*` on a port of its own. */
  mount(app: TemplatedApp, dialect: Dialect, path: string = dialect.path): void {
    const { maxMessageBytes, maxOutputBytes, deadPeerMs } = this.#parts.config;
    app.ws<SocketData>(path, {
      maxPayloadLength: maxMessageBytes * MESSAGE_SLACK,
      // Our own bound comes first; this one only has to be out of its way.
      maxBackpressure: maxOutputBytes * 2,
      idleTimeout:
        (Math.ceil(Math.min(deadPeerMs, MAX_TIMEOUT_MS) / TIMEOUT_STEP_MS) * TIMEOUT_STEP_MS) / 1000,
      upgrade: (res, req, context) => this.#upgrade(dialect, res, req, context),
      open: (socket) => {
        const { socket: client, conversation } = socket.getUserData();
        client.opened(socket);
        this.#guard(socket.getUserData(), () => conversation.opened?.());
      },
      message: (socket, data, isBinary) => this.#message(socket.getUserData(), data, isBinary),
      close: (socket) => this.#close(socket.getUserData()),
    });
  }

  #upgrade(dialect: Dialect, res: HttpResponse, req: HttpRequest, context: us_socket_context_t): void {
    const { config, keys } = this.#parts;
    if (!isOriginAllowed(req.getHeader('origin'), req.getHeader('host'), config.allowedOrigins)) {
      res.writeStatus('403 Forbidden').end('Pages of this origin may not connect: see --allowed-origins.\n');
      return;
    }
    let greeting: Greeting;
    let data: SocketData;
    try {
      greeting = dialect.greet({
        query: new URLSearchParams(req.getQuery()),
        authorization: req.getHeader('authorization'),
        openaiBeta: req.getHeader('openai-beta'),
        offered: req
          .getHeader('sec-websocket-protocol')
          .split(',')
          .map((name) => name.trim())
          .filter((name) => name !== ''),
      });
      const caller = keys.identify(greeting.key);
      if (!caller) throw new StreamError('unauthorized');
      data = this.#begin(dialect.name, greeting, caller);
    } catch (error) {
      const refusal = asStreamError(error);
      this.#parts.lobby.error(refusal.code, refusal.cause);
      answer(res, dialect.refuse(refusal));
      return;
    }
    const extensions = req.getHeader('sec-websocket-extensions');
    res.cork(() => {
      // Left out, the first header would begin an answer of 200.
      res.writeStatus('101 Switching Protocols');
      for (const [name, value] of Object.entries(greeting.headers ?? {})) res.writeHeader(name, value);
      res.upgrade(data, req.getHeader('sec-websocket-key'), greeting.subprotocol, extensions, context);
    });
  }

  /** @throws {StreamError} when the server takes no more streams, or none of this key. */
  #begin(name: DialectName, { converse }: Greeting, caller: Caller): SocketData {
    const { config, clock, lobby } = this.#parts;
    const socket = new DialectSocket<SocketData>(config.maxOutputBytes, {
      cutOff: () => speaker.fault(new StreamError('slow-consumer')),
      interimDropped: () => lobby.partialDropped(),
    });
    const speaker: DialectSpeaker = new DialectSpeaker({
      clock,
      maxBacklogBytes: config.maxBacklogBytes,
      outputBytes: () => socket.bufferedBytes,
    });
    // Before there is a session, which would be left behind when the conversation refuses.
    const conversation = converse({
      client: socket,
      speaker,
      clock,
      recognizers: lobby.recognizers,
      endpointing: config,
    });
    speaker.attach(lobby.speaker(speaker, caller, { resumable: false }), conversation);
    this.#open.set(speaker, name);

    return { socket, speaker, conversation };
  }

  #message(data: SocketData, bytes: ArrayBuffer, isBinary: boolean): void {
    const { speaker, conversation } = data;
    this.#guard(data, () => {
      speaker.received(bytes.byteLength);
      const { maxMessageBytes } = this.#parts.config;
      if (bytes.byteLength > maxMessageBytes)
        throw new StreamError('message-too-large', `At most ${maxMessageBytes} bytes.`);
      if (isBinary) conversation.binary(new Uint8Array(bytes));
      else conversation.text(decode(bytes));
    });
  }

  #close({ socket, speaker, conversation }: SocketData): void {
    this.#open.delete(speaker);
    socket.gone();
    conversation.closed();
    speaker.gone();
  }

  /** What a message leads to may fail, for this client only. */
  #guard({ speaker }: SocketData, act: () => void): void {
    try {
      act();
    } catch (error) {
      speaker.fault(error);
    }
  }
}

/** @throws {StreamError} `bad-message`. */
function decode(bytes: ArrayBuffer): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new StreamError('bad-message', 'Text has to be UTF-8.', { cause });
  }
}

function answer(
  res: HttpResponse,
  { status, contentType, body, headers = {}, retryAfterSeconds }: HttpAnswer,
): void {
  res.cork(() => {
    res.writeStatus(status).writeHeader('content-type', contentType);
    for (const [name, value] of Object.entries(headers)) res.writeHeader(name, value);
    if (retryAfterSeconds !== undefined) res.writeHeader('retry-after', String(retryAfterSeconds));
    res.end(body);
  });
}
