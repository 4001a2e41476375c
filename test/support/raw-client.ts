import { once } from 'node:events';
import { unpack } from 'msgpackr';
import { WebSocket } from 'ws';
import { MSGPACK_SUBPROTOCOL, type ServerMessage } from '../../client-sdk/protocol.ts';

/** A WebSocket that sends whatever a test wants and collects what comes back. Nothing in it is polite. */
export class RawClient {
  readonly socket: WebSocket;
  readonly messages: ServerMessage[] = [];
  /** The close code and reason, once the connection has ended. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  #wake: () => void = () => {};
  #ended = false;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = once(socket, 'close').then(([code, reason]) => {
      this.#ended = true;
      this.#wake();

      return { code: code as number, reason: String(reason) };
    });
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      this.messages.push((isBinary ? unpack(data) : JSON.parse(data.toString())) as ServerMessage);
      this.#wake();
    });
    socket.on('error', () => {});
  }

  /** @param subprotocol none when left out. */
  static async connect(url: string, subprotocol?: string): Promise<RawClient> {
    const client = new RawClient(new WebSocket(url, subprotocol === undefined ? [] : [subprotocol]));
    await once(client.socket, 'open');

    return client;
  }

  get isMsgpack(): boolean {
    return this.socket.protocol === MSGPACK_SUBPROTOCOL;
  }

  /** Sends an object as a JSON text message. */
  sendJson(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  /** Sends bytes as a binary message. */
  sendBytes(bytes: Uint8Array): void {
    this.socket.send(bytes);
  }

  /**
   * The first message of a type, waiting for it if need be.
   * @throws when the connection ends without one.
   */
  async next<Type extends ServerMessage['type']>(
    type: Type,
  ): Promise<Extract<ServerMessage, { type: Type }>> {
    for (;;) {
      const found = this.messages.find((message) => message.type === type);
      if (found) return found as Extract<ServerMessage, { type: Type }>;
      if (this.#ended) {
        const types = this.messages.map((message) => message.type).join(', ');
        throw new Error(`The connection ended without a ${type} message, after: ${types}`);
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** All messages of a type so far. */
  all<Type extends ServerMessage['type']>(type: Type): Extract<ServerMessage, { type: Type }>[] {
    return this.messages.filter((message) => message.type === type) as Extract<
      ServerMessage,
      { type: Type }
    >[];
  }

  close(): void {
    this.socket.close();
  }
}
