import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StreamError } from '../server/errors.ts';
import { FileSweeper } from '../server/jobs/file-sweeper.ts';
import { type Job, submitted } from '../server/jobs/job.ts';
import { JobFiles, type Mover } from '../server/jobs/job-files.ts';
import { newJob } from './support/jobs.ts';
import { ManualClock } from './support/manual-clock.ts';

/** Files have the system's time, and grow old by hand. */
class FileClock extends ManualClock {
  readonly #startMs = Date.now();

  override epochMs(): number {
    return this.#startMs + this.now();
  }
}

const EVERY_MS = 300_000;

let home: string;
let clock: FileClock;
let jobs: Map<string, Job>;
let isAway: boolean;
let warnings: number;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'roundtable-files-'));
  clock = new FileClock();
  jobs = new Map();
  isAway = false;
  warnings = 0;
});

afterEach(() => rmSync(home, { recursive: true }));

const queue = {
  find: async (id: string) => {
    if (isAway) throw new StreamError('queue-away');

    return jobs.get(id) ?? null;
  },
};

async function openSweeper(shared: string | null): Promise<FileSweeper> {
  const files = await JobFiles.open(shared, home, home);
  const log = {
    warn: () => {
      warnings++;
    },
  };

  return new FileSweeper({ files, queue, clock, log });
}

/** A job, and its file. */
function job(folder: string, fields: Partial<Job>): string {
  const each = { ...submitted(newJob(), 0), ...fields };
  jobs.set(each.id, each);
  writeFileSync(join(folder, each.id), '');

  return each.id;
}

async function left(folder: string, expected: readonly string[]): Promise<void> {
  await expect.poll(() => readdirSync(folder).sort()).toEqual([...expected].sort());
}

describe('Files of recordings', () => {
  test('are deleted at the start when nobody needs them, and what was being fetched with them', async () => {
    await openSweeper(null);
    const folder = join(home, 'jobs');
    const waiting = job(folder, { state: 'running' });
    job(folder, { state: 'completed' });
    const unknown = newJob().id;
    for (const name of [unknown, `${unknown}.0a1b.part`, `${waiting}.0a1b.part`, 'notes.txt'])
      writeFileSync(join(folder, name), '');
    await (await openSweeper(null)).start();
    await left(folder, [waiting, 'notes.txt']);
  });

  test('are deleted later on when they are old, and not before', async () => {
    const sweeper = await openSweeper(null);
    await sweeper.start();
    const folder = join(home, 'jobs');
    const waiting = job(folder, { state: 'queued' });
    const submittedNext = newJob().id;
    const names = [submittedNext, `${submittedNext}.0a1b.part`, `${waiting}.0a1b.part`];
    for (const name of names) writeFileSync(join(folder, name), '');
    clock.advance(EVERY_MS);
    await expect.poll(() => clock.pendingTimers).toBe(1);
    expect(readdirSync(folder)).toHaveLength(4);
    clock.advance(EVERY_MS);
    await expect.poll(() => clock.pendingTimers).toBe(1);
    clock.advance(EVERY_MS);
    await left(folder, [waiting]);
    await expect.poll(() => clock.pendingTimers).toBe(1);
    sweeper.close();
    expect(clock.pendingTimers).toBe(0);
  });

  test('in a folder that servers share are deleted once the queue can tell', async () => {
    const folder = join(home, 'shared');
    const sweeper = await openSweeper(folder);
    writeFileSync(join(folder, newJob().id), '');
    await sweeper.start();
    expect(readdirSync(folder)).toHaveLength(1);
    isAway = true;
    for (let sweeps = 1; sweeps <= 3; sweeps++) {
      clock.advance(EVERY_MS);
      await expect.poll(() => clock.pendingTimers).toBe(1);
    }
    expect(warnings).toBeGreaterThan(0);
    expect(readdirSync(folder)).toHaveLength(1);
    isAway = false;
    clock.advance(EVERY_MS);
    await left(folder, []);
    await expect.poll(() => clock.pendingTimers).toBe(1);
    sweeper.close();
  });

  test.each(['ENOSPC', 'EDQUOT'])('find no room on another disk that is full: %s', async (code) => {
    const upload = join(home, 'upload');
    writeFileSync(upload, 'RIFF');
    const full = {
      rename: () => Promise.reject(Object.assign(new Error('Another disk.'), { code: 'EXDEV' })),
      copyFile: async (_: unknown, to: string) => {
        writeFileSync(to, 'RI');
        throw Object.assign(new Error('No space left.'), { code });
      },
    } as Mover;
    const folder = join(home, 'shared');
    const files = await JobFiles.open(folder, home, home, full);
    await expect(files.take({ path: upload }, newJob().id)).rejects.toMatchObject({ code: 'no-space' });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('are there with all that they have, from another disk too', async () => {
    const upload = join(home, 'upload');
    writeFileSync(upload, 'RIFF');
    const apart = {
      copyFile,
      rename: () => Promise.reject(Object.assign(new Error('Another disk.'), { code: 'EXDEV' })),
    } as Mover;
    const files = await JobFiles.open(join(home, 'shared'), home, home, apart);
    const { id } = newJob();
    await files.take({ path: upload }, id);
    expect(readFileSync(files.path(id), 'utf8')).toBe('RIFF');
  });
});
