import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Clip, readClips } from '../support/audio.ts';
import { readMetric } from '../support/metrics.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { clipRecording, jobUntil, submitJob } from './jobs.ts';

let folder: string;
let clips: readonly Clip[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roundtable-full-'));
  clips = await readClips();
});

afterAll(() => rm(folder, { recursive: true }));

/** Whether what bounds a process can be changed while it runs: in Linux, by util-linux. */
function hasPrlimit(): boolean {
  try {
    execFileSync('prlimit', ['--version'], { stdio: 'ignore' });

    return true;
  } catch {
    return false;
  }
}

/** Lets a server write no file any more, or any again. */
function allowWriting({ process }: RunningServer, isAllowed: boolean): void {
  execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${isAllowed ? 'unlimited' : '0'}:`]);
}

describe.skipIf(!hasPrlimit())('A server whose disk takes nothing for a while', () => {
  it('finishes what runs, takes nothing for failed, and goes on when there is room', async () => {
    const flags = ['--max-running-jobs', '1', '--max-job-attempts', '1', '--job-progress-timeout-ms', '5000'];
    const server = await startRoundtable(['--data-dir', folder, ...flags]);
    const lengths = [6, 1, 1, 1];
    const ids: string[] = [];
    for (const [i, count] of lengths.entries())
      ids.push((await submitJob(server.url, clipRecording(clips, i, count, i))).id);
    await jobUntil(server.url, ids[0]!, ({ state }) => state === 'running');
    allowWriting(server, false);
    const cancel = () => fetch(`${server.url}/v1/jobs/${ids[3]}`, { method: 'DELETE' });
    // Each waits as long as an attempt may be silent.
    for (let times = 0; times < 2; times++) {
      const refused = await cancel();
      expect(refused.status).toBe(503);
      expect(refused.headers.get('roundtable-error')).toBe('queue-away');
    }
    await expect(submitJob(server.url, clipRecording(clips, 0, 1, 9))).rejects.toThrow(/^50\d/);
    expect(await readMetric(server.url, 'roundtable_jobs_storing_failures_total')).toBeGreaterThan(0);
    allowWriting(server, true);
    for (const id of ids.slice(0, 3))
      expect(await jobUntil(server.url, id)).toMatchObject({ state: 'completed', attempts: 1, error: null });
    expect((await jobUntil(server.url, ids[3]!)).state).toBe('cancelled');
    expect((await cancel()).status).toBe(200);
    await server.stop();
  });
});
