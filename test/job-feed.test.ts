import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { JobFeed } from '../server/jobs/job-feed.ts';
import type { JobListener } from '../server/jobs/job-queue.ts';
import { MemoryJobStorage } from '../server/jobs/job-storage.ts';
import type { JobView } from '../server/jobs/job-view.ts';
import { embeddedRig } from './support/job-queues.ts';
import { ManualWorker, newJob, RULES } from './support/jobs.ts';

describe('A feed of jobs', () => {
  let rig: Awaited<ReturnType<typeof embeddedRig>>;
  let worker: ManualWorker;
  let feed: JobFeed | null;
  let told: JobView[];
  const sink = { isWritable: true, tell: (view: JobView) => told.push(view), end: () => {} };

  beforeEach(async () => {
    const storage = new MemoryJobStorage();
    rig = await embeddedRig(
      { ...RULES, progressTimeoutMs: 1e9 },
      () => storage,
      async () => {},
    );
    worker = new ManualWorker();
    told = [];
    feed = null;
  });

  afterEach(async () => {
    feed?.close();
    await rig.close();
  });

  test('tells when a job is expected anew once that has moved, and not before', async () => {
    const running = await rig.queue.submit(newJob({ lengthMs: 300_000 }));
    const waiting = await rig.queue.submit(newJob());
    rig.queue.work(worker.handler, 1);
    await rig.pass(1000);
    worker.of(running).run.progress(30_000);
    feed = new JobFeed({ queue: rig.queue, clock: rig.clock, sink }, [waiting], null);
    await rig.pass(1000);
    // Half a minute of audio in 1050 ms, and 330 s of it left.
    expect(told).toHaveLength(1);
    expect(told[0]!.expectedEndMs).toBe(11_550);
    await rig.pass(1000);
    worker.of(running).run.progress(90_000);
    await rig.pass(1000);
    expect(told).toHaveLength(1);
    // It hardly gets on from here on.
    await rig.pass(20_000);
    worker.of(running).run.progress(100_000);
    await rig.pass(1000);
    expect(told).toHaveLength(2);
    expect(told[1]).toMatchObject({ id: waiting.id, state: 'queued', ahead: 1 });
    expect(told[1]!.expectedEndMs!).toBeGreaterThan(50_000);
  });

  test('tells the end of a job that came while it looked for longer than between two looks', async () => {
    const job = await rig.queue.submit(newJob());
    let answer = () => {};
    const slow = {
      find: async (id: string) => {
        const found = await rig.queue.find(id);
        await new Promise<void>((resolve) => {
          answer = resolve;
        });

        return found;
      },
      place: (id: string) => rig.queue.place(id),
      standing: () => rig.queue.standing(),
      watch: (listener: JobListener) => rig.queue.watch(listener),
    };
    feed = new JobFeed({ queue: slow, clock: rig.clock, sink }, [job], null);
    await rig.queue.cancel(job.id);
    await rig.pass(1000);
    answer();
    await rig.pass(1000);
    answer();
    await rig.pass(50);
    expect(told.map(({ state }) => state)).toEqual(['queued', 'cancelled']);
  });
});
