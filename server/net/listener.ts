import type {
  HttpRequest,
  HttpResponse,
  TemplatedApp,
  us_listen_socket,
  us_socket_context_t,
  WebSocket,
} from 'uWebSockets.js';
import type { Config } from '../config/options.ts';
import { ERRORS, type ErrorCode, StreamError } from '../errors.ts';
import { Failure } from '../failure.ts';
import { CODECS, type Codec, chooseCodec, type Incoming } from './codec.ts';
import type { Connection, ConnectionHandler } from './connection.ts';
import { UwsConnection } from './uws-connection.ts';

/** A handler that can also be told of faults found before it sees a message. */
export interface Session extends ConnectionHandler {
  fault(error: unknown): void;
}

/** Makes the session behind a new connection; what it throws is told to the client. */
export interface Sessions {
  speaker(connection: Connection): Session;
  viewer(connection: Connection, meeting: string): Session;
  /** A connection was cut off, or never got a session. */
  refused(code: ErrorCode): void;
}

/** Answers a plain HTTP GET. */
export interface HttpAnswer {
  readonly status: string;
  readonly contentType: string;
  readonly body: string;
  readonly retryAfterSeconds?: number;
}

export type HttpRoutes = Readonly<Record<string, () => HttpAnswer | Promise<HttpAnswer>>>;

interface SocketData {
  readonly codec: Codec;
  /** Null for a speaker. */
  readonly meeting: string | null;
  connection: UwsConnection<SocketData> | null;
  session: Session | null;
}

/** A message this much larger than allowed still gets an answer; uWS cuts off longer ones without a word. */
const MESSAGE_SLACK = 4;
/** Seconds without a sign of life, pings included, after which a peer is gone. */
const DEAD_PEER_SECONDS = 120;
/** uSockets shares a port between processes unless told not to. */
const EXCLUSIVE_PORT = 1;

/** The HTTP and WebSocket side of the server, on uWebSockets.js. */
export class Listener {
  readonly #app: TemplatedApp;
  readonly #portOf: (socket: us_listen_socket) => number;
  readonly #closeListening: (socket: us_listen_socket) => void;
  readonly #config: Config;
  readonly #sessions: Sessions;
  #socket: us_listen_socket | null = null;

  private constructor(
    uws: typeof import('uWebSockets.js'),
    config: Config,
    sessions: Sessions,
    routes: HttpRoutes,
  ) {
    this.#app = uws.App();
    this.#portOf = uws.us_socket_local_port as unknown as (socket: us_listen_socket) => number;
    this.#closeListening = uws.us_listen_socket_close;
    this.#config = config;
    this.#sessions = sessions;
    this.#app.ws<SocketData>(
      '/v1/stream',
      this.#behaviour(() => null),
    );
    this.#app.ws<SocketData>(
      '/v1/meetings/:meeting/captions',
      this.#behaviour((req) => decodeSafely(req.getParameter(0))),
    );
    for (const [path, answer] of Object.entries(routes)) this.#app.get(path, (res) => respond(res, answer));
    this.#app.any('/*', (res) => respond(res, notFound));
  }

  /** @throws {Failure} when uWebSockets.js has no binary that runs here. */
  static async create(config: Config, sessions: Sessions, routes: HttpRoutes): Promise<Listener> {
    try {
      const { default: uws } = await import('uWebSockets.js');

      return new Listener(uws as typeof import('uWebSockets.js'), config, sessions, routes);
    } catch (error) {
      throw new Failure(describeLoadFailure(error), { cause: error });
    }
  }

  /** @returns the port, which matters when it was 0. @throws {Failure} when the address cannot be had. */
  listen(): number {
    const { host, port } = this.#config;
    // The typings know no call with host and options, but the binding does.
    const listen = this.#app.listen.bind(this.#app) as unknown as (
      host: string,
      port: number,
      options: number,
      callback: (socket: us_listen_socket | false) => void,
    ) => void;
    listen(host, port, EXCLUSIVE_PORT, (socket) => {
      if (socket) this.#socket = socket;
    });
    if (!this.#socket) {
      throw new Failure(
        `Cannot listen on ${host}:${port}: the port is in use, or the address is not this machine's. Choose another with --port or --host.`,
      );
    }

    return this.#portOf(this.#socket);
  }

  /** Takes no more connections; those there go on. Idempotent. */
  stopListening(): void {
    if (this.#socket) this.#closeListening(this.#socket);
    this.#socket = null;
  }

  /** Ends every connection. */
  close(): void {
    this.stopListening();
    this.#app.close();
  }

  #behaviour(meetingOf: (req: HttpRequest) => string | null) {
    const { maxMessageBytes, maxOutputBytes } = this.#config;

    return {
      maxPayloadLength: maxMessageBytes * MESSAGE_SLACK,
      // Our own bound comes first; this one only has to be out of its way.
      maxBackpressure: maxOutputBytes * 2 + maxMessageBytes,
      idleTimeout: DEAD_PEER_SECONDS,
      sendPingsAutomatically: true,
      upgrade: (res: HttpResponse, req: HttpRequest, context: us_socket_context_t) =>
        upgrade(res, req, context, meetingOf(req)),
      open: (socket: WebSocket<SocketData>) => this.#open(socket),
      message: (socket: WebSocket<SocketData>, data: ArrayBuffer, isBinary: boolean) =>
        this.#message(socket.getUserData(), data, isBinary),
      close: (socket: WebSocket<SocketData>) => {
        const { connection, session } = socket.getUserData();
        connection?.gone();
        session?.closed();
      },
    };
  }

  #open(socket: WebSocket<SocketData>): void {
    const data = socket.getUserData();
    const connection = new UwsConnection(socket, data.codec, this.#config.maxOutputBytes, () =>
      this.#sessions.refused('slow-consumer'),
    );
    data.connection = connection;
    try {
      data.session =
        data.meeting === null
          ? this.#sessions.speaker(connection)
          : this.#sessions.viewer(connection, data.meeting);
    } catch (error) {
      const refusal = error instanceof StreamError ? error : new StreamError('internal');
      this.#sessions.refused(refusal.code);
      refuse(connection, refusal);
    }
  }

  #message({ codec, session }: SocketData, data: ArrayBuffer, isBinary: boolean): void {
    if (!session) return;
    let message: Incoming;
    try {
      if (data.byteLength > this.#config.maxMessageBytes) {
        throw new StreamError('message-too-large', `At most ${this.#config.maxMessageBytes} bytes.`);
      }
      message = codec.decode(data, isBinary);
    } catch (error) {
      session.fault(error);
      return;
    }
    session.message(message);
  }
}

