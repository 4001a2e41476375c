import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FinalMessage } from '../../client-sdk/protocol.ts';
import type { JobResult } from '../../server/jobs/job-queue.ts';
import { type Clip, readClips } from '../support/audio.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { clipRecording, jobUntil, submitJob, type ToldJob } from './jobs.ts';

/** More by `ROUNDTABLE_OUTAGES=50 npx vitest run --project server test/integration/jobs-killed.test.ts`. */
const ROUNDS = Number(process.env.ROUNDTABLE_OUTAGES ?? 6);
const ROUND_WITHIN_MS = 20_000;
const FLAGS = ['--max-running-jobs', '2', '--max-job-attempts', '10', '--job-backoff-ms', '0'];

let folder: string;
let clips: readonly Clip[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roundtable-killed-'));
  clips = await readClips();
});

afterAll(() => rm(folder, { recursive: true }));

/** A recording of so many clips, beginning with one of them; `pauseMs` makes it another's than others of them. */
function recording(first: number, count: number, pauseMs: number): Buffer {
  return clipRecording(clips, first, count, pauseMs);
}

/**
 * Kills a server once so many changes of jobs that run or have run have been told, and so many have finished; or two have.
 * Who waits is told of again and again as others get on, which would bring each kill before anything has come of a run.
 */
async function killAfter(
  server: RunningServer,
  changes: number,
  leastFinished: number,
): Promise<readonly ToldJob[]> {
  const told: ToldJob[] = [];
  const response = await fetch(`${server.url}/v1/jobs/events`);
  let text = '';
  try {
    for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
      text += piece;
      const whole = text.slice(0, text.lastIndexOf('\n\n') + 1);
      text = text.slice(whole.length);
      for (const [, data] of whole.matchAll(/^data: (.+)$/gm)) told.push(JSON.parse(data!) as ToldJob);
      const finished = told.filter(({ finishedAtMs }) => finishedAtMs !== null).length;
      const runs = told.filter(({ state }) => state !== 'queued').length;
      if (finished >= 2 || (runs >= changes && finished >= leastFinished)) server.process.kill('SIGKILL');
    }
  } catch {
    // Its connection ends with it.
  }
  await server.exited;

  return told;
}

