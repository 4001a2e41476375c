import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { SpeakerConnection } from '../client-sdk/speaker-connection.ts';
import { scriptServer } from './support/scripted-server.ts';

describe('SpeakerConnection', () => {
  it('hangs up on messages that pile up unread, and says so behind those it kept', async () => {
    let heardClose: (code: number) => void;
    const closed = new Promise<number>((resolve) => {
      heardClose = resolve;
    });
    const server = await scriptServer((say, socket) => {
      for (let acknowledgedMs = 0; acknowledgedMs < 10_050; acknowledgedMs++)
        say({ type: 'ack', acknowledgedMs });
      void once(socket, 'close').then(([code]) => heardClose(code as number));
    });
    const start = { sampleRate: 16_000, encoding: 'pcm_s16le' } as const;
    const connection = await SpeakerConnection.connect(server.url, start, WebSocket);
    expect(await closed).toBe(1000);
    const positions: number[] = [];
    const reading = async () => {
      for await (const message of connection) {
        if (message.type === 'ack') positions.push(message.acknowledgedMs);
      }
    };
    await expect(reading()).rejects.toMatchObject({
      name: 'ConnectionError',
      message: 'Its messages are not being read.',
      code: null,
    });
    expect(positions).toEqual(Array.from({ length: 10_000 }, (_, i) => i));
    server.close();
  });

  it('tells when a server that refuses wants to be asked again', async () => {
    const error = { code: 'busy', message: 'Busy.', retryable: true, fatal: true, retryAfterMs: 7000 };
    const server = await scriptServer((_, socket) => socket.close(4503), [{ type: 'error', ...error }]);
    const start = { sampleRate: 16_000, encoding: 'pcm_s16le' } as const;
    const connection = await SpeakerConnection.connect(server.url, start, WebSocket);
    await expect(connection[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'busy',
      retryable: true,
      retryAfterMs: 7000,
    });
    server.close();
  });
});
