import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FinalMessage } from '../../client-sdk/protocol.ts';
import { type Clip, readClips } from '../support/audio.ts';
import { readMetric } from '../support/metrics.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { openStream, speak } from './speech.ts';

const KEY = 'acme-0123456789.abc';

let folder: string;
let server: RunningServer;
let clips: readonly Clip[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roundtable-archive-'));
  const keys = join(folder, 'keys.json');
  const sha256 = createHash('sha256').update(KEY).digest('hex');
  await writeFile(keys, JSON.stringify({ keys: [{ name: 'Northwind', sha256 }] }));
  const flags = ['--keys-file', keys, '--data-dir', join(folder, 'data')];
  const [started, read] = await Promise.all([startRoundtable(flags), readClips()]);
  server = { ...started, key: KEY };
  clips = read;
});

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

function ask(path: string, method = 'GET', key = KEY): Promise<Response> {
  return fetch(`${server.url}/v1/${path}`, { method, headers: { authorization: `Bearer ${key}` } });
}

async function json<T>(path: string): Promise<T> {
  return (await (await ask(path)).json()) as T;
}

describe('What is stored of meetings', () => {
  it('is searched, listed, exported and deleted, by those who have a key', async () => {
    const said: FinalMessage[] = [];
    for (const [i, meeting] of ['one', 'two'].entries())
      said.push(...(await speak(server, clips[i]!.samples, { meeting })).all('final'));
    const { meetings } = await json<{ meetings: { meeting: string }[] }>('meetings');
    expect(meetings.map(({ meeting }) => meeting)).toEqual(['two', 'one']);
    const [first] = said;
    const longest = first!.text.match(/\w+/g)!.toSorted((a, b) => b.length - a.length)[0]!;
    const found = await json<{ hits: { caption: FinalMessage; marks: [number, number][] }[] }>(
      `search?q=${longest}&meeting=one`,
    );
    const hit = found.hits.find(({ caption }) => caption.captionId === first!.captionId)!;
    expect(hit.caption.text.slice(...hit.marks[0]!)).toBe(longest);
    const lines = (await (await ask('export')).text()).trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as FinalMessage).captionId).sort()).toEqual(
      said.map(({ captionId }) => captionId).sort(),
    );
    for (const [path, method] of [
      ['meetings', 'GET'],
      ['search?q=x', 'GET'],
      ['export', 'GET'],
      ['meetings/one', 'DELETE'],
    ] as const)
      expect((await ask(path, method, 'somebody-elses.key')).status).toBe(401);
    expect((await ask('meetings/one', 'DELETE')).status).toBe(204);
    expect((await ask('meetings/one/transcript.txt')).status).toBe(404);
    expect((await json<{ hits: object[] }>(`search?q=${longest}&meeting=one`)).hits).toEqual([]);
    for (const name of await readdir(join(folder, 'data')))
      if (name.startsWith('history'))
        expect((await readFile(join(folder, 'data', name))).includes(first!.text)).toBe(false);
    expect((await ask('meetings/two/transcript.txt')).status).toBe(200);
    expect(await readMetric(server.url, 'roundtable_history_store_info{store="sqlite"}')).toBe(1);
    expect(await readMetric(server.url, 'roundtable_history_search_seconds_count')).toBe(2);
  });

  it('goes while somebody speaks, who goes on', async () => {
    const client = await openStream(server, { meeting: 'live' });
    const pcm = new Int16Array(clips[0]!.samples.map((sample) => sample * 32_767));
    const audio = new Uint8Array(pcm.buffer);
    client.sendAudio(audio);
    client.send({ type: 'flush' });
    await client.passMarker(1);
    const before = client.all('final');
    expect(before.length).toBeGreaterThan(0);
    expect((await ask('meetings/live', 'DELETE')).status).toBe(204);
    client.sendAudio(audio);
    client.send({ type: 'stop' });
    expect(await client.closed).toEqual({ code: 1000, reason: 'done' });
    const { captions } = await json<{ captions: FinalMessage[] }>('meetings/live/transcript.json');
    expect(captions.map(({ captionId }) => captionId)).toEqual(
      client
        .all('final')
        .slice(before.length)
        .map(({ captionId }) => captionId),
    );
    expect(client.all('ack').at(-1)!.acknowledgedMs).toBe(client.all('done')[0]!.receivedMs);
  });
});
