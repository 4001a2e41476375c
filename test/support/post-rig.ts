import { connect, type Socket } from 'node:net';
import { ApiKeys } from '../../server/admission/api-keys.ts';
import { readConfig } from '../../server/config/config.ts';
import { notFound, type PostRequest, type PostRoutes } from '../../server/net/http.ts';
import { Listener, type Session } from '../../server/net/listener.ts';
import { ClientGoneError } from '../../server/net/request-body.ts';

/** Routes on a real server, on a free port of loopback. */
export interface PostServer {
  readonly url: string;
  /** Begins a POST by hand. */
  post(path: string, headers: Readonly<Record<string, string | number>>): Socket;
  close(): void;
}

/** Starts a server that has POST routes and nothing else. */
export async function servePosts(posts: PostRoutes): Promise<PostServer> {
  const refuse = (): Session => {
    throw new Error('There are no sessions here.');
  };
  const sessions = { speaker: refuse, viewer: refuse, error: () => {}, partialDropped: () => {} };
  const http = { routes: {}, posts, deletes: {}, preflight: notFound, mount: () => {}, ports: [] };
  const config = readConfig({ port: '0', host: '127.0.0.1' });
  const listener = await Listener.create(config, await ApiKeys.load('none'), sessions, http);
  const port = listener.listen();

  return {
    url: `http://127.0.0.1:${port}`,
    post: (path, headers) => {
      const socket = connect(port, '127.0.0.1');
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(`POST ${path} HTTP/1.1\r\nhost: localhost\r\n${lines.join('')}\r\n`);

      return socket;
    },
    close: () => listener.close(),
  };
}

/** A request as routes get it, whose body is these pieces. @param gone whether the client goes away after them. */
export function postRequest(
  pieces: Iterable<Uint8Array>,
  headers: Partial<PostRequest['headers']> = {},
  gone = false,
): PostRequest {
  const none = { accept: '', authorization: '', host: '', 'if-none-match': '', 'last-event-id': '' };

  return {
    ...{ path: '/', params: [], query: new URLSearchParams(), signal: new AbortController().signal },
    headers: { ...none, origin: '', 'content-length': '', 'content-type': '', ...headers },
    body: (async function* () {
      yield* pieces;
      if (gone) throw new ClientGoneError();
    })(),
  };
}
