import { describe, expect, test } from 'vitest';
import { FairScheduler, type FairSchedulerOptions } from '../scheduler/fair-scheduler.ts';
import type { JobKind } from '../scheduler/job-kind.ts';
import type { Job, Work } from '../scheduler/scheduler.ts';
import { describeScheduler } from './contract/scheduler.contract.ts';
import { job } from './support/scheduler-jobs.ts';

const learn = () => {};

describeScheduler(
  'FairScheduler',
  ({ predict, predictSecond = predict, maxBatchSize, maxFinalsPerFlow }) =>
    new FairScheduler({
      kinds: [predict, predictSecond].map((predictKind) => ({
        ...{ maxBatchSize, maxBatchMs: 1e6, costs: { predict: predictKind, learn } },
      })),
      ...{ maxFinalsPerFlow, maxLeadMs: 1e6 },
    }),
);

/** Of one kind. Sizes are milliseconds, and batches save nothing, unless told otherwise. */
function create(options: Partial<FairSchedulerOptions & JobKind> = {}): FairScheduler<string> {
  const predict = (works: readonly Work[]) => works.reduce((sum, { size }) => sum + size, 0);
  const kind = { maxBatchSize: 8, maxBatchMs: 1e6, costs: { predict, learn }, ...options };

  return new FairScheduler({ kinds: [kind], maxFinalsPerFlow: 1000, maxLeadMs: 0, ...options });
}

/** Half the time for each job that joins another: it always pays. */
const predictHalf = (works: readonly Work[]) =>
  works.reduce((sum, { size }) => sum + size, 0) / (works.length > 1 ? 2 : 1);

function add(
  scheduler: FairScheduler<string>,
  flow: string,
  fields: Partial<Job<string>> & { size?: number },
) {
  const { size = 100, ...rest } = fields;
  const work = () => ({ size, fresh: size });

  return scheduler.submit(job({ flow, key: '0', priority: 'final', work, payload: flow, ...rest }));
}

/** Runs so many batches, each taking what was predicted. @returns payloads. */
function run(scheduler: FairScheduler<string>, batches: number): string[] {
  return Array.from({ length: batches }, () => {
    const batch = scheduler.schedule(0, 1)!;
    scheduler.complete(batch, batch.costMs);

    return batch.jobs.map(({ payload }) => payload);
  }).flat();
}

const count = (served: readonly string[], name: string) => served.filter((each) => each === name).length;

