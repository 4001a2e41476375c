import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import type { Job } from '../../server/jobs/job.ts';
import { JobOrder, type Ordered } from '../../server/jobs/job-order.ts';
import type { JobQueue, QueueRules } from '../../server/jobs/job-queue.ts';
import { jobResult, ManualWorker, newJob, RULES } from '../support/jobs.ts';
import { LEASE_MS, type Node, startNode } from './support/bullmq-nodes.ts';
import { emptyDatabase } from './support/redis.ts';

const shared = inject('redisUrl');
const CLASSES = ['high', 'standard', 'low'] as const;

describe.skipIf(!shared)('Nodes of a queue in Redis', () => {
  let url: string;
  let nodes: Node[];
  let workers: ManualWorker[];

  const open = async (count: number, rules: Partial<QueueRules> = {}) => {
    nodes = await Promise.all(
      Array.from({ length: count }, () => startNode(url, { ...RULES, progressTimeoutMs: 60_000, ...rules })),
    );
    workers = nodes.map(() => new ManualWorker());
  };
  const work = (slots: number) => {
    for (const [i, { queue }] of nodes.entries()) queue.work(workers[i]!.handler, slots);
  };
  const stands = (queue: JobQueue, { id }: Pick<Job, 'id'>, state: Job['state']) =>
    expect.poll(async () => (await queue.find(id))?.state, { timeout: 15_000 }).toBe(state);
  const runs = () => workers.flatMap(({ runs }) => runs);
  const begun = (count: number) =>
    expect.poll(() => runs().length, { timeout: 15_000 }).toBeGreaterThanOrEqual(count);
  const ownerOf = (id: string) => workers.findIndex(({ ids }) => ids.includes(id));

  beforeEach(async () => {
    url = await emptyDatabase(shared!, 2);
    nodes = [];
  });

  afterEach(async () => {
    await Promise.all(nodes.map(({ queue }) => queue.close()));
    for (const { network } of nodes) network.close();
  });

  test('know the same jobs, run them all, and add their slots up', async () => {
    await open(2);
    const [a, b] = [nodes[0]!.queue, nodes[1]!.queue];
    const jobs = [await a.submit(newJob()), await b.submit(newJob()), await a.submit(newJob())];
    expect(await b.place(jobs[2]!.id)).toEqual({ ahead: 2, aheadMs: 120_000 });
    work(1);
    await begun(2);
    expect(workers.map(({ runs }) => runs.length)).toEqual([1, 1]);
    await expect.poll(() => b.standing()).toMatchObject({ running: 2, slots: 2, backlogMs: 180_000 });
    await expect.poll(() => a.standing()).toMatchObject({ running: 2, slots: 2 });
    for (const run of runs()) run.complete();
    await begun(3);
    runs()
      .find(({ job }) => job.id === jobs[2]!.id)!
      .complete('The last.');
    for (const job of jobs) for (const queue of [a, b]) await stands(queue, job, 'completed');
    expect((await b.result(jobs[2]!.id))?.text).toBe('The last.');
    expect((await a.standing()).speed).toBeGreaterThan(0);
  });

  test('run no more jobs of a key than they may together, and go on with it as soon as one has ended', async () => {
    await open(2, { maxRunningPerKey: 2 });
    const { queue } = nodes[0]!;
    const jobs: Job[] = [];
    for (let i = 0; i < 6; i++) jobs.push(await queue.submit(newJob({ key: 'a' })));
    work(3);
    await begun(2);
    await sleep(500);
    for (let ended = 0; ended < jobs.length; ended++) {
      await begun(Math.min(jobs.length, ended + 2));
      expect(runs()).toHaveLength(Math.min(jobs.length, ended + 2));
      // In the order they came.
      const { id } = jobs[ended]!;
      workers[ownerOf(id)]!.of({ id }).complete();
      await stands(queue, { id }, 'completed');
    }
  });

  test('end a run of another one when its job is cancelled', async () => {
    await open(2);
    const [a, b] = [nodes[0]!.queue, nodes[1]!.queue];
    const job = await a.submit(newJob());
    a.work(workers[0]!.handler, 1);
    await begun(1);
    expect(await b.cancel(job.id)).toMatchObject({ state: 'cancelled' });
    await expect.poll(() => runs()[0]!.run.signal.aborted).toBe(true);
    await stands(a, job, 'cancelled');
    await a.submit(newJob());
    await begun(2);
  });

  test('tell the listeners of each other', async () => {
    await open(2);
    const told = new Set<string>();
    nodes[1]!.queue.watch(({ state, progressMs }) => told.add(`${state} ${progressMs}`));
    const job = await nodes[0]!.queue.submit(newJob());
    nodes[0]!.queue.work(workers[0]!.handler, 1);
    await begun(1);
    runs()[0]!.run.progress(1000);
    await expect.poll(() => [...told]).toContain('running 1000');
    runs()[0]!.complete();
    await stands(nodes[1]!.queue, job, 'completed');
    await expect.poll(() => [...told]).toEqual(['queued 0', 'running 0', 'running 1000', 'completed 60000']);
  });

  test('compute equal content once', async () => {
    await open(2);
    const jobs: Job[] = [];
    for (let i = 0; i < 6; i++) jobs.push(await nodes[i % 2]!.queue.submit(newJob()));
    let claims = 0;
    for (const [i, { queue }] of nodes.entries())
      queue.work(async (job, run) => {
        claims++;

        return (await run.claim('the same', 60_000)) ?? workers[i]!.handler(job, run);
      }, 1);
    // Who waits takes no slot.
    await expect.poll(() => claims, { timeout: 15_000 }).toBe(6);
    expect(runs()).toHaveLength(1);
    runs()[0]!.complete('Computed once.');
    for (const job of jobs) await stands(nodes[0]!.queue, job, 'completed');
    for (const { id } of jobs) expect((await nodes[1]!.queue.result(id))?.text).toBe('Computed once.');
    const found = await Promise.all(jobs.map(({ id }) => nodes[0]!.queue.find(id)));
    expect(found.filter((job) => !job?.shared)).toHaveLength(1);
    expect(runs()).toHaveLength(1);
  });

  test('compute what another one was computing that was killed', async () => {
    await open(2);
    const [a, b] = [nodes[0]!.queue, nodes[1]!.queue];
    const claiming =
      (i: number): Parameters<JobQueue['work']>[0] =>
      async (job, run) =>
        (await run.claim('the same', 60_000)) ?? workers[i]!.handler(job, run);
    const first = await a.submit(newJob());
    a.work(claiming(0), 1);
    await begun(1);
    const second = await a.submit(newJob());
    b.work(claiming(1), 1);
    await stands(b, second, 'running');
    nodes[0]!.kill();
    await expect.poll(() => workers[1]!.runs.length, { timeout: 15_000 }).toBe(1);
    workers[1]!.runs[0]!.complete('By the other.');
    for (const job of [first, second]) await stands(b, job, 'completed');
    expect(workers[1]!.runs).toHaveLength(1);
    expect(await b.find(first.id)).toMatchObject({ attempts: 2 });
    expect(await b.find(second.id)).toMatchObject({ attempts: 1 });
  });

  test('take over what a killed one ran, once, and as another attempt', async () => {
    await open(3);
    const job = await nodes[1]!.queue.submit(newJob());
    nodes[0]!.queue.work(workers[0]!.handler, 1);
    await begun(1);
    for (const i of [1, 2]) nodes[i]!.queue.work(workers[i]!.handler, 2);
    nodes[0]!.kill();
    await begun(2);
    await sleep(2 * LEASE_MS);
    expect(runs()).toHaveLength(2);
    expect(await nodes[1]!.queue.find(job.id)).toMatchObject({
      ...{ state: 'running', attempts: 2, error: { code: 'job-interrupted' } },
    });
    runs()[1]!.complete();
    await stands(nodes[2]!.queue, job, 'completed');
  });

  test('go on with what they ran when they were cut off for a moment', async () => {
    await open(2);
    const job = await nodes[1]!.queue.submit(newJob());
    nodes[0]!.queue.work(workers[0]!.handler, 1);
    await begun(1);
    nodes[1]!.queue.work(workers[1]!.handler, 1);
    nodes[0]!.network.cut();
    await sleep(2 * LEASE_MS);
    expect(runs()).toHaveLength(1);
    expect(runs()[0]!.run.signal.aborted).toBe(false);
    runs()[0]!.complete();
    await stands(nodes[1]!.queue, job, 'completed');
    expect(await nodes[1]!.queue.find(job.id)).toMatchObject({ attempts: 1 });
  });

  test('let nothing count that comes of an attempt after it was taken over', async () => {
    await open(2);
    const job = await nodes[0]!.queue.submit(newJob());
    nodes[0]!.queue.work(workers[0]!.handler, 1);
    await begun(1);
    nodes[1]!.queue.work(workers[1]!.handler, 1);
    // As a process that stands still: it is silent, and does not know it.
    nodes[0]!.network.freeze();
    await begun(2);
    runs()[1]!.complete('By the other.');
    await stands(nodes[1]!.queue, job, 'completed');
    nodes[0]!.network.cut();
    workers[0]!.runs[0]!.complete('Too late.');
    await expect.poll(() => nodes[0]!.queue.find(job.id).catch(() => null), { timeout: 15_000 }).toBeTruthy();
    await sleep(1500);
    expect((await nodes[1]!.queue.result(job.id))?.text).toBe('By the other.');
    expect(await nodes[1]!.queue.find(job.id)).toMatchObject({ state: 'completed', attempts: 2 });
  });

  test('deliver a callback by one of them', async () => {
    await open(3);
    const delivered: string[] = [];
    for (const { queue } of nodes)
      queue.deliver(async ({ id }) => {
        delivered.push(id);
      });
    const callbackUrl = 'https://example.org/done';
    const jobs: Job[] = [];
    for (let i = 0; i < 10; i++) jobs.push(await nodes[i % 3]!.queue.submit(newJob({ callbackUrl })));
    for (const { id } of jobs) await nodes[0]!.queue.cancel(id);
    for (const { id } of jobs)
      await expect
        .poll(async () => (await nodes[1]!.queue.find(id))?.callback, { timeout: 10_000 })
        .toBe('delivered');
    expect(delivered.sort()).toEqual(jobs.map(({ id }) => id).sort());
  });

  test('withdraw a job whose sender has been told that it was not taken', async () => {
    await open(2);
    const job = newJob();
    nodes[0]!.network.freeze();
    await expect(nodes[0]!.queue.submit(job)).rejects.toMatchObject({ code: 'queue-away' });
    // It may have been added all the same: as if its answer had been lost.
    await nodes[1]!.queue.submit(job);
    nodes[0]!.network.cut();
    await stands(nodes[1]!.queue, job, 'cancelled');
  });

  test('keep the order of embedded queues, whoever submits, to the second', async () => {
    await open(2);
    const lengthMs = fc.integer({ min: 1000, max: 8_000_000 });
    const submission = fc.record({ class: fc.constantFrom(...CLASSES), lengthMs });
    await fc.assert(
      fc.asyncProperty(fc.array(submission, { minLength: 2, maxLength: 12 }), async (submissions) => {
        await emptyDatabase(shared!, 2);
        const order = new JobOrder();
        const waiting: (Ordered & { readonly id: string; readonly hasBegun: boolean })[] = [];
        for (const [i, fields] of submissions.entries()) {
          const { id } = await nodes[i % 2]!.queue.submit(newJob(fields));
          waiting.push({ id, class: fields.class, tag: order.tag(fields, waiting), hasBegun: false });
        }
        const seconds = ({ tag }: Ordered) => Math.floor(tag.rank / 1000);
        // Stable: those of the same second as they came.
        const expected = waiting.toSorted((a, b) => seconds(a) - seconds(b)).map(({ id }) => id);
        for (const { queue } of nodes) {
          const places = await Promise.all(expected.map((id) => queue.place(id)));
          expect(places.map((place) => place?.ahead)).toEqual(expected.map((_, i) => i));
        }
      }),
      { numRuns: 15 },
    );
  });

  test('keep the order when ranks grow beyond what BullMQ can count', async () => {
    await open(1);
    const { queue } = nodes[0]!;
    const jobs: Job[] = [];
    for (let i = 0; i < 6; i++)
      jobs.push(await queue.submit(newJob({ class: 'low', lengthMs: i === 0 ? 2e8 : 1e8 })));
    // Those that came before have to be placed anew.
    await sleep(LEASE_MS);
    work(1);
    for (const [i, { id }] of jobs.entries()) {
      await begun(i + 1);
      expect(runs()[i]!.job.id).toBe(id);
      runs()[i]!.complete();
    }
  });

  test('give out a job whose node ended before it had handed it out', async () => {
    await open(1);
    const { queue } = nodes[0]!;
    const job = await queue.submit(newJob());
    await nodes[0]!.queue.boards[0].remove(job.id);
    work(1);
    await begun(1);
    expect(runs()[0]!.job.id).toBe(job.id);
  });

  test('tell places that only fall while equal recordings are worked off', async () => {
    await open(2);
    const submissions = Array.from({ length: 60 }, (_, i) => nodes[i % 2]!.queue.submit(newJob()));
    const jobs = await Promise.all(submissions);
    for (const { queue } of nodes)
      queue.work(async () => {
        await sleep(20 * Math.random());

        return jobResult('Done.');
      }, 3);
    const last = new Map<string, number>();
    for (let left = jobs.length; left > 0; ) {
      left = 0;
      await sleep(5);
      for (const { id } of jobs)
        for (const [i, { queue }] of nodes.entries()) {
          const place = await queue.place(id);
          if (!place) continue;
          left++;
          expect(place.ahead).toBeLessThanOrEqual(last.get(`${i} ${id}`) ?? jobs.length);
          last.set(`${i} ${id}`, place.ahead);
        }
    }
    for (const job of jobs) await stands(nodes[0]!.queue, job, 'completed');
  });

  test('give back a job that was begun without their hearing of it', async () => {
    await open(1);
    const { queue } = nodes[0]!;
    const job = await queue.submit(newJob());
    const redis = new Redis(url);
    const node = (await redis.smembers('{roundtable}:queue:nodes'))[0]!;
    const record = `{roundtable}:queue:job:${job.id}`;
    const begun = { ...job, state: 'running', attempts: 1, startedAtMs: Date.now() };
    await redis.hset(record, { job: JSON.stringify(begun), state: 'running', run: `${node}/lost`, v: 2 });
    await redis.quit();
    await stands(queue, job, 'queued');
    expect(await queue.find(job.id)).toMatchObject({ attempts: 0 });
    work(1);
    await expect.poll(() => runs().length, { timeout: 15_000 }).toBe(1);
  });

  test('show BullMQ neither names nor words', async () => {
    await open(1);
    const { queue } = nodes[0]!;
    const secret = 'unspeakable';
    const options = { language: null, endpointing: null, meeting: secret, speaker: secret };
    const callbackUrl = `https://example.org/${secret}`;
    const done = await queue.submit(newJob({ key: secret, fileName: `${secret}.wav`, options, callbackUrl }));
    const failed = await queue.submit(newJob({ key: secret, fileName: `${secret}.wav`, options }));
    work(2);
    queue.deliver(async () => {
      throw new Error(secret);
    });
    await begun(2);
    workers[0]!.of(done).complete(secret);
    workers[0]!.of(failed).fail(new Error(secret));
    await stands(queue, done, 'completed');
    await stands(queue, failed, 'queued');
    const redis = new Redis(url);
    const keys = (await redis.keys('*')).filter((key) => !key.startsWith('{roundtable}:queue:'));
    expect(keys).toContain(`{roundtable}:recordings:${done.id}`);
    expect(keys).toContain(`{roundtable}:callbacks:${done.id}`);
    for (const key of keys) {
      const type = await redis.type(key);
      const held =
        type === 'hash'
          ? await redis.hgetall(key)
          : type === 'stream'
            ? await redis.xrange(key, '-', '+')
            : null;
      expect(JSON.stringify([key, held])).not.toContain(secret);
    }
    await redis.quit();
  });
});
