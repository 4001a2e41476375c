import { DeepgramClient } from '@deepgram/sdk';
import { encode } from './audio.ts';
import type { RunningServer } from './running-server.ts';

type Connection = Awaited<ReturnType<DeepgramClient['listen']['v1']['connect']>>;
type Message = Connection extends AsyncIterable<infer Told> ? Told : never;
/** A final or interim result. */
export type Results = Extract<Message, { type: 'Results' }>;

/** A live stream of Deepgram's own client, and what it hears. */
export class DeepgramCaller {
  readonly connection: Connection;
  readonly messages: Message[] = [];
  readonly closed: Promise<number>;
  #wake: () => void = () => {};

  private constructor(connection: Connection) {
    this.connection = connection;
    connection.on('message', (message) => {
      this.messages.push(message);
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      connection.on('close', ({ code }) => resolve(code));
    });
  }

  /** @param query what the address says besides linear16 at 16 kHz. */
  static async connect(server: RunningServer, query: Record<string, unknown> = {}): Promise<DeepgramCaller> {
    const connection = await deepgramClient(server).listen.v1.createConnection({
      model: 'nova-3',
      encoding: 'linear16',
      sample_rate: 16_000,
      reconnectAttempts: 0,
      ...query,
    });
    const caller = new DeepgramCaller(connection);
    connection.connect();
    await connection.waitForOpen();

    return caller;
  }

  /** Sends audio in frames of 100 ms, as fast as it can. */
  send(samples: Float32Array): void {
    const audio = encode('pcm_s16le', samples);
    for (let at = 0; at < audio.length; at += 3200) this.connection.sendMedia(audio.slice(at, at + 3200));
  }

  /** Ends the stream and hears it out. */
  async finish(): Promise<void> {
    this.connection.sendCloseStream({ type: 'CloseStream' });
    const code = await this.closed;
    if (code !== 1000) throw new Error(`The stream was closed with ${code}.`);
  }

  /** Interim and final ones. */
  get results(): readonly Results[] {
    return this.messages.filter((message): message is Results => message.type === 'Results');
  }

  /** Those that will not change. */
  get finals(): readonly Results[] {
    return this.results.filter(({ is_final }) => is_final);
  }

  /** Waits until a condition on the messages holds. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** Deepgram's own client of this server. */
export function deepgramClient(server: RunningServer): DeepgramClient {
  const { url: base, url: agentRest, socketUrl: production, socketUrl: agent } = server;

  return new DeepgramClient({
    apiKey: server.key ?? 'any',
    environment: { base, production, agent, agentRest },
    maxRetries: 0,
  });
}

/** What was said, all of it. */
export function transcript(results: readonly Results[]): string {
  return results
    .map(({ channel }) => channel.alternatives[0]!.transcript)
    .filter((text) => text !== '')
    .join(' ');
}
