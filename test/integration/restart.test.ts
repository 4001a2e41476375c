import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReadyMessage } from '../../client-sdk/protocol.ts';
import { encode, join, readClips, silence } from '../support/audio.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { openStream } from './speech.ts';

let folder: string;
let audio: Uint8Array;

beforeAll(async () => {
  folder = await mkdtemp(joinPath(tmpdir(), 'roundtable-restart-'));
  const clips = await readClips();
  audio = encode('pcm_s16le', join(...clips.flatMap((clip) => [clip.samples, silence(500)])));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** On the port of the one before, with the same data. */
function restart(before: RunningServer): Promise<RunningServer> {
  return startRoundtable(['--data-dir', folder, '--port', new URL(before.url).port]);
}

async function kill(server: RunningServer): Promise<void> {
  server.process.kill('SIGKILL');
  await server.exited;
}

async function resume(server: RunningServer, token: string, acknowledgedMs: number): Promise<RawClient> {
  const client = await RawClient.connect(`${server.socketUrl}/v1/stream`);
  client.send({ type: 'resume', token, acknowledgedMs });
  await client.next('ready');

  return client;
}

/** Ids and texts, in the order of their ids. */
function words(clients: readonly RawClient[]): readonly string[] {
  const texts = new Map<number, string>();
  for (const { segmentId, text } of clients.flatMap((client) => client.all('final'))) {
    expect(texts.get(segmentId) ?? text).toBe(text);
    texts.set(segmentId, text);
  }

  return [...texts].sort(([a], [b]) => a - b).map(([, text]) => text);
}

describe('A server that is killed with -9', () => {
  it('takes up its streams again when it is back, and no word is lost or said twice', async () => {
    let server = await startRoundtable(['--data-dir', folder]);
    const clients = [await openStream(server, { meeting: 'killed', speaker: 'Ada' })];
    let ready: ReadyMessage = clients[0]!.all('ready')[0]!;
    for (const share of [0.2, 0.55, 0.9]) {
      const client = clients.at(-1)!;
      client.sendAudio(audio.subarray(ready.nextFrame * 2, Math.floor((share * audio.length) / 2) * 2));
      // In the middle of it: something is acknowledged, and something is not.
      await client.until(() => client.all('final').length > 0);
      await kill(server);
      server = await restart(server);
      const next = await resume(server, ready.resumeToken, client.all('ack').at(-1)?.acknowledgedMs ?? 0);
      ready = next.all('ready')[0]!;
      expect(ready).toMatchObject({
        meeting: 'killed',
        speaker: 'Ada',
        streamId: clients[0]!.all('ready')[0]!.streamId,
      });
      clients.push(next);
    }
    const last = clients.at(-1)!;
    last.sendAudio(audio.subarray(ready.nextFrame * 2));
    last.send({ type: 'stop' });
    expect(await last.closed).toEqual({ code: 1000, reason: 'done' });
    expect(last.all('done')[0]).toMatchObject({ receivedMs: Math.floor(audio.length / 32), droppedMs: 0 });
    const undisturbed = await openStream(server);
    undisturbed.sendAudio(audio);
    undisturbed.send({ type: 'stop' });
    await undisturbed.closed;
    expect(words(clients)).toEqual(words([undisturbed]));
    await server.stop();
  });
});