describe('FairScheduler', () => {
  test('serves groups alike however many flows they have, and the flows of a group alike', () => {
    const scheduler = create();
    for (let i = 0; i < 100; i++) {
      for (const flow of ['a', 'b', 'c']) add(scheduler, flow, { group: 'three', key: String(i) });
      add(scheduler, 'd', { group: 'one', key: String(i) });
    }
    const served = run(scheduler, 120);
    expect(['a', 'b', 'c', 'd'].map((flow) => count(served, flow))).toEqual([20, 20, 20, 60]);
  });

  test('puts more background together where nobody else has had anything to do for a while', () => {
    const scheduler = create({
      maxBatchMs: 100,
      maxCalmBatchMs: 200,
      costs: { predict: predictHalf, learn },
    });
    const sizeAt = (nowMs: number) => {
      const batch = scheduler.schedule(nowMs, 1)!;
      scheduler.complete(batch, batch.costMs);

      return batch.jobs.length;
    };
    for (let i = 0; i < 20; i++) add(scheduler, 'talk', { priority: 'background', key: String(i), size: 50 });
    expect(sizeAt(0)).toBe(8);
    add(scheduler, 'live', { priority: 'final', size: 400 });
    expect(sizeAt(1000)).toBe(1);
    expect(sizeAt(2000)).toBe(4);
    expect(sizeAt(20_000)).toBe(8);
  });

  test('keeps the last idle thread from background while others have something to do now and then', () => {
    const scheduler = create({ maxBatchSize: 1, sparesThread: true });
    for (let i = 0; i < 20; i++) add(scheduler, 'talk', { priority: 'background', key: String(i) });
    add(scheduler, 'live', { priority: 'final' });
    const live = scheduler.schedule(0, 2)!;
    expect(live.jobs[0]!.payload).toBe('live');
    expect(scheduler.schedule(0, 1)).toBeNull();
    scheduler.complete(live, 100);
    expect(scheduler.schedule(1000, 2)!.jobs[0]!.payload).toBe('talk');
    expect(scheduler.schedule(1000, 1)).toBeNull();
    add(scheduler, 'live', { priority: 'partial', key: '1' });
    expect(scheduler.schedule(1000, 1)!.jobs[0]!.payload).toBe('live');
    // Nobody is waited for who has long been quiet.
    expect(scheduler.schedule(20_000, 1)!.jobs[0]!.payload).toBe('talk');
  });

  test('gives one background job out every five seconds where others always have something to do', () => {
    for (const sparesThread of [false, true]) {
      const scheduler = create({ sparesThread, maxLeadMs: Number.POSITIVE_INFINITY });
      for (let i = 0; i < 20; i++) add(scheduler, 'talk', { priority: 'background', key: String(i) });
      const served = Array.from({ length: 201 }, (_, i) => {
        add(scheduler, 'live', { priority: 'final', key: String(i) });
        const batch = scheduler.schedule(i * 100, 1)!;
        scheduler.complete(batch, 100);

        return batch.jobs.map(({ payload }) => payload);
      });
      const background = served.filter((payloads) => payloads.includes('talk'));
      expect(background).toEqual(Array.from({ length: 3 }, () => ['talk']));
    }
  });

  test('lets no background into a batch of those who speak', () => {
    const scheduler = create({ maxBatchSize: 8, costs: { predict: predictHalf, learn } });
    for (let i = 0; i < 8; i++) add(scheduler, 'talk', { priority: 'background', key: String(i) });
    add(scheduler, 'live', { priority: 'partial' });
    expect(scheduler.schedule(0, 1)!.jobs).toHaveLength(1);
    expect(scheduler.schedule(0, 1)!.jobs).toHaveLength(8);
  });

  test('gives a flow of four times the weight four times the service, within a group and among groups', () => {
    for (const group of [{ group: 'same' }, {}]) {
      const scheduler = create();
      for (let i = 0; i < 100; i++) {
        add(scheduler, 'heavy', { ...group, key: String(i), weight: 4 });
        add(scheduler, 'light', { ...group, key: String(i) });
      }
      const served = run(scheduler, 100);
      expect(count(served, 'heavy')).toBe(80);
    }
  });

  test('serves a flow that was quiet at once, and gives it no credit for having been so', () => {
    const scheduler = create();
    for (let i = 0; i < 100; i++) add(scheduler, 'busy', { key: String(i) });
    run(scheduler, 50);
    for (let i = 0; i < 10; i++) add(scheduler, 'quiet', { key: String(i) });
    const served = run(scheduler, 20);
    expect(served.slice(0, 2)).toContain('quiet');
    expect(count(served, 'quiet')).toBe(10);
  });

  test('lets a flow that took more than predicted wait the longer, and gives back what one took less', () => {
    const scheduler = create();
    for (let i = 0; i < 100; i++)
      for (const flow of ['longer', 'shorter']) add(scheduler, flow, { key: String(i) });
    const took = { longer: 0, shorter: 0 };
    for (let i = 0; i < 90; i++) {
      const batch = scheduler.schedule(0, 1)!;
      const flow = batch.jobs[0]!.payload as keyof typeof took;
      const tookMs = flow === 'longer' ? 200 : 50;
      took[flow] += tookMs;
      scheduler.complete(batch, tookMs);
    }
    expect(Math.abs(took.longer - took.shorter)).toBeLessThanOrEqual(200);
  });

  test('lets the prediction stand for a batch that failed', () => {
    const scheduler = create();
    for (let i = 0; i < 10; i++)
      for (const flow of ['failing', 'well']) add(scheduler, flow, { key: String(i) });
    const served = Array.from({ length: 10 }, () => {
      const batch = scheduler.schedule(0, 1)!;
      const { payload } = batch.jobs[0]!;
      scheduler.complete(batch, payload === 'failing' ? null : 100);

      return payload;
    });
    expect(count(served, 'failing')).toBe(5);
  });

  test("lets finals go before others' partials until their group is too far ahead", () => {
    const scheduler = create({ maxLeadMs: 300 });
    for (let i = 0; i < 100; i++) {
      add(scheduler, 'hog', { key: String(i) });
      add(scheduler, 'other', { key: String(i), priority: 'partial' });
    }
    const served = run(scheduler, 40);
    // At 0, 100, 200 and 300 ms of lead.
    expect(served.slice(0, 5)).toEqual(['hog', 'hog', 'hog', 'hog', 'other']);
    expect(count(served, 'hog')).toBe(22);
  });

  test("lets finals go before a sibling's partials until their flow is too far ahead", () => {
    const scheduler = create({ maxLeadMs: 300 });
    for (let i = 0; i < 100; i++) {
      add(scheduler, 'hog', { key: String(i), group: 'same' });
      add(scheduler, 'other', { key: String(i), group: 'same', priority: 'candidate' });
    }
    expect(run(scheduler, 5)).toEqual(['hog', 'hog', 'hog', 'hog', 'other']);
  });

  test('fills a batch from each group in turn before it takes seconds', () => {
    const scheduler = create({ maxBatchSize: 4, maxLeadMs: 1000, costs: { predict: predictHalf, learn } });
    for (const [i, flow] of ['a', 'a', 'a', 'b', 'c'].entries()) add(scheduler, flow, { key: String(i) });
    expect(run(scheduler, 1)).toEqual(['a', 'b', 'c', 'a']);
  });

  test('keeps a batch within the time it may take, but for a single job', () => {
    const scheduler = create({ maxBatchMs: 250, costs: { predict: predictHalf, learn } });
    for (const flow of ['a', 'b', 'c', 'd', 'e']) add(scheduler, flow, { size: 125 });
    add(scheduler, 'f', { size: 1000 });
    const batches = [1, 2, 3].map(() => scheduler.schedule(0, 1)!.jobs.map(({ payload }) => payload));
    expect(batches).toEqual([['a', 'b', 'c', 'd'], ['e'], ['f']]);
  });

  test('fills a batch past a flow whose job does not fit, with what its siblings have', () => {
    const scheduler = create({ costs: { predict: predictHalf, learn } });
    add(scheduler, 'a', { group: 'g' });
    add(scheduler, 'b', { group: 'g', batchClass: 1 });
    add(scheduler, 'c', { group: 'g' });
    const batches = [scheduler.schedule(0, 1)!, scheduler.schedule(0, 1)!];
    expect(batches.map(({ jobs }) => jobs.map(({ payload }) => payload))).toEqual([['a', 'c'], ['b']]);
  });

  test('tells the cost model what a batch took, and nothing of one that failed', () => {
    const learned: unknown[] = [];
    const costs = {
      predict: predictHalf,
      learn: (works: readonly Work[], tookMs: number) => learned.push([works.length, tookMs]),
    };
    const scheduler = create({ costs });
    for (const flow of ['a', 'b', 'c', 'd', 'e']) {
      add(scheduler, flow, {});
      scheduler.complete(scheduler.schedule(0, 1)!, { a: 7, b: null, c: Number.NaN, d: 0 }[flow] ?? null);
    }
    expect(learned).toEqual([[1, 7]]);
  });

  test('tells each kind what its own batches took', () => {
    const learned: unknown[] = [];
    const kinds = ['quick', 'slow'].map((name) => ({
      ...{ maxBatchSize: 8, maxBatchMs: 1e6 },
      costs: { predict: predictHalf, learn: (_: unknown, tookMs: number) => learned.push([name, tookMs]) },
    }));
    const scheduler = create({ kinds });
    add(scheduler, 'a', { kind: 1 });
    add(scheduler, 'b', { kind: 0 });
    for (const tookMs of [300, 20]) scheduler.complete(scheduler.schedule(0, 1)!, tookMs);
    expect(learned).toEqual([
      ['slow', 300],
      ['quick', 20],
    ]);
  });

  test('keeps each batch within the bounds of its kind', () => {
    const kinds = [2, 4].map((maxBatchSize) => ({
      ...{ maxBatchSize, maxBatchMs: 1e6, costs: { predict: predictHalf, learn } },
    }));
    const scheduler = create({ kinds });
    for (let i = 0; i < 6; i++) {
      add(scheduler, `few ${i}`, { kind: 0 });
      add(scheduler, `many ${i}`, { kind: 1 });
    }
    const sizes = Array.from({ length: 5 }, () => scheduler.schedule(0, 1)!).map(
      ({ kind, jobs }) => `${kind}: ${jobs.length}`,
    );
    expect(sizes.toSorted()).toEqual(['0: 2', '0: 2', '0: 2', '1: 2', '1: 4']);
  });

  test('forms batches by what holds for the sort of thread they run on, and tells it what they took', () => {
    const learned: unknown[] = [];
    const sorts = ([4, 1] as const).map((maxBatchSize, sort) => [
      {
        ...{ maxBatchSize, maxBatchMs: 1e6 },
        costs: { predict: predictHalf, learn: (_: unknown, tookMs: number) => learned.push([sort, tookMs]) },
      },
    ]);
    const scheduler = create({ kinds: sorts[0]!, sorts });
    for (let i = 0; i < 9; i++) add(scheduler, `flow ${i}`, {});
    const batches = [0, 1, 0].map((sort) => scheduler.schedule(0, 1, () => sort)!);
    expect(batches.map(({ jobs }) => jobs.length)).toEqual([4, 1, 4]);
    for (const [i, batch] of batches.entries()) scheduler.complete(batch, 10 + i);
    expect(learned).toEqual([
      [0, 10],
      [1, 11],
      [0, 12],
    ]);
  });

  test('predicts what is queued for the threads there are, and of a batch what it would take the slowest', () => {
    const sorts = [10, 1000].map((ms) => [
      {
        ...{ maxBatchSize: 1, maxBatchMs: 1e6 },
        costs: { predict: (works: readonly Work[]) => ms * works.length, learn },
      },
    ]);
    const scheduler = create({ kinds: sorts[0]!, sorts });
    for (const flow of ['a', 'b', 'c']) add(scheduler, flow, {});
    const totalFor = (threads?: readonly number[]) => scheduler.backlogMs(threads).total;
    expect(totalFor()).toBe(30);
    expect(totalFor([2, 0])).toBe(30);
    expect(totalFor([0, 2])).toBe(3000);
    // In 1000 ms the first does a hundred of them, and each of the others one.
    expect(totalFor([1, 3]) / 4).toBeCloseTo((3 * 1000) / 103);
    expect(scheduler.schedule(0, 1, () => 0)).toMatchObject({ costMs: 10, slowestMs: 1000 });
    expect(scheduler.schedule(0, 1, () => 1)).toMatchObject({ costMs: 1000, slowestMs: 1000 });
  });

  test('leaves out of a batch what is too much longer or shorter, unless all of it is short', () => {
    const batchOf = (...sizes: readonly number[]) => {
      const scheduler = create({ maxLengthRatio: 4, costs: { predict: predictHalf, learn } });
      for (const [i, size] of sizes.entries()) add(scheduler, `flow ${i}`, { size });

      return scheduler.schedule(0, 1)!.works.map(({ size }) => size);
    };
    expect(batchOf(4000, 16_000, 17_000, 3000)).toEqual([4000, 16_000]);
    expect(batchOf(16_000, 4000, 3000)).toEqual([16_000, 4000]);
    // As a segment of two seconds.
    expect(batchOf(100, 8000, 8100)).toEqual([100, 8000]);
  });

  test('lets a partial go alone now and then, so that it shows what batches save', () => {
    const scheduler = create({ maxBatchSize: 2, costs: { predict: predictHalf, learn } });
    const sizes = Array.from({ length: 70 }, () => {
      for (const flow of ['a', 'b', 'c']) add(scheduler, flow, { priority: 'partial' });
      const batch = scheduler.schedule(0, 1)!;
      scheduler.complete(batch, batch.costMs);

      return batch.jobs.length;
    });
    expect(sizes.flatMap((size, i) => (size === 1 ? [i] : []))).toEqual([32, 65]);
  });

  test('lets one of each kind go alone now and then, whatever the other kinds do', () => {
    const kind = { maxBatchSize: 2, maxBatchMs: 1e6, costs: { predict: predictHalf, learn } };
    const scheduler = create({ kinds: [kind, kind] });
    const sizes = Array.from({ length: 140 }, (_, turn) => {
      const kind = turn % 2;
      for (const flow of ['a', 'b', 'c']) add(scheduler, `${flow} ${kind}`, { kind, priority: 'partial' });
      const batch = scheduler.schedule(0, 1)!;
      scheduler.complete(batch, batch.costMs);

      return batch.jobs.length === 1 ? [batch.kind] : [];
    });
    expect(new Set(sizes.flat())).toEqual(new Set([0, 1]));
  });

  test('forgets a flow once it has nothing to run and is not ahead of others', () => {
    const scheduler = create();
    for (let i = 0; i < 30; i++) add(scheduler, 'busy', { key: String(i) });
    for (let i = 0; i < 1000; i++) {
      add(scheduler, `flow ${i}`, {});
      run(scheduler, 1);
    }
    // Served once each they are ahead of `busy` by one job, and those are forgotten as it catches up.
    expect(scheduler.knownFlows).toBeLessThanOrEqual(1001);
    run(scheduler, 4);
    expect(scheduler.knownFlows).toBe(1);
    run(scheduler, 26);
    expect(scheduler.knownFlows).toBe(0);
  });

  test('forgets a flow that was cancelled, when its last job ends', () => {
    const scheduler = create();
    add(scheduler, 'a', { key: '0' });
    add(scheduler, 'a', { key: '1' });
    const running = scheduler.schedule(0, 1)!;
    scheduler.cancel('a');
    scheduler.complete(running, 100);
    expect(scheduler.knownFlows).toBe(0);
  });
});
