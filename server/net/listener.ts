import type {
  HttpRequest,
  HttpResponse,
  TemplatedApp,
  us_listen_socket,
  us_socket_context_t,
  WebSocket,
} from 'uWebSockets.js';
import type { ApiKeys, Caller } from '../admission/api-keys.ts';
import { presentedKey } from '../admission/credentials.ts';
import type { Config } from '../config/options.ts';
import { type ErrorCode, StreamError } from '../errors.ts';
import { Failure } from '../failure.ts';
import { CODECS, type Codec, chooseCodec, type Incoming } from './codec.ts';
import type { Connection, ConnectionHandler } from './connection.ts';
import { refuse } from './error-message.ts';
import {
  decodeSafely,
  type HttpRoute,
  type HttpRoutes,
  notFound,
  type PostRoutes,
  readRequest,
  respond,
  respondToPost,
} from './http.ts';
import { isOriginAllowed } from './origins.ts';
import { UwsConnection } from './uws-connection.ts';
import type { ViewerRequest } from './viewer-request.ts';

/** A handler that can also be told of faults found before it sees a message. */
export interface Session extends ConnectionHandler {
  fault(error: unknown): void;
  /** A message of so many bytes came, and will be read next. @throws {StreamError} when that is too much. */
  received(bytes: number): void;
}

/** The session of a speaker. */
export interface SpeakerConnectionHandler extends Session {
  /**
   * Audio that the quotas of its key and its meeting have room for, in milliseconds; 0 before it has started. Clients do not
   * see it, and are closed when there is none; what the server itself sends waits.
   */
  readonly roomMs: number;
}

/** Makes the session behind a new connection; what it throws is told to the client. */
export interface Sessions {
  speaker(connection: Connection, caller: Caller): Session;
  viewer(connection: Connection, request: ViewerRequest, caller: Caller): Session;
  /** A connection was cut off, or never got a session. */
  error(code: ErrorCode, cause?: unknown): void;
  /** A partial was superseded, or gave way to what matters more, before a slow client could take it. */
  partialDropped(): void;
}

/** What the listener answers beside its WebSockets of the native protocol. */
export interface HttpSide {
  readonly routes: HttpRoutes;
  readonly posts: PostRoutes;
  /** None when left out. */
  readonly puts?: PostRoutes;
  readonly deletes: HttpRoutes;
  /** For OPTIONS, below `/v1/`. */
  readonly preflight: HttpRoute;
  /** Adds further WebSockets. */
  readonly mount: (app: TemplatedApp) => void;
  /** Ports beside the main one, and what is there. */
  readonly ports: readonly SidePort[];
}

/** A port with WebSockets of its own. */
export interface SidePort {
  readonly port: number;
  /** The option that set it. */
  readonly flag: string;
  readonly mount: (app: TemplatedApp) => void;
}

interface SocketData {
  readonly codec: Codec;
  /** Null for a speaker. */
  readonly request: ViewerRequest | null;
  /** Null when a key is needed and it has none that is known. */
  readonly caller: Caller | null;
  connection: UwsConnection<SocketData> | null;
  session: Session | null;
}

/** A message this much larger than allowed still gets an answer; uWS cuts off longer ones without a word. */
const MESSAGE_SLACK = 4;
/** uWS closes up to so much early, and takes multiples of it only. */
const TIMEOUT_STEP_MS = 4000;
/** A peer that is there has this many chances to say so. */
const PINGS_PER_DEAD_PEER = 4;
/** uSockets shares a port between processes unless told not to. */
const EXCLUSIVE_PORT = 1;

/** The HTTP and WebSocket side of the server, on uWebSockets.js. */
export class Listener {
  readonly #app: TemplatedApp;
  readonly #sidePorts: readonly (SidePort & { readonly app: TemplatedApp })[];
  readonly #portOf: (socket: us_listen_socket) => number;
  readonly #closeListening: (socket: us_listen_socket) => void;
  readonly #config: Config;
  readonly #keys: ApiKeys;
  readonly #sessions: Sessions;
  readonly #connections = new Set<UwsConnection<SocketData>>();
  #pings: NodeJS.Timeout | null = null;
  readonly #sockets: us_listen_socket[] = [];

