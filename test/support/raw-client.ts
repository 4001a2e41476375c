import { once } from 'node:events';
import { pack, unpack } from 'msgpackr';
import { WebSocket } from 'ws';
import {
  MSGPACK_SUBPROTOCOL,
  type ReadyMessage,
  type ServerMessage,
  type StartMessage,
} from '../../client-sdk/protocol.ts';

type MessageOf<Type extends ServerMessage['type']> = Extract<ServerMessage, { type: Type }>;

/** A whole number of frames of every format, and 4 s of the thinnest. */
const MESSAGE_BYTES = 32_000;

/** A WebSocket that sends whatever a test wants and collects what comes back. Nothing in it is polite. */
export class RawClient {
  readonly socket: WebSocket;
  readonly messages: ServerMessage[] = [];
  /** The close code and reason, once the connection has ended. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly #waiting = new Set<() => void>();
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

  /** @param subprotocol none when left out. @param key goes into the `Authorization` header. */
  static async connect(url: string, subprotocol?: string, key?: string): Promise<RawClient> {
    const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
    const socket = new WebSocket(url, subprotocol === undefined ? [] : [subprotocol], { headers });
    const client = new RawClient(socket);
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

  /** Sends an object in the encoding of the subprotocol. */
  send(message: object): void {
    if (this.isMsgpack) this.sendBytes(pack(message));
    else this.sendJson(message);
  }

  /** Sends audio in the encoding of the subprotocol, in messages of a size that any format allows. */
  sendAudio(pcm: Uint8Array): void {
    let at = 0;
    do {
      const message = pcm.subarray(at, at + MESSAGE_BYTES);
      if (this.isMsgpack) this.send({ type: 'audio', pcm: message });
      else this.sendBytes(message);
      at += MESSAGE_BYTES;
    } while (at < pcm.length);
  }

  /** Sends `start`, for 16-bit audio at 16 kHz unless told otherwise, and waits for the answer. */
  async start(fields: Partial<StartMessage> = {}): Promise<ReadyMessage> {
    this.send({ type: 'start', sampleRate: 16_000, encoding: 'pcm_s16le', ...fields });

    return this.next('ready');
  }

  /** Sends a marker and waits until it comes back. */
  async passMarker(id: number): Promise<void> {
    this.send({ type: 'marker', id });
    await this.until(() => this.all('marker').some((marker) => marker.id === id));
  }

  /**
   * The first message of a type, waiting for it if need be.
   * @throws when the connection ends without one.
   */
  async next<Type extends ServerMessage['type']>(type: Type): Promise<MessageOf<Type>> {
    await this.until(() => this.all(type).length > 0, `a ${type} message`);

    return this.all(type)[0]!;
  }

  /**
   * Waits until a condition on the messages holds.
   * @throws when the connection ends before.
   */
  async until(holds: () => boolean, what = 'what was waited for'): Promise<void> {
    while (!holds()) {
      if (this.#ended) {
        const types = this.messages.slice(-20).map((message) => message.type);
        throw new Error(`The connection ended without ${what}, after: ${types.join(', ')}`);
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** All messages of a type so far. */
  all<Type extends ServerMessage['type']>(type: Type): MessageOf<Type>[] {
    return this.messages.filter((message) => message.type === type) as MessageOf<Type>[];
  }

  close(): void {
    this.socket.close();
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resume of waiting) resume();
  }
}
