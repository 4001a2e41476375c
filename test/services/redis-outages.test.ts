import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Job } from '../../server/jobs/job.ts';
import type { JobHandler } from '../../server/jobs/job-queue.ts';
import { isFinished } from '../../server/jobs/job-states.ts';
import { jobResult, ManualWorker, newJob, RULES } from '../support/jobs.ts';
import { LEASE_MS, type Node, startNode } from './support/bullmq-nodes.ts';
import { REDIS_BINARY, RedisServer } from './support/redis.ts';

/** Outages in the loop: `ROUNDTABLE_OUTAGES=50 npm run test:services`. */
const ROUNDS = Number(process.env.ROUNDTABLE_OUTAGES ?? 4);
const JOBS_PER_ROUND = 12;
const PATIENT = {
  ...RULES,
  ...{ progressTimeoutMs: 60_000, keepFinishedMs: 3_600_000, maxAttempts: 10, backoffMs: 50 },
};

describe.skipIf(!REDIS_BINARY)('A queue whose Redis', () => {
  let redis: RedisServer;
  let nodes: Node[];

  beforeAll(async () => {
    redis = await RedisServer.start();
    nodes = [await startNode(redis.url, PATIENT), await startNode(redis.url, PATIENT)];
  });

  afterAll(async () => {
    await Promise.all(nodes.map(({ queue }) => queue.close()));
    for (const { network } of nodes) network.close();
    await redis.remove();
  });

  test('is away says so at once, goes on with what runs, and tells what became of it when it is back', async () => {
    const node = await startNode(redis.url, PATIENT);
    const { queue } = node;
    const worker = new ManualWorker();
    const job = await queue.submit(newJob());
    queue.work(worker.handler, 1);
    await expect.poll(() => worker.runs.length).toBe(1);
    const told: string[] = [];
    queue.watch(({ state }) => told.push(state));
    await redis.kill();
    await expect.poll(() => queue.find(job.id).catch(({ code }) => code)).toBe('queue-away');
    const calls = [
      () => queue.submit(newJob()),
      () => queue.list({ limit: 1 }),
      () => queue.cancel(job.id),
      () => queue.place(job.id),
      () => queue.result(job.id),
      () => queue.standing(),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'queue-away' });
    worker.runs[0]!.run.progress(30_000);
    worker.runs[0]!.complete('Said in the meantime.');
    await redis.startAgain();
    await expect.poll(() => told, { timeout: 15_000 }).toContain('completed');
    expect((await queue.result(job.id))?.text).toBe('Said in the meantime.');
    expect(await queue.find(job.id)).toMatchObject({ attempts: 1 });
    await queue.close();
    node.network.close();
  });

  test('was away for longer than a lease takes no run from a node that is back a little later', async () => {
    const early = await startNode(redis.url, PATIENT);
    const late = await startNode(redis.url, PATIENT);
    const worker = new ManualWorker();
    const job = await late.queue.submit(newJob());
    late.queue.work(worker.handler, 1);
    await expect.poll(() => worker.runs.length).toBe(1);
    early.queue.work(new ManualWorker().handler, 1);
    const told: string[] = [];
    early.queue.watch(({ id, state }) => id === job.id && told.push(state));
    // Nobody listens there.
    late.network.redirect(1);
    await redis.kill();
    await sleep(1.2 * LEASE_MS);
    await redis.startAgain();
    await expect.poll(() => early.queue.standing().catch(() => null), { timeout: 15_000 }).not.toBeNull();
    await sleep(LEASE_MS / 2);
    late.network.redirect(redis.port);
    await expect.poll(() => late.queue.standing().catch(() => null), { timeout: 15_000 }).not.toBeNull();
    await sleep(1.5 * LEASE_MS);
    expect(worker.runs[0]!.run.signal.aborted).toBe(false);
    expect(await early.queue.find(job.id)).toMatchObject({ state: 'running', attempts: 1 });
    worker.runs[0]!.complete('Said all along.');
    await expect.poll(() => told).toContain('completed');
    expect(told).not.toContain('queued');
    expect((await early.queue.result(job.id))?.text).toBe('Said all along.');
    for (const { queue, network } of [early, late]) {
      await queue.close();
      network.close();
    }
  });

  test('does not answer says so after a while, and is asked again', async () => {
    const { queue } = nodes[0]!;
    const job = await queue.submit(newJob());
    redis.signal('SIGSTOP');
    await expect(queue.find(job.id)).rejects.toMatchObject({ code: 'queue-away' });
    redis.signal('SIGCONT');
    await expect
      .poll(async () => (await queue.find(job.id).catch(() => null))?.state, { timeout: 15_000 })
      .toBe('queued');
    await queue.cancel(job.id);
  });

  test('is killed again and again loses no job, and finishes none twice', async () => {
    const finishes = new Map<string, Set<number>>();
    const note = ({ id, state, finishedAtMs }: Job) => {
      if (isFinished(state)) finishes.set(id, (finishes.get(id) ?? new Set()).add(finishedAtMs!));
    };
    const handler: JobHandler = async (job, run) => {
      const known = await run.claim(job.fileName, job.lengthMs);
      if (known) return known;
      for (let i = 1; i <= 5; i++) {
        await sleep(20 * Math.random());
        run.signal.throwIfAborted();
        run.progress(i * 10_000);
      }

      return jobResult(`Of ${job.fileName}.`);
    };
    for (const { queue } of nodes) {
      queue.watch(note);
      queue.work(handler, 3);
    }
    const taken: Job[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const killing = sleep(400 * Math.random()).then(() => redis.kill());
      for (let i = 0; i < JOBS_PER_ROUND; i++) {
        // Every third one is like another.
        const fileName = `${round} ${i % 3 === 0 ? 0 : i}`;
        const { queue } = nodes[i % 2]!;
        await queue.submit(newJob({ fileName, key: i % 2 === 0 ? 'a' : null })).then(
          (job) => taken.push(job),
          ({ code }) => expect(code).toBe('queue-away'),
        );
        await sleep(30 * Math.random());
      }
      await killing;
      await sleep(300 * Math.random());
      await redis.startAgain();
      await sleep(1500 * Math.random());
    }
    expect(taken.length).toBeGreaterThan(ROUNDS);
    for (const { id, fileName } of taken) {
      await expect
        .poll(async () => (await nodes[0]!.queue.find(id).catch(() => null))?.state, { timeout: 50_000 })
        .toBe('completed');
      expect((await nodes[1]!.queue.result(id))?.text).toBe(`Of ${fileName}.`);
      note((await nodes[1]!.queue.find(id))!);
    }
    for (const times of finishes.values()) expect(times.size).toBe(1);
    // Those that were not taken are not there, or were withdrawn.
    await expect
      .poll(async () => (await nodes[0]!.queue.standing().catch(() => null))?.running, { timeout: 20_000 })
      .toBe(0);
    expect((await nodes[0]!.queue.list({ state: 'queued', limit: 200 })).jobs).toEqual([]);
    expect((await nodes[0]!.queue.list({ state: 'failed', limit: 200 })).jobs).toEqual([]);
  }, 600_000);
});