  private constructor(
    uws: typeof import('uWebSockets.js'),
    config: Config,
    keys: ApiKeys,
    sessions: Sessions,
    { routes, posts, puts = {}, deletes, preflight, mount, ports }: HttpSide,
  ) {
    this.#app = uws.App();
    this.#sidePorts = ports.map((side) => ({ ...side, app: uws.App() }));
    this.#portOf = uws.us_socket_local_port as unknown as (socket: us_listen_socket) => number;
    this.#closeListening = uws.us_listen_socket_close;
    this.#config = config;
    this.#keys = keys;
    this.#sessions = sessions;
    this.#app.ws<SocketData>(
      '/v1/stream',
      this.#behaviour(() => null),
    );
    this.#app.ws<SocketData>(
      '/v1/meetings/:meeting/captions',
      this.#behaviour((req) => ({
        meeting: decodeSafely(req.getParameter(0)),
        history: req.getQuery('history') ?? null,
        lastEventId: '',
      })),
    );
    mount(this.#app);
    for (const side of this.#sidePorts) {
      side.mount(side.app);
      side.app.any('/*', (res, req) => respond(res, notFound, readRequest(req, 0), true));
    }
    for (const [path, route] of Object.entries(routes)) {
      const params = path.split('/:').length - 1;
      this.#app.get(path, (res, req) => respond(res, route, readRequest(req, params), true));
      this.#app.head(path, (res, req) => respond(res, route, readRequest(req, params), false));
    }
    for (const [path, route] of Object.entries(posts)) {
      const params = path.split('/:').length - 1;
      this.#app.post(path, (res, req) => respondToPost(res, route, readRequest(req, params)));
    }
    for (const [path, route] of Object.entries(puts)) {
      const params = path.split('/:').length - 1;
      this.#app.put(path, (res, req) => respondToPost(res, route, readRequest(req, params)));
    }
    for (const [path, route] of Object.entries(deletes)) {
      const params = path.split('/:').length - 1;
      this.#app.del(path, (res, req) => respond(res, route, readRequest(req, params), true));
    }
    this.#app.options('/v1/*', (res, req) => respond(res, preflight, readRequest(req, 0), true));
    this.#app.head('/*', (res, req) => respond(res, notFound, readRequest(req, 0), false));
    this.#app.any('/*', (res, req) => respond(res, notFound, readRequest(req, 0), true));
  }

  /** @throws {Failure} when uWebSockets.js has no binary that runs here. */
  static async create(config: Config, keys: ApiKeys, sessions: Sessions, http: HttpSide): Promise<Listener> {
    try {
      const { default: uws } = await import('uWebSockets.js');

      return new Listener(uws as typeof import('uWebSockets.js'), config, keys, sessions, http);
    } catch (error) {
      throw new Failure(describeLoadFailure(error), { cause: error });
    }
  }

  /** @returns the port, which matters when it was 0. @throws {Failure} when the address cannot be had. */
  listen(): number {
    const { port } = this.#config;
    const socket = this.#listenOn(this.#app, port, '--port');
    for (const { app, port, flag } of this.#sidePorts) this.#listenOn(app, port, flag);
    this.#pings = setInterval(() => {
      for (const connection of this.#connections) connection.ping();
    }, this.#config.deadPeerMs / PINGS_PER_DEAD_PEER).unref();

    return this.#portOf(socket);
  }

  /** Takes no more connections; those there go on. Idempotent. */
  stopListening(): void {
    for (const socket of this.#sockets.splice(0)) this.#closeListening(socket);
  }

  /** Ends every connection. */
  close(): void {
    this.stopListening();
    if (this.#pings) clearInterval(this.#pings);
    for (const { app } of this.#sidePorts) app.close();
    this.#app.close();
  }

  /** @throws {Failure} when the address cannot be had; whatever is listening then stops. */
  #listenOn(app: TemplatedApp, port: number, flag: string): us_listen_socket {
    const { host } = this.#config;
    let socket: us_listen_socket | false = false;
    // The typings know no call with host and options, but the binding does.
    const listen = app.listen.bind(app) as unknown as (
      host: string,
      port: number,
      options: number,
      callback: (socket: us_listen_socket | false) => void,
    ) => void;
    listen(host, port, EXCLUSIVE_PORT, (listening) => {
      socket = listening;
    });
    if (!socket) {
      this.close();
      throw new Failure(
        `Cannot listen on ${host}:${port}: the port is in use, or the address is not this machine's. Choose another with ${flag} or --host.`,
      );
    }
    this.#sockets.push(socket);

    return socket;
  }

  #behaviour(requestOf: (req: HttpRequest) => ViewerRequest | null) {
    const { maxMessageBytes, maxOutputBytes, deadPeerMs } = this.#config;

    return {
      maxPayloadLength: maxMessageBytes * MESSAGE_SLACK,
      // Our own bound comes first; this one only has to be out of its way, and bounds answers to a client's pings.
      maxBackpressure: maxOutputBytes * 2,
      // Starts anew with whatever is received, answers to pings among it, and whenever the socket takes output.
      idleTimeout: ((Math.ceil(deadPeerMs / TIMEOUT_STEP_MS) + 1) * TIMEOUT_STEP_MS) / 1000,
      // uWS would wait 16 s for an answer, but a slow client first reads what it was sent before the ping.
      sendPingsAutomatically: false,
      upgrade: (res: HttpResponse, req: HttpRequest, context: us_socket_context_t) =>
        this.#upgrade(res, req, context, requestOf(req)),
      open: (socket: WebSocket<SocketData>) => this.#open(socket),
      message: (socket: WebSocket<SocketData>, data: ArrayBuffer, isBinary: boolean) =>
        this.#message(socket.getUserData(), data, isBinary),
      drain: (socket: WebSocket<SocketData>) => socket.getUserData().connection?.drained(),
      close: (socket: WebSocket<SocketData>) => this.#close(socket.getUserData()),
    };
  }

  #upgrade(
    res: HttpResponse,
    req: HttpRequest,
    context: us_socket_context_t,
    request: ViewerRequest | null,
  ): void {
    if (!isOriginAllowed(req.getHeader('origin'), req.getHeader('host'), this.#config.allowedOrigins)) {
      res.writeStatus('403 Forbidden').end('Pages of this origin may not connect: see --allowed-origins.\n');
      return;
    }
    const offered = req.getHeader('sec-websocket-protocol');
    const codec = chooseCodec(offered);
    if (!codec) {
      const names = CODECS.map(({ subprotocol }) => subprotocol).join(', ');
      res.writeStatus('400 Bad Request').end(`Unknown WebSocket subprotocol. Known are ${names}.\n`);
      return;
    }
    const caller = this.#keys.identify(presentedKey(req.getHeader('authorization'), offered));
    const data: SocketData = { codec, request, caller, connection: null, session: null };
    const protocol = offered === '' ? '' : codec.subprotocol;
    const extensions = req.getHeader('sec-websocket-extensions');
    res.upgrade(data, req.getHeader('sec-websocket-key'), protocol, extensions, context);
  }

  #open(socket: WebSocket<SocketData>): void {
    const data = socket.getUserData();
    const connection = new UwsConnection(socket, data.codec, this.#config.maxOutputBytes, {
      cutOff: () => this.#sessions.error('slow-consumer'),
      partialDropped: () => this.#sessions.partialDropped(),
    });
    data.connection = connection;
    this.#connections.add(connection);
    try {
      if (!data.caller) throw new StreamError('unauthorized');
      data.session =
        data.request === null
          ? this.#sessions.speaker(connection, data.caller)
          : this.#sessions.viewer(connection, data.request, data.caller);
    } catch (error) {
      const refusal =
        error instanceof StreamError ? error : new StreamError('internal', undefined, { cause: error });
      this.#sessions.error(refusal.code, refusal.cause);
      refuse(connection, refusal);
    }
  }

  #close({ connection, session }: SocketData): void {
    if (connection) this.#connections.delete(connection);
    connection?.gone();
    session?.closed();
  }

  #message({ codec, session }: SocketData, data: ArrayBuffer, isBinary: boolean): void {
    if (!session) return;
    let message: Incoming;
    try {
      session.received(data.byteLength);
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

function describeLoadFailure(error: unknown): string {
  const detail = error instanceof Error ? error.message : String(error);
  const reason = /GLIBC|GLIBCXX/.test(detail)
    ? 'Its binary for this Node version needs a newer C library (glibc) than this system has: use Node 20, or a newer system such as Debian 13 or Ubuntu 24.04.'
    : 'It has no binary for this platform and Node version: use Node 20, 22 or 24 on Linux (glibc), macOS or Windows.';

  return `The WebSocket library, uWebSockets.js, cannot be loaded here. ${reason}`;
}
