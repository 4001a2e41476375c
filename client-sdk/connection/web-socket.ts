import { RoundtableError } from '../errors.ts';

/** What is used of a WebSocket: the browser's own, Node 22's and that of `ws` all have it. */
export interface WebSocketLike {
  readonly readyState: number;
  binaryType: string;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'open' | 'error', listener: (event: { readonly message?: string }) => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(
    type: 'close',
    listener: (event: { readonly code: number; readonly reason: string }) => void,
  ): void;
}

/** The class of such WebSockets, such as `globalThis.WebSocket`. */
export type WebSocketConstructor = new (url: string, subprotocols: string[]) => WebSocketLike;

/** As far as it is of use here: Node's, and nobody else's. */
interface NodeProcess {
  getBuiltinModule?(name: 'node:module'): { createRequire(from: string): (name: string) => unknown };
}

/**
 * The platform's WebSocket, else the one of the package `ws`, if that is installed: Node 20 has none of its own.
 * @throws {RoundtableError} `no-websocket`.
 */
export function findWebSocket(): WebSocketConstructor {
  const { WebSocket, process } = globalThis as { WebSocket?: WebSocketConstructor; process?: NodeProcess };
  if (WebSocket) return WebSocket;
  try {
    // Not `import('ws')`: bundlers for browsers would look for it.
    const require = process!.getBuiltinModule!('node:module').createRequire(import.meta.url);

    return (require('ws') as { WebSocket: WebSocketConstructor }).WebSocket;
  } catch {
    throw new RoundtableError(
      'no-websocket',
      'There is no WebSocket here. Install the package ws, or hand a class over as the option WebSocket.',
    );
  }
}
