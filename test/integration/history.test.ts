import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encode, join, readClips, silence } from '../support/audio.ts';
import { readMetric } from '../support/metrics.ts';
import { RawClient } from '../support/raw-client.ts';
import { type RunningServer, runRoundtable, startRoundtable } from '../support/running-server.ts';
import { expectFatal, openStream } from './speech.ts';

let folder: string;
let audio: Uint8Array;

beforeAll(async () => {
  folder = await mkdtemp(joinPath(tmpdir(), 'roundtable-restart-'));
  const clips = await readClips();
  audio = encode('pcm_s16le', join(...clips.flatMap(({ samples }) => [samples, silence(1000)])));
});

afterAll(() => rm(folder, { recursive: true }));

function start(dataDir: string): Promise<RunningServer> {
  return startRoundtable(['--data-dir', dataDir]);
}

async function resume(server: RunningServer, token: string, acknowledgedMs: number): Promise<RawClient> {
  const client = await RawClient.connect(`${server.socketUrl}/v1/stream`);
  client.send({ type: 'resume', token, acknowledgedMs });

  return client;
}

/** Final texts by segment, of however many connections. */
function transcript(...clients: readonly RawClient[]): Record<string, string> {
  const finals = clients.flatMap((client) => client.all('final'));

  return Object.fromEntries(finals.map(({ segmentId, text }) => [segmentId, text]));
}

describe('A server that is killed', () => {
  it('goes on with its streams after a restart, as if nothing had happened', async () => {
    const first = await start(folder);
    const undisturbed = await openStream(first);
    undisturbed.sendAudio(audio);
    undisturbed.send({ type: 'stop' });
    await undisturbed.closed;
    const client = await openStream(first, { meeting: 'killed', speaker: 'Ada' });
    const { resumeToken, streamId } = client.all('ready')[0]!;
    client.sendAudio(audio.subarray(0, Math.floor(audio.length / 4) * 2));
    await client.until(() => client.all('ack').some(({ acknowledgedMs }) => acknowledgedMs > 3000));
    first.process.kill('SIGKILL');
    await first.exited;
    const { acknowledgedMs } = client.all('ack').at(-1)!;

    const second = await start(folder);
    // As if none of the acknowledgements had arrived: what was final then is told again.
    const next = await resume(second, resumeToken, 0);
    const ready = await next.next('ready');
    expect(ready).toMatchObject({ streamId, meeting: 'killed', speaker: 'Ada' });
    expect(ready.nextFrame).toBeGreaterThanOrEqual((acknowledgedMs - 100) * 16);
    const settled = client.all('final').filter(({ endMs }) => endMs <= acknowledgedMs);
    expect(settled.length).toBeGreaterThan(0);
    await next.until(() => next.all('final').length >= settled.length);
    expect(next.all('final').slice(0, settled.length)).toEqual(settled);
    next.sendAudio(audio.subarray(ready.nextFrame * 2));
    next.send({ type: 'stop' });
    expect(await next.closed).toEqual({ code: 1000, reason: 'done' });
    expect(transcript(client, next)).toEqual(transcript(undisturbed));
    expect(await readMetric(second.url, 'roundtable_stored_finals_total')).toBeGreaterThan(0);
    expect(await readMetric(second.url, 'roundtable_history_queue_changes')).toBe(0);
    await second.stop();
    expect(await second.exited).toBe(0);
  });

  it('knows no stream after a restart when it keeps everything in memory', async () => {
    const first = await start('none');
    const client = await openStream(first);
    const { resumeToken } = client.all('ready')[0]!;
    await first.stop();
    const second = await start('none');
    await expectFatal(await resume(second, resumeToken, 0), 'unknown-stream');
    await second.stop();
  });
});

describe('A server that cannot open its history', () => {
  it('ends with a sentence that says what to do', async () => {
    const dataDir = joinPath(folder, 'damaged');
    await mkdir(dataDir);
    await writeFile(
      joinPath(dataDir, 'history.db'),
      'Not a database at all, whatever its name may say. '.repeat(30),
    );
    const { code, stdout, stderr } = await runRoundtable(['serve', '--port', '0', '--data-dir', dataDir]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.trimEnd()).toBe(
      `roundtable: The data folder ${dataDir} has a history.db that is damaged, or not Roundtable's (SQLITE_NOTADB). Move that file away to begin anew, or name another folder with --data-dir, or keep everything in memory only with --data-dir none.`,
    );
  });
});
