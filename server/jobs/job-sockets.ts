import type { HttpRequest, HttpResponse, TemplatedApp, us_socket_context_t, WebSocket } from 'uWebSockets.js';
import type { ApiKeys, Caller } from '../admission/api-keys.ts';
import { presentedKey } from '../admission/credentials.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/options.ts';
import { ERRORS, StreamError } from '../errors.ts';
import { asStreamError } from '../net/error-message.ts';
import { decodeSafely } from '../net/http.ts';
import { isOriginAllowed } from '../net/origins.ts';
import type { JobEvents } from './job-events.ts';
import type { JobFeed } from './job-feed.ts';
import type { JobQueue } from './job-queue.ts';

/** What the WebSockets of jobs are made of. */
export interface JobSocketParts {
  /** @throws {StreamError} before there is one. */
  readonly queue: JobQueue;
  readonly events: JobEvents;
  readonly keys: ApiKeys;
  readonly clock: Clock;
  readonly config: Pick<Config, 'allowedOrigins'>;
}

interface SocketData {
  readonly id: string;
  readonly caller: Caller | null;
  feed: JobFeed | null;
  left: () => void;
}

const NORMAL_CLOSE = 1000;
/** Nothing is read: there is nothing to be said. */
const MAX_MESSAGE_BYTES = 1024;
/** What waits for a slow reader; more is not sent before it has read. */
const MAX_WAITING_BYTES = 65_536;
const IDLE_TIMEOUT_S = 120;

/** Adds `/v1/jobs/{id}/events` as a WebSocket: the same as its server-sent events, each a message of JSON. */
export function mountJobSockets(app: TemplatedApp, parts: JobSocketParts): void {
  app.ws<SocketData>('/v1/jobs/:id/events', {
    maxPayloadLength: MAX_MESSAGE_BYTES,
    idleTimeout: IDLE_TIMEOUT_S,
    upgrade: (res, req, context) => upgrade(res, req, context, parts),
    open: (socket) => void open(socket, parts),
    drain: (socket) => socket.getUserData().feed?.writable(),
    close: (socket) => {
      const data = socket.getUserData();
      data.feed?.close();
      data.left();
      data.left = () => {};
    },
  });
}

function upgrade(
  res: HttpResponse,
  req: HttpRequest,
  context: us_socket_context_t,
  { keys, config }: JobSocketParts,
): void {
  if (!isOriginAllowed(req.getHeader('origin'), req.getHeader('host'), config.allowedOrigins)) {
    res.writeStatus('403 Forbidden').end('Pages of this origin may not connect: see --allowed-origins.\n');
    return;
  }
  const offered = req.getHeader('sec-websocket-protocol');
  const caller = keys.identify(presentedKey(req.getHeader('authorization'), offered));
  const data: SocketData = {
    id: decodeSafely(req.getParameter(0)),
    ...{ caller, feed: null, left: () => {} },
  };
  // A browser wants one of those that it has offered.
  const protocol = offered.split(',')[0]!.trim();
  const extensions = req.getHeader('sec-websocket-extensions');
  res.upgrade(data, req.getHeader('sec-websocket-key'), protocol, extensions, context);
}

async function open(socket: WebSocket<SocketData>, parts: JobSocketParts): Promise<void> {
  const data = socket.getUserData();
  const { id, caller } = data;
  let isOpen = true;
  try {
    if (!caller) throw new StreamError('unauthorized');
    const end = () => {
      if (isOpen) socket.end(NORMAL_CLOSE);
    };
    const left = parts.events.reader(caller.name, end);
    data.left = () => {
      isOpen = false;
      left();
    };
    const job = await parts.queue.find(id);
    if (!isOpen) return;
    if (!job || job.key !== caller.name) throw new StreamError('unknown-job');
    const sink = {
      get isWritable() {
        return isOpen && socket.getBufferedAmount() < MAX_WAITING_BYTES;
      },
      tell: (view: string) => socket.send(`{"type":"job",${view.slice(1)}`),
      end,
    };
    data.feed = parts.events.open(sink, [job], null);
  } catch (error) {
    if (!isOpen) return;
    const { code, message } = asStreamError(error);
    socket.send(JSON.stringify({ type: 'error', code, message }));
    socket.end(ERRORS[code].closeCode, code);
  }
}
