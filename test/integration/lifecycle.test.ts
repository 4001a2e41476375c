import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Clip, encode, readClips } from '../support/audio.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { expectFatal, openStream, speak, wordErrorShare } from './speech.ts';

let clips: readonly Clip[];

beforeAll(async () => {
  clips = await readClips();
});

describe('A server that has not loaded its models', () => {
  let server: RunningServer;
  let folder: string;
  const silentRegistry = createServer(() => {});

  beforeAll(async () => {
    // Models that are still on their way: a registry that takes connections and never answers.
    folder = await mkdtemp(joinPath(tmpdir(), 'roundtable-not-ready-'));
    silentRegistry.listen(0, '127.0.0.1');
    await once(silentRegistry, 'listening');
    const { port } = silentRegistry.address() as AddressInfo;
    server = await startRoundtable(
      ['--models-dir', joinPath(folder, 'models')],
      { npm_config_registry: `http://127.0.0.1:${port}/` },
      'listening',
    );
  });

  afterAll(async () => {
    await server.stop();
    silentRegistry.close();
    await rm(folder, { recursive: true });
  });

  it('is alive', async () => {
    const response = await fetch(`${server.url}/healthz`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ alive: true });
  });

  it('says that it is not ready, and when to ask again', async () => {
    const response = await fetch(`${server.url}/readyz`);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    expect(await response.json()).toEqual({
      ready: false,
      reason: 'The server is still loading its models.',
    });
  });

  it('refuses speakers and viewers as not-ready', async () => {
    for (const path of ['/v1/stream', '/v1/meetings/m/captions'])
      await expectFatal(await RawClient.connect(`${server.socketUrl}${path}`), 'not-ready');
  });

  it('stops at once when told to', async () => {
    await server.stop();
    expect(await server.exited).toBe(0);
  });
});

describe('A server that is told to stop', () => {
  async function midSpeech(): Promise<{ server: RunningServer; client: RawClient; viewer: RawClient }> {
    const server = await startRoundtable();
    const viewer = await RawClient.connect(`${server.socketUrl}/v1/meetings/m/captions`);
    const client = await openStream(server, { meeting: 'm' });
    client.sendAudio(encode('pcm_s16le', clips[3]!.samples));
    await client.next('partial');

    return { server, client, viewer };
  }

  it('by SIGTERM captions what has been said, says done, and exits with 0', async () => {
    const { server, client, viewer } = await midSpeech();
    server.process.kill('SIGTERM');
    expect(await client.closed).toEqual({ code: 1000, reason: 'done' });
    expect(wordErrorShare(client, clips[3]!.reference)).toBeLessThanOrEqual(0.25);
    const { receivedMs, transcribedMs, silenceMs, droppedMs } = client.all('done')[0]!;
    expect(receivedMs).toBe(Math.round(clips[3]!.samples.length / 16));
    expect(transcribedMs + silenceMs).toBe(receivedMs);
    expect(droppedMs).toBe(0);
    expect(viewer.all('final')).toEqual(client.all('final'));
    await expectFatal(viewer, 'draining');
    expect(await server.exited).toBe(0);
  });

  it('loses no words of a speaker who does not know it yet and goes on sending', async () => {
    const server = await startRoundtable();
    const client = await openStream(server);
    const spoken = Array.from({ length: 4 }, () => clips[1]!);
    for (const { samples } of spoken) client.sendAudio(encode('pcm_s16le', samples));
    await client.next('speech-started');
    server.process.kill('SIGTERM');
    await untilRefused(server.url);
    // What a microphone does until it is told that it is over.
    client.sendAudio(new Uint8Array(640));
    client.send({ type: 'marker', id: 1 });
    client.send({ type: 'flush' });
    client.send({ type: 'stop' });
    expect(await client.closed).toEqual({ code: 1000, reason: 'done' });
    expect(client.all('error')).toEqual([]);
    const reference = spoken.map((clip) => clip.reference).join(' ');
    expect(wordErrorShare(client, reference)).toBeLessThanOrEqual(0.25);
    await server.exited;
  });

  it('by SIGINT exits with 130', async () => {
    const { server, client } = await midSpeech();
    server.process.kill('SIGINT');
    expect((await client.closed).code).toBe(1000);
    expect(await server.exited).toBe(130);
  });

  it('refuses those who have not started, as draining', async () => {
    const server = await startRoundtable();
    // Whoever hears that the connection is open has a session.
    const client = await RawClient.connect(`${server.socketUrl}/v1/stream`);
    server.process.kill('SIGTERM');
    await expectFatal(client, 'draining');
    expect(await server.exited).toBe(0);
  });

  it('cuts off those who are not done within the drain timeout', async () => {
    const server = await startRoundtable(['--drain-timeout-ms', '0']);
    const client = await openStream(server, { partials: false });
    client.sendAudio(encode('pcm_s16le', clips[1]!.samples));
    await client.next('speech-started');
    server.process.kill('SIGTERM');
    await expectFatal(client, 'draining');
    expect(await server.exited).toBe(0);
  });

  it('twice ends at once', async () => {
    const server = await startRoundtable(['--drain-timeout-ms', '600000']);
    const client = await openStream(server);
    // More speech than can be captioned before the second signal is there.
    for (let i = 0; i < 12; i++) client.sendAudio(encode('pcm_s16le', clips[1]!.samples));
    await client.next('speech-started');
    server.process.kill('SIGINT');
    // It takes no more connections: the first signal has been heard.
    await untilRefused(server.url);
    server.process.kill('SIGINT');
    await server.exited;
    // To a shell, a program that exits with 130 and one that SIGINT killed are the same.
    const { exitCode, signalCode } = server.process;
    expect(signalCode ?? exitCode).toBe(signalCode === 'SIGINT' ? 'SIGINT' : 130);
    expect((await client.closed).code).toBe(1006);
    expect(client.all('done')).toEqual([]);
  });
});

describe('The log', () => {
  it('never holds what was said, nor who said it where', async () => {
    const server = await startRoundtable();
    for (const { samples } of clips)
      await speak(server, samples, { meeting: 'Boardroom', speaker: 'Ada Lovelace' });
    const faulty = await openStream(server, { meeting: 'Boardroom', speaker: 'Ada Lovelace' });
    faulty.sendJson({ type: 'Egyptian background' });
    await faulty.closed;
    await server.stop();
    const log = server.log.join('\n').toLowerCase();
    expect(log).toContain('stream closed');
    for (const word of [
      'egyptian',
      'background',
      'bondage',
      'accusing',
      'shoppy',
      'silly',
      'happened',
      'boardroom',
      'lovelace',
    ])
      expect(log).not.toContain(word);
  });
});

async function untilRefused(url: string): Promise<void> {
  for (;;) {
    try {
      await fetch(`${url}/healthz`, { headers: { connection: 'close' } });
    } catch {
      return;
    }
  }
}
