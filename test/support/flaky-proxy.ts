import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A network between client and server that fails as it is told. */
export interface FlakyProxy {
  /** `ws://127.0.0.1:port` */
  readonly url: string;
  /** Connections made through it so far. */
  readonly connections: number;
  /** Nothing passes any more on the connections there are, in either direction; nobody is told. */
  freeze(): void;
  /** Breaks the connections there are. What is under way is lost. */
  cut(): void;
  /** How many bytes a second pass to the server, on each connection; Infinity for all. */
  throttle(bytesPerSecond: number): void;
  /** Where new connections go: a server that was restarted may have another port. */
  redirect(port: number): void;
  close(): void;
}

/** How often throttled bytes are let through. */
const TICK_MS = 20;

/** Listens on a free port of loopback, and passes everything on to another one. */
export async function startFlakyProxy(targetPort: number): Promise<FlakyProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let port = targetPort;
  let bytesPerSecond = Number.POSITIVE_INFINITY;
  let connections = 0;
  const server = createServer((client) => {
    connections++;
    const upstream = connect(port, '127.0.0.1');
    const pair = [client, upstream] as const;
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      for (const socket of pair) socket.destroy();
    };
    for (const socket of pair) socket.on('error', () => {}).on('close', end);
    client.on('data', (bytes) => {
      upstream.write(bytes);
      if (bytesPerSecond === Number.POSITIVE_INFINITY) return;
      client.pause();
      setTimeout(() => client.resume(), Math.max(TICK_MS, (bytes.length * 1000) / bytesPerSecond));
    });
    upstream.pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get connections() {
      return connections;
    },
    freeze: () => {
      for (const [client, upstream] of pairs) {
        upstream.unpipe(client);
        client.removeAllListeners('data').pause();
        upstream.pause();
      }
    },
    cut: () => {
      for (const pair of pairs) for (const socket of pair) socket.resetAndDestroy();
    },
    throttle: (rate) => {
      bytesPerSecond = rate;
    },
    redirect: (to) => {
      port = to;
    },
    close: () => {
      for (const pair of pairs) for (const socket of pair) socket.destroy();
      server.close();
    },
  };
}
