import { once } from 'node:events';
import { type ClientOptions, WebSocket } from 'ws';

/** A WebSocket as clients of other services have it: it sends text and bytes, and is told objects. */
export class JsonSocket<Message = Record<string, unknown>> {
  readonly socket: WebSocket;
  /** All that came. */
  readonly messages: Message[] = [];
  /** The close code and reason, once the connection has ended. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly #waiting = new Set<() => void>();
  #read = 0;
  #ended = false;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = once(socket, 'close').then(([code, reason]) => {
      this.#ended = true;
      this.#wake();

      return { code: code as number, reason: String(reason) };
    });
    socket.on('message', (data: Buffer) => {
      this.messages.push(JSON.parse(data.toString()) as Message);
      this.#wake();
    });
    socket.on('error', () => {});
  }

  /** @param subprotocols offered. */
  static async connect<Message = Record<string, unknown>>(
    url: string,
    subprotocols: readonly string[] = [],
    options: ClientOptions = {},
  ): Promise<JsonSocket<Message>> {
    const client = new JsonSocket<Message>(new WebSocket(url, [...subprotocols], options));
    await once(client.socket, 'open');

    return client;
  }

  /** Text or bytes. */
  send(data: string | Uint8Array): void {
    this.socket.send(data);
  }

  /** The next message that has not been received yet, waiting for it. @throws when the connection ends before. */
  async receive(): Promise<Message> {
    await this.until(() => this.messages.length > this.#read);

    return this.messages[this.#read++]!;
  }

  /** Waits until a condition on the messages holds. @throws when the connection ends before. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.#ended) throw new Error(`The connection ended after ${JSON.stringify(this.messages.at(-1))}.`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
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

/** The status and body with which a request for a WebSocket is refused. */
export async function refusal(
  url: string,
  options: ClientOptions = {},
): Promise<{ readonly status: number; readonly body: string }> {
  const socket = new WebSocket(url, options);
  const [request, response] = (await once(socket, 'unexpected-response')) as [
    { destroy(): void },
    AsyncIterable<Buffer> & { statusCode: number },
  ];
  let body = '';
  for await (const chunk of response) body += chunk.toString();
  request.destroy();

  return { status: response.statusCode, body };
}
