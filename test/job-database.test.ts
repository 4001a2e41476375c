import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { submitted } from '../server/jobs/job.ts';
import { JobDatabase } from '../server/jobs/job-database.ts';
import type { JobChange } from '../server/jobs/job-storage.ts';
import { SqliteJobStorage } from '../server/jobs/sqlite-job-storage.ts';
import { JOB_THREAD } from './support/job-queues.ts';
import { jobResult, newJob } from './support/jobs.ts';

const KEEP: JobChange = {
  type: 'keep',
  stored: {
    job: submitted(newJob({ id: 'job' }), 0),
    ...{
      tag: { start: 0, finish: 0, rank: 0 },
      number: 1,
      content: null,
      failedDeliveries: 0,
      deliverAtMs: 0,
    },
  },
  result: jobResult('Unrepeatable.'),
};
const DELETE: JobChange = { type: 'delete', id: 'job' };

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roundtable-jobs-'));
  file = join(folder, 'jobs.db');
});

afterEach(() => rm(folder, { recursive: true }));

/** Whether a job's words stand in the file, or in its journal. */
async function isThere(): Promise<boolean> {
  const texts = await Promise.all([file, `${file}-wal`].map((name) => readFile(name, 'latin1')));

  return texts.some((text) => text.includes('Unrepeatable'));
}

describe('JobDatabase', () => {
  test('leaves nothing of deleted jobs in its files, as soon as nobody else reads it there', async () => {
    const database = new JobDatabase(file);
    database.load();
    database.write([KEEP]);
    expect(database.clean()).toBe(true);
    const reader = new Database(file);
    reader.exec('BEGIN');
    expect(reader.prepare('SELECT count(*) AS count FROM results').get()).toMatchObject({ count: 1 });
    database.write([DELETE]);
    expect(database.clean()).toBe(false);
    reader.exec('COMMIT');
    reader.close();
    expect(database.clean()).toBe(true);
    expect(await isThere()).toBe(false);
    database.close();
  });
});

describe('SqliteJobStorage', () => {
  test('clears deleted jobs from its files by itself', async () => {
    const storage = new SqliteJobStorage(JOB_THREAD, file);
    await storage.write([KEEP]);
    await storage.write([DELETE]);
    expect(await isThere()).toBe(true);
    while (await isThere());
    expect(await storage.result('job')).toBeNull();
    await storage.close();
  });
});
