import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryJobStorage } from '../server/jobs/job-storage.ts';
import { SqliteJobStorage } from '../server/jobs/sqlite-job-storage.ts';
import { describeJobQueue } from './contract/job-queue.contract.ts';
import { embeddedRig, JOB_THREAD } from './support/job-queues.ts';

describeJobQueue({
  name: 'EmbeddedQueue in memory',
  create: (rules) => {
    const storage = new MemoryJobStorage();

    return embeddedRig(
      rules,
      () => storage,
      async () => {},
    );
  },
});

describeJobQueue({
  name: 'EmbeddedQueue on SQLite',
  create: async (rules) => {
    const folder = await mkdtemp(join(tmpdir(), 'roundtable-jobs-'));
    const rig = await embeddedRig(
      rules,
      () => new SqliteJobStorage(JOB_THREAD, join(folder, 'jobs.db')),
      (storage) => storage.close(),
    );

    return {
      ...rig,
      get queue() {
        return rig.queue;
      },
      close: async () => {
        await rig.close();
        await rm(folder, { recursive: true, force: true });
      },
    };
  },
});
