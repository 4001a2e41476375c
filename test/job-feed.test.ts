import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Job } from '../server/jobs/job.ts';
import { JobEvents } from '../server/jobs/job-events.ts';
import type { JobFeed } from '../server/jobs/job-feed.ts';
import { JobFeeds } from '../server/jobs/job-feeds.ts';
import type { JobListener } from '../server/jobs/job-queue.ts';
import { MemoryJobStorage } from '../server/jobs/job-storage.ts';
import type { JobView } from '../server/jobs/job-view.ts';
import { embeddedRig } from './support/job-queues.ts';
import { ManualWorker, newJob, RULES } from './support/jobs.ts';
import { settle } from './support/settle.ts';

describe('A feed of jobs', () => {
  let rig: Awaited<ReturnType<typeof embeddedRig>>;
  let worker: ManualWorker;
  let feed: JobFeed | null;
  let told: JobView[];
  const sink = {
    isWritable: true,
    tell: (view: string) => told.push(JSON.parse(view) as JobView),
    end: () => {},
  };

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
    feed = new JobFeeds({ queue: rig.queue, clock: rig.clock }).open(sink, [waiting], null);
    await rig.pass(1000);
    // Half a minute of audio in a second, and 330 s of it left.
    expect(told).toHaveLength(1);
    expect(told[0]!.expectedEndMs).toBe(11_000);
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

  test('tells what changed while it looked for longer than between two looks', async () => {
    const first = await rig.queue.submit(newJob());
    const second = await rig.queue.submit(newJob());
    let answer = () => {};
    const slow = {
      find: (id: string) => rig.queue.find(id),
      outlook: async () => {
        const outlook = await rig.queue.outlook();
        await new Promise<void>((resolve) => {
          answer = resolve;
        });

        return outlook;
      },
      watch: (listener: JobListener) => rig.queue.watch(listener),
    };
    feed = new JobFeeds({ queue: slow, clock: rig.clock }).open(sink, [second], null);
    await rig.queue.cancel(first.id);
    await rig.pass(1000);
    answer();
    await rig.pass(1000);
    answer();
    await rig.pass(50);
    expect(told.map(({ ahead }) => ahead)).toEqual([1, 0]);
  });

  test('lets others have a turn between its looks, however many readers and jobs there are', async () => {
    const jobs: Job[] = [];
    for (let i = 0; i < 200; i++) jobs.push(await rig.queue.submit(newJob()));
    const feeds = new JobFeeds({ queue: rig.queue, clock: rig.clock });
    let turn = 0;
    const turns: number[] = [];
    const reader = { isWritable: true, tell: () => turns.push(turn), end: () => {} };
    const open = [1, 2, 3, 4, 5].map(() => feeds.open(reader, jobs, null));
    for (; turn < 100; turn++) await settle();
    expect(turns).toHaveLength(1000);
    const most = Math.max(...turns.map((each) => turns.filter((other) => other === each).length));
    expect(most).toBeLessThanOrEqual(100);
    for (const each of open) each.close();
  });

  test('asks the queue once for all who read along', async () => {
    const jobs = [await rig.queue.submit(newJob()), await rig.queue.submit(newJob())];
    const asked = { find: 0, outlook: 0 };
    const counted = {
      find: (id: string) => {
        asked.find++;

        return rig.queue.find(id);
      },
      outlook: () => {
        asked.outlook++;

        return rig.queue.outlook();
      },
      watch: (listener: JobListener) => rig.queue.watch(listener),
    };
    const feeds = new JobFeeds({ queue: counted, clock: rig.clock });
    const open = Array.from({ length: 10 }, () => feeds.open(sink, jobs, null));
    await rig.pass(1000);
    expect(told).toHaveLength(20);
    // One for the first, who need not wait for the others, and one for these.
    expect(asked).toEqual({ find: 2, outlook: 2 });
    await rig.queue.cancel(jobs[0]!.id);
    await rig.pass(1000);
    expect(told).toHaveLength(40);
    expect(asked).toEqual({ find: 2, outlook: 3 });
    for (const each of open) each.close();
  });

  test('takes no more readers of a key than half of all', () => {
    const events = new JobEvents({ queue: rig.queue, clock: rig.clock });
    const ends = Array.from({ length: 1000 }, () => events.reader('press', () => {}));
    expect(() => events.reader('press', () => {})).toThrow('This key has as many');
    const others = Array.from({ length: 1000 }, () => events.reader(null, () => {}));
    expect(() => events.reader('radio', () => {})).toThrow('as many viewers');
    ends[0]!();
    ends.push(events.reader('press', () => {}));
    for (const end of [...ends, ...others]) end();
  });
});
