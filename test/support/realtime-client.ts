import { once } from 'node:events';
import OpenAI from 'openai';
import { OpenAIRealtimeWS as BetaSocket } from 'openai/beta/realtime/ws';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { encode, resample } from './audio.ts';
import type { RunningServer } from './running-server.ts';
import type { TlsProxy } from './tls-proxy.ts';

/** An event of the server's. */
export type RealtimeEvent = { readonly type: string } & Readonly<Record<string, unknown>>;

/** Rate of the interface's 16-bit audio. */
export const REALTIME_RATE = 24_000;

/** What the client's two classes have in common. */
interface Socket {
  readonly socket: OpenAIRealtimeWS['socket'];
  send(event: never): void;
  close(): void;
  on(name: 'event', listener: (event: never) => void): unknown;
  on(name: 'error', listener: (error: Error) => void): unknown;
}

/** OpenAI's own Realtime client, and all that it is told. */
export class RealtimeClient {
  readonly #socket: Socket;
  readonly events: RealtimeEvent[] = [];
  readonly errors: Error[] = [];
  readonly #waiting = new Set<() => void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('event', (event: RealtimeEvent) => {
      this.events.push(event);
      for (const look of [...this.#waiting]) look();
    });
    socket.on('error', (error) => this.errors.push(error));
  }

  /** Connects over TLS: the client knows nothing else. @param shape of the interface. */
  static async connect(
    proxy: TlsProxy,
    { key = 'none' }: Pick<RunningServer, 'key'> = {},
    shape: 'current' | 'beta' = 'current',
  ): Promise<RealtimeClient> {
    const client = new OpenAI({ apiKey: key, baseURL: `https://127.0.0.1:${proxy.port}/v1` });
    const options = { ca: proxy.cert };
    const socket =
      shape === 'beta'
        ? new BetaSocket({ model: 'gpt-4o-transcribe', options }, client)
        : new OpenAIRealtimeWS({ model: 'gpt-4o-transcribe', options }, client);
    const realtime = new RealtimeClient(socket as unknown as Socket);
    await once(socket.socket, 'open');

    return realtime;
  }

  send(event: object): void {
    this.#socket.send(event as never);
  }

  /** Sends samples at 16 kHz, in events of so many bytes of audio. */
  append(samples: Float32Array, bytes = 9600): void {
    const pcm = Buffer.from(encode('pcm_s16le', resample(samples, REALTIME_RATE)).buffer);
    for (let at = 0; at < pcm.length; at += bytes)
      this.send({
        type: 'input_audio_buffer.append',
        audio: pcm.subarray(at, at + bytes).toString('base64'),
      });
  }

  /** Waits for so many events of a type, and returns all of them. */
  async next(type: string, count = 1): Promise<readonly RealtimeEvent[]> {
    while (this.all(type).length < count)
      await new Promise<void>((resolve) => {
        const look = () => {
          this.#waiting.delete(look);
          resolve();
        };
        this.#waiting.add(look);
      });

    return this.all(type);
  }

  /** Events whose type ends so. */
  all(type: string): readonly RealtimeEvent[] {
    return this.events.filter((event) => event.type.endsWith(type));
  }

  /** What a client has of an item that only appends. */
  textOf(itemId: unknown): string {
    return this.all('.delta')
      .filter((event) => event.item_id === itemId)
      .map((event) => event.delta)
      .join('');
  }

  async close(): Promise<void> {
    const closed = once(this.#socket.socket, 'close');
    this.#socket.close();
    await closed;
  }
}
