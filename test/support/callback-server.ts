import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A callback that arrived. */
export interface ArrivedCallback {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Somebody who is called back. */
export interface CallbackServer {
  readonly url: string;
  readonly arrived: readonly ArrivedCallback[];
  /** Resolves when so many have arrived. */
  until(count: number): Promise<void>;
  close(): void;
}

/** Takes callbacks on a free port of loopback. @param statusOf the answer to each, by how many came before. */
export async function startCallbackServer(
  statusOf: (before: number) => number = () => 200,
): Promise<CallbackServer> {
  const arrived: ArrivedCallback[] = [];
  let wake = () => {};
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const status = statusOf(arrived.length);
      arrived.push({ headers: request.headers, body: Buffer.concat(pieces).toString() });
      response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end('Thanks.');
      wake();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}/done`,
    arrived,
    until: async (count) => {
      while (arrived.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    close: () => server.close(),
  };
}
