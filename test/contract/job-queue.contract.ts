import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StreamError } from '../../server/errors.ts';
import { MAX_CALLS, MAX_DELIVERIES } from '../../server/jobs/callback-rules.ts';
import type { Job, NewJob } from '../../server/jobs/job.ts';
import type { JobQueue, JobResult, QueueRules } from '../../server/jobs/job-queue.ts';
import { jobResult, ManualWorker, newJob, RULES } from '../support/jobs.ts';

/** A queue, and the time that passes for it. */
export interface QueueRig {
  /** The node that tests speak to; another one after `restart`. */
  readonly queue: JobQueue;
  /** Lets time pass, by hand or in fact, and everything happen that happens meanwhile. */
  pass(ms: number): Promise<void>;
  /** Ends the node as `close` does, or as a kill would, and starts another one on the same jobs, which works for nobody yet. */
  restart(how: 'close' | 'kill'): Promise<void>;
  /** Lets go of everything. */
  close(): Promise<void>;
}

/** One queue that has to keep the contract. */
export interface JobQueueUnderTest {
  readonly name: string;
  /** Opens a new and empty one. */
  create(rules: QueueRules): Promise<QueueRig>;
}

/** Between two looks at what is awaited, and how many there are before it is taken not to come. */
const LOOK_EVERY_MS = 20;
const LOOKS = 1500;

