import { beforeEach, describe, expect, test } from 'vitest';
import { EmbeddedQueue } from '../server/jobs/embedded-queue.ts';
import { type JobChange, MemoryJobStorage } from '../server/jobs/job-storage.ts';
import { UNOBSERVED } from './support/job-queues.ts';
import { ManualWorker, newJob, RULES } from './support/jobs.ts';
import { ManualClock } from './support/manual-clock.ts';
import { settle } from './support/settle.ts';

/** A storage on a disk that is full when a test says so. */
class FullStorage extends MemoryJobStorage {
  isFull = false;
  readonly groups: number[] = [];

  override async write(changes: readonly JobChange[]): Promise<void> {
    if (this.isFull) throw Object.assign(new Error('The disk is full.'), { code: 'SQLITE_FULL' });
    this.groups.push(changes.length);
    await super.write(changes);
  }
}

let storage: FullStorage;
let clock: ManualClock;
let queue: EmbeddedQueue;
let worker: ManualWorker;

beforeEach(async () => {
  storage = new FullStorage();
  clock = new ManualClock();
  worker = new ManualWorker();
  queue = await EmbeddedQueue.open({ storage, rules: RULES, clock, observer: UNOBSERVED });
});

async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  for (let turn = 0; turn < 5; turn++) await settle();
}

describe('A queue whose disk is full', () => {
  test('refuses new jobs, keeps nothing of them, and takes them when there is room', async () => {
    storage.isFull = true;
    const job = newJob();
    await expect(queue.submit(job)).rejects.toMatchObject({ code: 'no-space' });
    expect(await queue.find(job.id)).toBeNull();
    expect(await queue.standing()).toMatchObject({ queued: { standard: 0 }, backlogMs: 0 });
    storage.isFull = false;
    expect(await queue.submit(job)).toMatchObject({ state: 'queued' });
  });

  test('tells that a job has finished only once that is stored, and stores it when there is room', async () => {
    const { id } = await queue.submit(newJob());
    queue.work(worker.handler, 1);
    await pass(0);
    storage.isFull = true;
    worker.runs[0]!.complete('Kept all the same.');
    await pass(0);
    expect((await queue.find(id))?.state).toBe('running');
    expect(await queue.result(id)).toBeNull();
    // Somebody new would have to wait as well, and is told so at once.
    await expect(queue.submit(newJob())).rejects.toMatchObject({ code: 'no-space' });
    storage.isFull = false;
    await pass(1000);
    expect((await queue.find(id))?.state).toBe('completed');
    expect((await queue.result(id))?.text).toBe('Kept all the same.');
    await queue.submit(newJob());
  });

  test('begins nothing that is not stored', async () => {
    await queue.submit(newJob());
    storage.isFull = true;
    queue.work(worker.handler, 1);
    await pass(500);
    expect(worker.runs).toHaveLength(0);
    storage.isFull = false;
    await pass(1000);
    expect(worker.runs).toHaveLength(1);
  });

  test('takes no attempt for stalled that it could not begin', async () => {
    const { id } = await queue.submit(newJob());
    storage.isFull = true;
    queue.work(worker.handler, 1);
    for (let i = 0; i < 100; i++) await pass(RULES.progressTimeoutMs);
    storage.isFull = false;
    await pass(30_000);
    expect(worker.runs).toHaveLength(1);
    expect(await queue.find(id)).toMatchObject({ state: 'running', attempts: 1, error: null });
    // Its time counts from there.
    await pass(RULES.progressTimeoutMs - 1);
    expect(worker.runs[0]!.run.signal.aborted).toBe(false);
    await pass(1);
    expect(worker.runs[0]!.run.signal.aborted).toBe(true);
  });

  test('lets nobody wait who cancels, and cancels all the same', async () => {
    const { id } = await queue.submit(newJob());
    storage.isFull = true;
    // The second time it is decided, and still not stored.
    for (let times = 0; times < 2; times++) {
      const failure = queue.cancel(id).catch((error: unknown) => error);
      await pass(5000);
      expect(await failure).toMatchObject({ code: 'queue-away' });
      expect((await queue.find(id))?.state).toBe('queued');
    }
    storage.isFull = false;
    await pass(30_000);
    expect(await queue.cancel(id)).toMatchObject({ state: 'cancelled' });
    queue.work(worker.handler, 1);
    await pass(0);
    expect(worker.runs).toHaveLength(0);
  });

  test('says of a job that it has finished only once that is stored, to whoever cancels it too', async () => {
    const { id } = await queue.submit(newJob());
    queue.work(worker.handler, 1);
    await pass(0);
    storage.isFull = true;
    worker.runs[0]!.complete();
    await pass(0);
    const cancelled = queue.cancel(id);
    storage.isFull = false;
    await pass(1000);
    expect(await cancelled).toMatchObject({ state: 'completed' });
  });

  test('asks less and less often, for half a minute at most', async () => {
    const { id } = await queue.submit(newJob());
    storage.isFull = true;
    queue.cancel(id).catch(() => {});
    await pass(600_000);
    storage.isFull = false;
    await pass(30_000);
    expect((await queue.find(id))?.state).toBe('cancelled');
  });
});

describe('A queue', () => {
  test('stores what comes at once in few groups', async () => {
    await Promise.all(Array.from({ length: 200 }, () => queue.submit(newJob())));
    expect(storage.groups.length).toBeLessThan(5);
    expect(storage.groups.reduce((sum, size) => sum + size, 0)).toBe(200);
  });

  test('lets the oldest finished jobs go when there are too many', async () => {
    const ids: string[] = [];
    for (let i = 0; i < storage.maxFinished + 10; i++) {
      const { id } = await queue.submit(newJob());
      await queue.cancel(id);
      clock.advance(1);
      ids.push(id);
    }
    await pass(60_000);
    // Those that had to go went before their time, or with it.
    expect((await queue.list({ limit: 200 })).jobs.length).toBeLessThanOrEqual(storage.maxFinished);
    expect(await queue.find(ids[0]!)).toBeNull();
  });
});
