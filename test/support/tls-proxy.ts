import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { selfSigned } from './self-signed.ts';

/** Ends TLS before a server that speaks none, as a proxy would. */
export interface TlsProxy {
  readonly port: number;
  /** What its clients have to trust, in PEM. */
  readonly cert: string;
  /** Breaks off who is connected. */
  close(): Promise<void>;
}

/** @param url of the server, on loopback. */
export async function startTlsProxy(url: string): Promise<TlsProxy> {
  const { cert, key } = selfSigned();
  const { hostname, port } = new URL(url);
  const open = new Set<TLSSocket>();
  const server = createServer({ cert, key }, (client) => {
    open.add(client);
    const upstream = connect({ host: hostname, port: Number(port) });
    client.pipe(upstream).pipe(client);
    // Either end may break off: the other is to follow.
    client
      .on('error', () => upstream.destroy())
      .on('close', () => {
        open.delete(client);
        upstream.destroy();
      });
    upstream.on('error', () => client.destroy()).on('close', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    cert,
    close: async () => {
      server.close();
      for (const client of open) client.destroy();
      await once(server, 'close');
    },
  };
}