/** Tells a client what is wrong and ends its connection. */
export function refuse(connection: Connection, error: StreamError): void {
  const { closeCode, retryable } = ERRORS[error.code];
  connection.send({ type: 'error', code: error.code, message: error.message, retryable, fatal: true });
  connection.close(closeCode, error.code);
}

function upgrade(
  res: HttpResponse,
  req: HttpRequest,
  context: us_socket_context_t,
  meeting: string | null,
): void {
  const offered = req.getHeader('sec-websocket-protocol');
  const codec = chooseCodec(offered);
  if (!codec) {
    const names = CODECS.map(({ subprotocol }) => subprotocol).join(', ');
    res.writeStatus('400 Bad Request').end(`Unknown WebSocket subprotocol. Known are ${names}.\n`);
    return;
  }
  const data: SocketData = { codec, meeting, connection: null, session: null };
  const protocol = offered === '' ? '' : codec.subprotocol;
  const extensions = req.getHeader('sec-websocket-extensions');
  res.upgrade(data, req.getHeader('sec-websocket-key'), protocol, extensions, context);
}

function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // No name has an escape sequence that is broken: readName refuses what this holds.
    return '';
  }
}

function respond(res: HttpResponse, answer: () => HttpAnswer | Promise<HttpAnswer>): void {
  let aborted = false;
  res.onAborted(() => {
    aborted = true;
  });
  void Promise.resolve()
    .then(answer)
    .catch(
      (): HttpAnswer => ({
        status: '500 Internal Server Error',
        contentType: 'text/plain',
        body: 'failed\n',
      }),
    )
    .then(({ status, contentType, body, retryAfterSeconds }) => {
      if (aborted) return;
      res.cork(() => {
        res
          .writeStatus(status)
          .writeHeader('content-type', contentType)
          .writeHeader('cache-control', 'no-store');
        if (retryAfterSeconds !== undefined) res.writeHeader('retry-after', String(retryAfterSeconds));
        res.end(body);
      });
    });
}

function notFound(): HttpAnswer {
  return {
    status: '404 Not Found',
    contentType: 'text/plain; charset=utf-8',
    body: 'There is nothing here. Try /.\n',
  };
}

function describeLoadFailure(error: unknown): string {
  const detail = error instanceof Error ? error.message : String(error);
  const reason = /GLIBC|GLIBCXX/.test(detail)
    ? 'Its binary for this Node version needs a newer C library (glibc) than this system has: use Node 20, or a newer system such as Debian 13 or Ubuntu 24.04.'
    : 'It has no binary for this platform and Node version: use Node 20, 22 or 24 on Linux (glibc), macOS or Windows.';

  return `The WebSocket library, uWebSockets.js, cannot be loaded here. ${reason}`;
}
