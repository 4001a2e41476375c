import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ERRORS } from '../../server/errors.ts';
import { type Clip, encode, readClips } from '../support/audio.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { expectFatal, openStream, speak, wordErrorShare } from './speech.ts';

const SABOTEUR = fileURLToPath(new URL('./saboteur.cjs', import.meta.url));

const folder = mkdtempSync(joinPath(tmpdir(), 'roundtable-sabotage-'));
const file = joinPath(folder, 'deaths');
let server: RunningServer;
let clips: readonly Clip[];

/** Has the next so many threads of a kind die in the middle of their task. */
function sabotage(kind: 'recognizer' | 'vad' | 'nobody', deaths: number): void {
  writeFileSync(file, `${kind} ${deaths}`);
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`roundtable_${name} `));

  return Number(line?.split(' ')[1]);
}

beforeAll(async () => {
  sabotage('nobody', 0);
  const environment = { NODE_OPTIONS: `--require ${SABOTEUR}`, SABOTAGE_FILE: file };
  [server, clips] = await Promise.all([startRoundtable(['--devices', 'cpu,cpu'], environment), readClips()]);
});

afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

describe.each(['recognizer', 'vad'] as const)('A %s thread that dies', (kind) => {
  it('in the middle of the work of many streams costs none of them a word', async () => {
    const before = await metric(`thread_crashes_total{pool="${kind}"}`);
    const pair = [clips[0]!, clips[1]!, clips[3]!, clips[0]!, clips[1]!, clips[3]!];
    sabotage(kind, 1);
    const clients = await Promise.all(pair.map(({ samples }) => speak(server, samples)));
    for (const [i, client] of clients.entries()) {
      expect(client.all('error')).toEqual([]);
      expect(wordErrorShare(client, pair[i]!.reference)).toBeLessThanOrEqual(0.25);
      expect(client.all('done')[0]!.droppedMs).toBe(0);
    }
    expect(await metric(`thread_crashes_total{pool="${kind}"}`)).toBe(before + 1);
    expect(await metric('books_imbalance_samples')).toBe(0);
    expect(server.log.some((line) => line.includes('a thread died and is being replaced'))).toBe(true);
  });
});

describe('A stretch of speech that kills two recogniser threads', () => {
  it('is reported as lost, and the stream goes on', async () => {
    const client = await openStream(server, { partials: false });
    sabotage('recognizer', 2);
    client.sendAudio(encode('pcm_s16le', clips[0]!.samples));
    client.send({ type: 'flush' });
    const error = await client.next('error');
    const { retryable, fatal, text } = ERRORS['segment-lost'];
    expect(error).toMatchObject({
      code: 'segment-lost',
      retryable,
      fatal,
      captionId: expect.stringMatching(/:0$/),
    });
    expect(fatal).toBe(false);
    expect(error.message).toMatch(new RegExp(`^${text} From \\d+ to \\d+ ms\\.$`));
    client.sendAudio(encode('pcm_s16le', clips[3]!.samples));
    client.send({ type: 'stop' });
    expect(await client.closed).toEqual({ code: 1000, reason: 'done' });
    expect(wordErrorShare(client, clips[3]!.reference)).toBeLessThanOrEqual(0.25);
    const { receivedMs, transcribedMs, silenceMs, droppedMs, captions } = client.all('done')[0]!;
    expect(captions).toBe(1);
    expect(droppedMs).toBeGreaterThan(2000);
    expect(transcribedMs + silenceMs + droppedMs).toBe(receivedMs);
    expect(await metric('books_imbalance_samples')).toBe(0);
  });

  it('answers a marker all the same', async () => {
    const client = await openStream(server);
    sabotage('recognizer', 2);
    client.sendAudio(encode('pcm_s16le', clips[0]!.samples));
    await client.passMarker(1);
    client.close();
    await client.closed;
    sabotage('nobody', 0);
  });
});

describe('Audio that kills two voice detection threads', () => {
  it('ends its stream as internal, and the next one is captioned', async () => {
    const client = await openStream(server);
    sabotage('vad', 2);
    client.sendAudio(encode('pcm_s16le', clips[0]!.samples));
    await expectFatal(client, 'internal');
    const next = await speak(server, clips[3]!.samples);
    expect(wordErrorShare(next, clips[3]!.reference)).toBeLessThanOrEqual(0.25);
    expect(await metric('books_imbalance_samples')).toBe(0);
  });
});