describe('A server that is killed again and again', () => {
  it('loses no recording of its queue, and finishes none twice', {
    timeout: 60_000 + ROUNDS * ROUND_WITHIN_MS,
  }, async () => {
    const finished = new Map<string, ToldJob>();
    const submitted = new Set<string>();
    const note = (job: ToldJob) => {
      const before = finished.get(job.id);
      if (before) expect(job).toEqual(before);
      else if (job.finishedAtMs !== null) finished.set(job.id, job);
    };
    for (let round = 0; round < ROUNDS; round++) {
      const server = await startRoundtable(['--data-dir', folder, ...FLAGS]);
      // Several lengths, two that are equal, and one that is cancelled.
      const made = [recording(round, 1, round), recording(round, 4, round), recording(round, 4, round)];
      for (const bytes of made)
        submitted.add((await submitJob(server.url, bytes, { meeting: 'archive' })).id);
      const { id } = await submitJob(server.url, recording(round, 2, 100 + round));
      submitted.add(id);
      note((await (await fetch(`${server.url}/v1/jobs/${id}`, { method: 'DELETE' })).json()) as ToldJob);
      for (const job of await killAfter(server, 1 + ((round * 7) % 11), round % 3 === 0 ? 1 : 0)) note(job);
    }
    const server = await startRoundtable(['--data-dir', folder, ...FLAGS]);
    const texts = new Map<number, Set<string>>();
    const said: string[] = [];
    for (const id of submitted) {
      const job = await jobUntil(server.url, id);
      note(job);
      expect(['completed', 'cancelled'], `after ${job.attempts} attempts`).toContain(job.state);
      if (job.state === 'cancelled') continue;
      const response = await fetch(`${server.url}/v1/jobs/${id}/result.json`);
      const { text, captions } = (await response.json()) as JobResult;
      said.push(...captions.map(({ captionId, text: each }) => `${captionId} ${each}`));
      texts.set(job.lengthMs, (texts.get(job.lengthMs) ?? new Set()).add(text));
    }
    expect(submitted.size).toBe(ROUNDS * 4);
    // All of it is in the meeting's history, and nothing twice.
    const history = await (await fetch(`${server.url}/v1/export?meeting=archive`)).text();
    const kept = history
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as FinalMessage);
    expect(kept.map(({ captionId, text }) => `${captionId} ${text}`).sort()).toEqual(said.sort());
    // Equal recordings have equal captions, whichever attempt made them.
    for (const same of texts.values()) expect(same.size).toBe(1);
    await expect.poll(() => readdir(join(folder, 'jobs'))).toEqual([]);
    await server.stop();
  });

  it('begins with nothing of a job that had no time to be told', async () => {
    const server = await startRoundtable(['--data-dir', folder, ...FLAGS]);
    const clip = await readFile(clips[0]!.path);
    void submitJob(server.url, clip).catch(() => {});
    server.process.kill('SIGKILL');
    await server.exited;
    const next = await startRoundtable(['--data-dir', folder, ...FLAGS]);
    const { jobs } = (await (await fetch(`${next.url}/v1/jobs?state=queued`)).json()) as { jobs: ToldJob[] };
    for (const { id } of jobs) expect((await jobUntil(next.url, id)).state).toBe('completed');
    await expect.poll(() => readdir(join(folder, 'jobs'))).toEqual([]);
    expect(await readdir(join(folder, 'uploads'))).toEqual([]);
    await next.stop();
  });
});

describe('Two servers on one data folder', () => {
  it('never work for the same queue: the second has it once the first has ended', async () => {
    const first = await startRoundtable(['--data-dir', folder, ...FLAGS]);
    const second = await startRoundtable(['--data-dir', folder, ...FLAGS]);
    const refused = await fetch(`${second.url}/v1/jobs`);
    expect(refused.status).toBe(503);
    expect(await refused.text()).toContain('Another server works for the queue');
    const { id } = await submitJob(first.url, recording(0, 8, 777));
    await first.stop();
    await expect
      .poll(async () => (await fetch(`${second.url}/v1/jobs/${id}`)).status, { timeout: 20_000 })
      .toBe(200);
    const job = await jobUntil(second.url, id);
    // Giving it back was no fault of the job's.
    expect(job).toMatchObject({ state: 'completed', attempts: 1 });
    await second.stop();
  });

  it('work for it in turn even where it could not be opened for a while', async () => {
    const first = await startRoundtable(['--data-dir', folder, ...FLAGS]);
    const second = await startRoundtable(['--data-dir', folder, ...FLAGS]);
    const { id } = await submitJob(first.url, recording(0, 1, 778));
    await jobUntil(first.url, id);
    // To the second it looks as if the first had ended, and its disk were damaged.
    const names = (await readdir(folder)).filter((name) => name.startsWith('jobs.db'));
    for (const name of names) await rename(join(folder, name), join(folder, `kept-${name}`));
    await writeFile(join(folder, 'jobs.db'), 'No database at all.'.repeat(1000));
    const failures = () => second.log.filter((line) => line.includes('cannot be opened')).length;
    await expect.poll(failures, { timeout: 20_000 }).toBeGreaterThan(1);
    await first.stop();
    await rm(join(folder, 'jobs.db'));
    for (const name of await readdir(folder))
      if (name.startsWith('kept-')) await rename(join(folder, name), join(folder, name.slice(5)));
    await expect
      .poll(async () => (await fetch(`${second.url}/v1/jobs/${id}`)).status, { timeout: 20_000 })
      .toBe(200);
    await second.stop();
  });
});
