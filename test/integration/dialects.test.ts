import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { countWordErrors } from '../../bench/word-error-rate.ts';
import { type Clip, encode, readClips } from '../support/audio.ts';
import { JsonSocket, refusal } from '../support/json-socket.ts';
import { readMetric, untilMetric } from '../support/metrics.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { openStream } from './speech.ts';

const MAX_BACKLOG_BYTES = 200_000;
const MAX_OUTPUT_BYTES = 65_536;
const KEY = 'a-key-of-thirty-two-characters-00';
const BACKLOG = 'roundtable_dialect_backlog_bytes';

let folder: string;
let server: RunningServer;
let clips: readonly Clip[];

beforeAll(async () => {
  folder = await mkdtemp(joinPath(tmpdir(), 'roundtable-dialects-'));
  const keys = joinPath(folder, 'keys.json');
  await writeFile(keys, JSON.stringify({ keys: [{ name: 'Northwind', key: KEY }] }));
  const flags = [
    ...['--keys-file', keys, '--max-streams', '1', '--max-waiting-streams', '1', '--resume-window-ms', '0'],
    ...['--max-backlog-bytes', String(MAX_BACKLOG_BYTES), '--max-output-bytes', String(MAX_OUTPUT_BYTES)],
  ];
  [server, clips] = await Promise.all([startRoundtable(flags), readClips()]);
  server = { ...server, key: KEY };
});

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

afterEach(() => untilMetric(server.url, 'roundtable_streams', 0));

function connect<Message>(query = `key=${KEY}`): Promise<JsonSocket<Message>> {
  return JsonSocket.connect<Message>(`${server.socketUrl}/vosk?${query}`);
}

describe('A client of another dialect', () => {
  it('is refused over HTTP without a key, and where no more fit in, with the time to come back after', async () => {
    expect(await refusal(`${server.socketUrl}/vosk?key=wrong`)).toMatchObject({ status: 401 });
    const inside = await openStream(server);
    const waiting = await connect();
    const full = await refusal(`${server.socketUrl}/vosk`, { headers: { authorization: `Bearer ${KEY}` } });
    expect(full.status).toBe(503);
    waiting.close();
    inside.close();
  });

  it('may speak while it waits to be let in, and is captioned then', async () => {
    const inside = await openStream(server);
    const client = await connect<{ text?: string }>();
    client.send('{"config" : {"sample_rate" : 16000}}');
    client.send(encode('pcm_s16le', clips[0]!.samples));
    client.send('{"eof" : 1}');
    await untilMetric(server.url, 'roundtable_waiting_streams', 1);
    while ((await readMetric(server.url, BACKLOG)) === 0);
    expect(client.messages).toEqual([]);
    inside.close();
    expect(await client.closed).toEqual({ code: 1000, reason: '' });
    const { errors, words } = countWordErrors(clips[0]!.reference, client.messages.at(-1)?.text ?? '');
    expect(errors / words).toBeLessThanOrEqual(0.25);
    await untilMetric(server.url, BACKLOG, 0);
  });

  it('is ended with audio-overrun when more waits than may', async () => {
    const inside = await openStream(server);
    const client = await connect();
    client.send(new Uint8Array(MAX_BACKLOG_BYTES / 2));
    client.send(new Uint8Array(MAX_BACKLOG_BYTES / 2));
    expect(await client.closed).toEqual({ code: 4429, reason: 'audio-overrun' });
    await untilMetric(server.url, BACKLOG, 0);
    inside.close();
  });

  it('that reads nothing of what it asks for is slow-consumer', async () => {
    const client = await connect();
    client.socket.pause();
    const nothing = new Uint8Array();
    while ((await readMetric(server.url, 'roundtable_errors_total{code="slow-consumer"}')) === 0) {
      for (let i = 0; i < 10_000; i++) client.send(nothing);
      await new Promise((resolve) => client.socket.send(nothing, resolve));
    }
    client.socket.resume();
    expect(await client.closed).toEqual({ code: 4408, reason: 'slow-consumer' });
  });

  it('is told when a message is too large', async () => {
    const client = await connect();
    client.send(new Uint8Array(1_048_577));
    expect(await client.closed).toEqual({ code: 4413, reason: 'message-too-large' });
  });

  it('leaves nothing behind when it vanishes while it speaks', async () => {
    const client = await connect();
    client.send('{"config" : {"sample_rate" : 16000}}');
    client.send(encode('pcm_s16le', clips[1]!.samples));
    await client.receive();
    client.socket.terminate();
    await untilMetric(server.url, 'roundtable_streams', 0);
    await untilMetric(server.url, 'roundtable_buffered_audio_seconds', 0);
    expect(await readMetric(server.url, 'roundtable_books_imbalance_samples')).toBe(0);
  });
});

describe('A server that goes away', () => {
  it('tells a client of another dialect what it has heard', async () => {
    const leaving = await startRoundtable();
    const client = await JsonSocket.connect<{ text?: string }>(`${leaving.socketUrl}/vosk`);
    client.send('{"config" : {"sample_rate" : 16000}}');
    client.send(encode('pcm_s16le', clips[0]!.samples));
    await client.receive();
    const stopped = leaving.stop();
    expect(await client.closed).toEqual({ code: 1001, reason: '' });
    const { errors, words } = countWordErrors(clips[0]!.reference, client.messages.at(-1)?.text ?? '');
    expect(errors / words).toBeLessThanOrEqual(0.25);
    await stopped;
  });

  it('has no dialects where none are asked for', async () => {
    const plain = await startRoundtable(['--dialects', 'none']);
    expect(await refusal(`${plain.socketUrl}/vosk`)).toMatchObject({ status: 404 });
    await plain.stop();
  });
});