/** What every queue of recordings keeps. */
export function describeJobQueue({ name, create }: JobQueueUnderTest): void {
  describe(`${name} as a queue of recordings`, () => {
    let rig: QueueRig;
    let worker: ManualWorker;

    const open = async (rules: Partial<QueueRules> = {}) => {
      await rig?.close();
      rig = await create({ ...RULES, ...rules });
    };
    const until = async (holds: () => boolean | Promise<boolean>) => {
      for (let looks = 0; !(await holds()); looks++) {
        if (looks === LOOKS) throw new Error('What was awaited did not come.');
        await rig.pass(LOOK_EVERY_MS);
      }
    };
    const submit = async (...jobs: NewJob[]): Promise<Job[]> => {
      const all: Job[] = [];
      for (const job of jobs) all.push(await rig.queue.submit(job));

      return all;
    };
    const work = (slots: number) => rig.queue.work(worker.handler, slots);
    const begun = (runs: number) => until(() => worker.runs.length >= runs);
    const stands = (id: string, state: Job['state']) =>
      until(async () => (await rig.queue.find(id))?.state === state);

    beforeEach(async () => {
      worker = new ManualWorker();
      await open();
    });

    afterEach(() => rig.close());

    test('tells a job as it was submitted, and finds it', async () => {
      const job = newJob({ key: 'press', class: 'high', callbackUrl: 'https://example.org/done' });
      const told = await rig.queue.submit(job);
      expect(told).toMatchObject({ ...job, state: 'queued', attempts: 0, progressMs: 0, error: null });
      expect(await rig.queue.find(job.id)).toEqual(told);
      expect(await rig.queue.result(job.id)).toBeNull();
    });

    test('knows nothing of a job that was never submitted', async () => {
      const { id } = newJob();
      expect(await rig.queue.find(id)).toBeNull();
      expect(await rig.queue.cancel(id)).toBeNull();
      expect(await rig.queue.place(id)).toBeNull();
      expect(await rig.queue.result(id)).toBeNull();
    });

    test('runs equal jobs one after the other in the order they came', async () => {
      const jobs = await submit(newJob(), newJob(), newJob());
      work(1);
      for (let i = 0; i < 3; i++) {
        await begun(i + 1);
        worker.runs[i]!.complete();
        await stands(jobs[i]!.id, 'completed');
      }
      expect(worker.ids).toEqual(jobs.map(({ id }) => id));
    });

    test('keeps the result of a completed job', async () => {
      const [job] = await submit(newJob());
      work(1);
      await begun(1);
      worker.runs[0]!.complete('Every word of it.');
      await stands(job!.id, 'completed');
      expect(await rig.queue.result(job!.id)).toEqual(jobResult('Every word of it.'));
      expect(await rig.queue.find(job!.id)).toMatchObject({
        ...{ attempts: 1, progressMs: 60_000, lengthMs: 60_000, error: null, shared: false },
      });
    });

    test('runs as many jobs at once as it has slots, and no more', async () => {
      await submit(newJob(), newJob(), newJob());
      work(2);
      await begun(2);
      await rig.pass(100);
      expect(worker.runs).toHaveLength(2);
      worker.runs[1]!.complete();
      await begun(3);
    });

    test('runs no more jobs of a key at once than it may, and lets others go ahead', async () => {
      await open({ maxRunningPerKey: 1 });
      const jobs = await submit(newJob({ key: 'a' }), newJob({ key: 'a' }), newJob({ key: 'b' }));
      work(3);
      await begun(2);
      await rig.pass(100);
      expect(worker.ids).toEqual([jobs[0]!.id, jobs[2]!.id]);
      worker.of(jobs[0]!).complete();
      await begun(3);
      expect(worker.ids[2]).toBe(jobs[1]!.id);
    });

    test('lets jobs of a class through by its weight', async () => {
      await submit(...Array.from({ length: 20 }, () => newJob({ class: 'low' })));
      await submit(...Array.from({ length: 20 }, () => newJob({ class: 'high' })));
      work(1);
      for (let i = 1; i <= 10; i++) {
        await begun(i);
        worker.runs[i - 1]!.complete();
      }
      const high = worker.runs.slice(0, 10).filter(({ job }) => job.class === 'high');
      expect(high.length).toBeGreaterThanOrEqual(8);
    });

    test('tells how many are ahead, and fewer each time that one of them has finished', async () => {
      const jobs = await submit(newJob(), newJob(), newJob());
      const last = jobs[2]!.id;
      expect(await rig.queue.place(last)).toEqual({ ahead: 2, aheadMs: 120_000 });
      work(1);
      await begun(1);
      expect(await rig.queue.place(last)).toMatchObject({ ahead: 2 });
      expect(await rig.queue.place(jobs[0]!.id)).toBeNull();
      worker.runs[0]!.complete();
      await stands(jobs[0]!.id, 'completed');
      expect(await rig.queue.place(last)).toMatchObject({ ahead: 1 });
      await rig.queue.cancel(jobs[1]!.id);
      await until(async () => (await rig.queue.place(last)) === null);
    });

    test('tells the places of all at once as it tells each, and of those that run', async () => {
      const jobs = await submit(newJob({ lengthMs: 60_000 }), newJob({ lengthMs: 30_000 }), newJob());
      work(1);
      await begun(1);
      await stands(jobs[0]!.id, 'running');
      worker.runs[0]!.run.progress(20_000);
      await until(async () => (await rig.queue.outlook()).places.get(jobs[1]!.id)?.aheadMs === 40_000);
      const { places, standing } = await rig.queue.outlook();
      expect([...places.keys()].sort()).toEqual(jobs.map(({ id }) => id).sort());
      expect(places.get(jobs[0]!.id)).toEqual({ ahead: 0, aheadMs: 0 });
      for (const { id } of jobs.slice(1)) expect(places.get(id)).toEqual(await rig.queue.place(id));
      expect(standing).toMatchObject({ queued: { standard: 2 }, running: 1, backlogMs: 130_000 });
      worker.runs[0]!.complete();
      await until(async () => (await rig.queue.outlook()).places.size === 2);
    });

    test('lists the newest first, by state and key, page by page', async () => {
      const mine = await submit(...Array.from({ length: 5 }, () => newJob({ key: 'mine' })));
      await submit(newJob({ key: null }), newJob({ key: 'other' }));
      const ids = mine.map(({ id }) => id).reverse();
      const first = await rig.queue.list({ key: 'mine', limit: 3 });
      expect(first.jobs.map(({ id }) => id)).toEqual(ids.slice(0, 3));
      expect(first.more).toBe(true);
      const rest = await rig.queue.list({ key: 'mine', limit: 3, before: ids[2]! });
      expect(rest.jobs.map(({ id }) => id)).toEqual(ids.slice(3));
      expect(rest.more).toBe(false);
      await rig.queue.cancel(ids[1]!);
      const cancelled = await rig.queue.list({ state: 'cancelled', limit: 9 });
      expect(cancelled.jobs.map(({ id }) => id)).toEqual([ids[1]]);
      expect((await rig.queue.list({ key: null, limit: 9 })).jobs).toHaveLength(1);
      expect((await rig.queue.list({ limit: 9 })).jobs).toHaveLength(7);
    });

    test('takes no more jobs than it may, until one has finished', async () => {
      await open({ maxJobs: 2 });
      const [first] = await submit(newJob(), newJob());
      const third = newJob();
      await expect(rig.queue.submit(third)).rejects.toMatchObject({ code: 'too-many-jobs' });
      expect(await rig.queue.find(third.id)).toBeNull();
      await rig.queue.cancel(first!.id);
      await rig.queue.submit(third);
    });

    test('takes no more bytes than it may', async () => {
      await open({ maxJobBytes: 1500 });
      await submit(newJob());
      await expect(rig.queue.submit(newJob())).rejects.toMatchObject({ code: 'no-space' });
      await submit(newJob({ bytes: 500 }));
    });

    test('takes half of all jobs of one key at most, until one of them has finished', async () => {
      await open({ maxJobs: 4 });
      const [first] = await submit(newJob({ key: 'press' }), newJob({ key: 'press' }));
      const third = newJob({ key: 'press' });
      await expect(rig.queue.submit(third)).rejects.toMatchObject({
        code: 'too-many-jobs',
        message: expect.stringContaining('This key'),
      });
      expect(await rig.queue.find(third.id)).toBeNull();
      await submit(newJob({ key: 'radio' }));
      await rig.queue.cancel(first!.id);
      await submit(third, newJob());
      await expect(rig.queue.submit(newJob())).rejects.toMatchObject({ code: 'too-many-jobs' });
    });

    test('takes half of all bytes of one key at most, but for its first job', async () => {
      await open({ maxJobBytes: 4000 });
      const large = newJob({ key: 'press', bytes: 2500 });
      await submit(large);
      const another = newJob({ key: 'press', bytes: 500 });
      await expect(rig.queue.submit(another)).rejects.toMatchObject({
        code: 'no-space',
        message: expect.stringContaining('this key'),
      });
      await submit(newJob({ key: 'radio', bytes: 500 }), newJob({ bytes: 500 }));
      await rig.queue.cancel(large.id);
      await submit(another, newJob({ key: 'press', bytes: 1500 }));
      await expect(rig.queue.submit(newJob({ key: 'press', bytes: 1 }))).rejects.toMatchObject({
        code: 'no-space',
      });
    });

    test('never runs a job that was cancelled while it was queued', async () => {
      const jobs = await submit(newJob(), newJob(), newJob());
      expect(await rig.queue.cancel(jobs[1]!.id)).toMatchObject({ state: 'cancelled', attempts: 0 });
      work(1);
      await begun(1);
      worker.runs[0]!.complete();
      await begun(2);
      expect(worker.ids).toEqual([jobs[0]!.id, jobs[2]!.id]);
    });

    test('aborts the run of a job that is cancelled, and gives its slot to the next', async () => {
      const jobs = await submit(newJob(), newJob());
      work(1);
      await begun(1);
      expect(await rig.queue.cancel(jobs[0]!.id)).toMatchObject({ state: 'cancelled' });
      await until(() => worker.runs[0]!.run.signal.aborted);
      await begun(2);
      worker.runs[0]!.complete();
      await rig.pass(100);
      expect((await rig.queue.find(jobs[0]!.id))?.state).toBe('cancelled');
      expect(await rig.queue.result(jobs[0]!.id)).toBeNull();
    });

    test('leaves a job that has finished as it is when it is cancelled', async () => {
      const [job] = await submit(newJob());
      work(1);
      await begun(1);
      worker.runs[0]!.complete();
      await stands(job!.id, 'completed');
      expect(await rig.queue.cancel(job!.id)).toMatchObject({ state: 'completed' });
      expect(await rig.queue.result(job!.id)).not.toBeNull();
    });

    test('tries again after a while, and gives up after the last attempt with its error', async () => {
      const [job] = await submit(newJob());
      work(1);
      for (let attempt = 1; attempt <= RULES.maxAttempts; attempt++) {
        await begun(attempt);
        expect(worker.runs[attempt - 1]!.job.attempts).toBe(attempt);
        worker.runs[attempt - 1]!.fail(new StreamError('busy'));
        if (attempt < RULES.maxAttempts) await stands(job!.id, 'queued');
      }
      await stands(job!.id, 'failed');
      expect(await rig.queue.find(job!.id)).toMatchObject({ attempts: 3, error: { code: 'busy' } });
      expect(worker.runs).toHaveLength(3);
    });

    test('lets others go ahead while a job waits for its next attempt', async () => {
      await open({ backoffMs: 1e6 });
      const jobs = await submit(newJob(), newJob());
      work(1);
      await begun(1);
      worker.runs[0]!.fail(new Error('A disk failed.'));
      await begun(2);
      expect(worker.ids).toEqual(jobs.map(({ id }) => id));
      expect(await rig.queue.find(jobs[0]!.id)).toMatchObject({
        ...{ state: 'queued', error: { code: 'internal' } },
      });
    });

    test('fails a job at once when another attempt would not help', async () => {
      const [job] = await submit(newJob());
      work(1);
      await begun(1);
      worker.runs[0]!.fail(new StreamError('bad-recording', 'It is damaged.'));
      await stands(job!.id, 'failed');
      const found = await rig.queue.find(job!.id);
      expect(found).toMatchObject({ attempts: 1, error: { code: 'bad-recording' } });
      expect(found?.error?.message).toContain('It is damaged.');
    });

    test('takes an attempt without a sign of life for failed', async () => {
      const [job] = await submit(newJob());
      work(1);
      await begun(1);
      await rig.pass(RULES.progressTimeoutMs * 0.6);
      worker.runs[0]!.run.progress(1000);
      await rig.pass(RULES.progressTimeoutMs * 0.6);
      expect(worker.runs[0]!.run.signal.aborted).toBe(false);
      await begun(2);
      expect(worker.runs[0]!.run.signal.aborted).toBe(true);
      expect(await rig.queue.find(job!.id)).toMatchObject({ attempts: 2, error: { code: 'job-stalled' } });
    });

    test('tells the progress of a running job, and what is left of it to those behind', async () => {
      const jobs = await submit(newJob(), newJob());
      work(1);
      await begun(1);
      worker.runs[0]!.run.progress(45_000);
      await until(async () => (await rig.queue.find(jobs[0]!.id))?.progressMs === 45_000);
      expect(await rig.queue.place(jobs[1]!.id)).toEqual({ ahead: 1, aheadMs: 15_000 });
    });

    test('computes equal content once, also of jobs that run at the same time', async () => {
      const jobs = await submit(newJob(), newJob(), newJob());
      const claims: (Promise<JobResult | null> | null)[] = [];
      rig.queue.work(async (job, run) => {
        const claim = run.claim('the same', 60_000);
        claims.push(claim);
        const result = await claim;

        return result ?? worker.handler(job, run);
      }, 2);
      // The second waits for the first, and the third has its slot.
      await until(() => claims.length === 3);
      await begun(1);
      worker.runs[0]!.complete('Computed once.');
      for (const { id } of jobs) await stands(id, 'completed');
      expect(worker.runs).toHaveLength(1);
      for (const { id } of jobs) expect((await rig.queue.result(id))?.text).toBe('Computed once.');
      const shared = await Promise.all(jobs.map(({ id }) => rig.queue.find(id)));
      expect(shared.map((job) => job?.shared)).toEqual([false, true, true]);
    });

    test('answers equal content from a job that has finished', async () => {
      const [first] = await submit(newJob());
      rig.queue.work(async (job, run) => (await run.claim('kept', 60_000)) ?? worker.handler(job, run), 1);
      await begun(1);
      worker.runs[0]!.complete('Said before.');
      await stands(first!.id, 'completed');
      const [second] = await submit(newJob());
      await stands(second!.id, 'completed');
      expect((await rig.queue.result(second!.id))?.text).toBe('Said before.');
      expect(worker.runs).toHaveLength(1);
    });

    test('has a job computed that waited for one that came to nothing', async () => {
      const jobs = await submit(newJob(), newJob());
      rig.queue.work(
        async (job, run) => (await run.claim('the same', 60_000)) ?? worker.handler(job, run),
        2,
      );
      await begun(1);
      const leader = worker.runs[0]!.job.id;
      await rig.queue.cancel(leader);
      await begun(2);
      const follower = jobs.find(({ id }) => id !== leader)!;
      expect(worker.runs[1]!.job.id).toBe(follower.id);
      worker.runs[1]!.complete('After all.');
      await stands(follower.id, 'completed');
      expect(await rig.queue.find(follower.id)).toMatchObject({ attempts: 1, shared: false });
    });

    test('has a job computed that waited, though who was to compute it first is cancelled as well', async () => {
      const jobs = await submit(newJob(), newJob(), newJob());
      let claims = 0;
      rig.queue.work(async (job, run) => {
        claims++;

        return (await run.claim('the same', 60_000)) ?? worker.handler(job, run);
      }, 3);
      await begun(1);
      await until(() => claims === 3);
      const leader = worker.runs[0]!.job.id;
      const [next, last] = jobs.filter(({ id }) => id !== leader);
      await Promise.all([rig.queue.cancel(leader), rig.queue.cancel(next!.id)]);
      await until(() => worker.ids.includes(last!.id));
      worker.of(last!).complete('After all.');
      await stands(last!.id, 'completed');
    });

    test('keeps jobs in all states when its node is killed', async () => {
      const [done, failed, cancelled, running, queued] = await submit(
        ...Array.from({ length: 5 }, () => newJob()),
      );
      work(1);
      await begun(1);
      worker.runs[0]!.complete('Kept.');
      await begun(2);
      worker.runs[1]!.fail(new StreamError('bad-recording'));
      await stands(failed!.id, 'failed');
      await rig.queue.cancel(cancelled!.id);
      await until(() => worker.ids.includes(running!.id));
      await rig.restart('kill');
      await stands(running!.id, 'queued');
      expect((await rig.queue.result(done!.id))?.text).toBe('Kept.');
      expect((await rig.queue.find(failed!.id))?.state).toBe('failed');
      expect((await rig.queue.find(cancelled!.id))?.state).toBe('cancelled');
      worker = new ManualWorker();
      work(1);
      // Where others have to find out that a node is gone, what it ran may come behind what waited.
      for (const run of [0, 1]) {
        await begun(run + 1);
        worker.runs[run]!.complete();
        await stands(worker.ids[run]!, 'completed');
      }
      expect(new Set(worker.ids)).toEqual(new Set([running!.id, queued!.id]));
      expect((await rig.queue.find(running!.id))?.attempts).toBe(2);
      expect((await rig.queue.find(queued!.id))?.attempts).toBe(1);
    });

    test('gives up a job whose node has been killed in every attempt', async () => {
      const [job] = await submit(newJob());
      for (let attempt = 1; attempt <= RULES.maxAttempts; attempt++) {
        worker = new ManualWorker();
        work(1);
        await begun(1);
        await rig.restart('kill');
      }
      await stands(job!.id, 'failed');
      expect((await rig.queue.find(job!.id))?.error?.code).toBe('job-interrupted');
    });

    test('gives back what it runs when it is closed, and counts no attempt', async () => {
      const [job] = await submit(newJob());
      work(1);
      await begun(1);
      const { signal } = worker.runs[0]!.run;
      await rig.restart('close');
      expect(signal.aborted).toBe(true);
      expect(await rig.queue.find(job!.id)).toMatchObject({ state: 'queued', attempts: 0 });
      worker = new ManualWorker();
      work(1);
      await begun(1);
      expect(worker.runs[0]!.job.attempts).toBe(1);
    });

    test('tells its listeners of every state that a job comes to', async () => {
      const told: string[] = [];
      const stop = rig.queue.watch((job) => {
        if (told.at(-1) !== job.state) told.push(job.state);
      });
      const [job] = await submit(newJob());
      work(1);
      await begun(1);
      worker.runs[0]!.complete();
      await stands(job!.id, 'completed');
      await until(() => told.length === 3);
      expect(told).toEqual(['queued', 'running', 'completed']);
      stop();
      await submit(newJob());
      await rig.pass(100);
      expect(told).toHaveLength(3);
    });

    test('delivers a callback once for a job that has finished, whatever it came to', async () => {
      const delivered: string[] = [];
      rig.queue.deliver(async ({ state }) => {
        delivered.push(state);
      });
      const callbackUrl = 'https://example.org/done';
      const [first, second] = await submit(newJob({ callbackUrl }), newJob({ callbackUrl }), newJob());
      await rig.queue.cancel(first!.id);
      await until(async () => (await rig.queue.find(first!.id))?.callback === 'delivered');
      work(2);
      await begun(2);
      for (const run of worker.runs) run.complete();
      await until(async () => (await rig.queue.find(second!.id))?.callback === 'delivered');
      await rig.pass(1000);
      expect(delivered).toEqual(['cancelled', 'completed']);
    });

    test('delivers callbacks of others while nobody answers those of one key', async () => {
      const delivered: (string | null)[] = [];
      rig.queue.deliver(async ({ key }, signal) => {
        if (key === 'silent') await new Promise((_, reject) => signal.addEventListener('abort', reject));
        delivered.push(key);
      });
      const callbackUrl = 'https://example.org/done';
      const silent = Array.from({ length: MAX_CALLS + 4 }, () => newJob({ key: 'silent', callbackUrl }));
      for (const job of [...silent, newJob({ key: 'radio', callbackUrl })]) {
        await rig.queue.submit(job);
        await rig.queue.cancel(job.id);
      }
      await until(() => delivered.length > 0);
      expect(delivered).toEqual(['radio']);
    });

    test('delivers a callback of a job that finished before its node was killed', async () => {
      const [job] = await submit(newJob({ callbackUrl: 'https://example.org/done' }));
      await rig.queue.cancel(job!.id);
      await rig.restart('kill');
      const delivered: string[] = [];
      rig.queue.deliver(async ({ id }) => {
        delivered.push(id);
      });
      await until(() => delivered.length === 1);
      expect(delivered).toEqual([job!.id]);
    });

    test('tells how long the queue is', async () => {
      await submit(newJob({ class: 'high' }), newJob(), newJob({ class: 'low' }));
      expect(await rig.queue.standing()).toMatchObject({
        ...{ queued: { high: 1, standard: 1, low: 1 }, running: 0, backlogMs: 180_000, slots: 0 },
        speed: null,
      });
      work(2);
      await begun(2);
      worker.runs[0]!.run.progress(30_000);
      await until(async () => (await rig.queue.standing()).backlogMs === 150_000);
      expect(await rig.queue.standing()).toMatchObject({ running: 2, slots: 2 });
    });

    test('knows how fast it is once it has captioned something', async () => {
      const [job] = await submit(newJob());
      work(1);
      await begun(1);
      await rig.pass(500);
      worker.runs[0]!.complete();
      await stands(job!.id, 'completed');
      const { speed } = await rig.queue.standing();
      expect(speed).toBeGreaterThan(0);
    });

    describe('after a while', () => {
      test('lets jobs go that have finished long ago, and their results', async () => {
        await open({ keepFinishedMs: 1000 });
        const [job] = await submit(newJob());
        work(1);
        await begun(1);
        worker.runs[0]!.complete();
        await stands(job!.id, 'completed');
        await until(async () => (await rig.queue.find(job!.id)) === null);
        expect(await rig.queue.result(job!.id)).toBeNull();
      });

      test('lets the recordings of a meeting go that have finished, and their results, but no others', async () => {
        const options = { ...newJob().options, meeting: 'seminar' };
        const [done, other, cancelled, running] = await submit(
          newJob({ options }),
          newJob({ options: { ...options, meeting: 'standup' } }),
          newJob({ options }),
          newJob({ options }),
        );
        work(1);
        for (const [i, job] of [done!, other!].entries()) {
          await begun(i + 1);
          worker.runs[i]!.complete();
          await stands(job.id, 'completed');
        }
        await rig.queue.cancel(cancelled!.id);
        await stands(running!.id, 'running');
        expect(await rig.queue.forgetMeeting('seminar')).toBe(2);
        expect(await rig.queue.forgetMeeting('seminar')).toBe(0);
        for (const { id } of [done!, cancelled!]) {
          expect(await rig.queue.find(id)).toBeNull();
          expect(await rig.queue.result(id)).toBeNull();
        }
        expect((await rig.queue.list({ limit: 9 })).jobs.map(({ id }) => id)).toEqual([
          running!.id,
          other!.id,
        ]);
        expect(await rig.queue.result(other!.id)).not.toBeNull();
        await rig.restart('close');
        expect(await rig.queue.find(done!.id)).toBeNull();
      });

      test('tries to deliver a callback again', async () => {
        let tries = 0;
        rig.queue.deliver(async () => {
          if (++tries === 1) throw new Error('Nobody answers.');
        });
        const [job] = await submit(newJob({ callbackUrl: 'https://example.org/done' }));
        await rig.queue.cancel(job!.id);
        await until(() => tries === 2);
        await until(async () => (await rig.queue.find(job!.id))?.callback === 'delivered');
        expect(MAX_DELIVERIES).toBeGreaterThan(2);
      });
    });
  });
}
