import { once } from 'node:events';
import { DeepgramClient } from '@deepgram/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { countWordErrors, wordErrorRate } from '../../bench/word-error-rate.ts';
import { type Clip, encode, join, readClips, silence } from '../support/audio.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { speak, textOf } from './speech.ts';

let server: RunningServer;
let clips: readonly Clip[];

beforeAll(async () => {
  [server, clips] = await Promise.all([startRoundtable(), readClips()]);
});

afterAll(() => server.stop());

type Connection = Awaited<ReturnType<DeepgramClient['listen']['v1']['connect']>>;
type Message = Connection extends AsyncIterable<infer Told> ? Told : never;
type Results = Extract<Message, { type: 'Results' }>;

/** Deepgram's own client, and what it hears. */
class Caller {
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

  static async connect(query: Record<string, unknown> = {}): Promise<Caller> {
    const environment = {
      base: server.url,
      production: server.socketUrl,
      agent: server.socketUrl,
      agentRest: server.url,
    };
    const client = new DeepgramClient({ apiKey: 'any', environment });
    const connection = await client.listen.v1.createConnection({
      model: 'nova-3',
      encoding: 'linear16',
      sample_rate: 16_000,
      reconnectAttempts: 0,
      ...query,
    });
    const caller = new Caller(connection);
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
    expect(await this.closed).toBe(1000);
  }

  get results(): readonly Results[] {
    return this.messages.filter((message): message is Results => message.type === 'Results');
  }

  get finals(): readonly Results[] {
    return this.results.filter(({ is_final }) => is_final);
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

function transcript(results: readonly Results[]): string {
  return results
    .map(({ channel }) => channel.alternatives[0]!.transcript)
    .filter((text) => text !== '')
    .join(' ');
}

describe("Deepgram's own client", () => {
  it('hears the words that the native protocol tells', async () => {
    const errors = { deepgram: [], native: [] } as Record<string, ReturnType<typeof countWordErrors>[]>;
    for (const { samples, reference } of clips) {
      const caller = await Caller.connect({ punctuate: 'true' });
      caller.send(samples);
      await caller.finish();
      errors.deepgram!.push(countWordErrors(reference, transcript(caller.finals)));
      errors.native!.push(countWordErrors(reference, textOf(await speak(server, samples))));
      expect(caller.messages.at(-1)).toMatchObject({
        type: 'Metadata',
        duration: samples.length / 16_000,
        channels: 1,
      });
    }
    const [deepgram, native] = [wordErrorRate(errors.deepgram!), wordErrorRate(errors.native!)];
    expect(Math.abs(deepgram - native)).toBeLessThanOrEqual(0.3);
    expect(native).toBeLessThan(25);
  });
});
