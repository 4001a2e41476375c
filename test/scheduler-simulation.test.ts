import { describe, expect, test } from 'vitest';
import { findCapacity } from '../bench/simulation/capacity.ts';
import { fairShares } from '../bench/simulation/fairness.ts';
import { figuresOf } from '../bench/simulation/figures.ts';
import { batchMs, MACHINE_LAWS } from '../bench/simulation/machine-law.ts';
import { randomNumbers } from '../bench/simulation/random-numbers.ts';
import { scriptSegment } from '../bench/simulation/segment-script.ts';
import { type Scenario, simulate } from '../bench/simulation/simulation.ts';
import { GPU_LAW } from '../scheduler/cost-model.ts';

/** Two threads of a core each; 120 streams in meetings of 4 are two thirds of what they hold on time. */
const SCENARIO: Scenario = {
  ...{
    streams: 120,
    meetingSize: 4,
    hogs: 0,
    priorityShare: 0,
    threads: 2,
    law: MACHINE_LAWS.cpu,
    noise: 0.1,
  },
  ...{ seconds: 60, warmUpSeconds: 20, seed: 1, maxBatchSize: 8, maxBatchMs: 250, maxLeadMs: 500 },
  promises: { partialMs: 1200, finalMs: 1500 },
};

function run(changes: Partial<Scenario>) {
  const scenario = { ...SCENARIO, ...changes };

  return figuresOf(simulate(scenario), scenario.seconds);
}

describe('Simulated FairScheduler', () => {
  test('has the same outcome every time, and another by another seed', () => {
    const short = { seconds: 10, warmUpSeconds: 2 };
    expect(run(short)).toEqual(run(short));
    expect(run(short)).not.toEqual(run({ ...short, seed: 2 }));
  });

  test('keeps everything on time at light load', () => {
    const { classes, utilisation, jain } = run({ streams: 60 });
    expect(utilisation).toBeLessThan(0.6);
    expect(classes).toEqual({ all: expect.objectContaining({ finalsOnTime: 1, snapshotsOnTime: 1 }) });
    expect(classes.all!.partialLagMs.p95).toBeLessThan(400);
    expect(jain).toBeGreaterThan(0.999);
  });

  test('shares twice what it can do fairly, and gives finals up last', () => {
    const { classes, utilisation, jain } = run({ streams: 184, threads: 1, seconds: 1000 });
    expect(utilisation).toBeGreaterThan(0.99);
    expect(classes.all!.snapshotsDelivered).toBeLessThan(0.5);
    expect(classes.all!.finalsOnTime).toBeGreaterThan(0.99);
    expect(jain).toBeGreaterThanOrEqual(0.98);
  });

  test('gives meetings of four times the weight their way while others wait', () => {
    const { classes, jain } = run({ streams: 240, priorityShare: 0.2, seconds: 120 });
    expect(classes['weight 4']!.snapshotsDelivered).toBeGreaterThan(0.9);
    expect(classes['weight 1']!.snapshotsDelivered).toBeLessThan(0.75);
    expect(jain).toBeGreaterThan(0.95);
  });

  test('holds hogs to their share: the finals of others stay on time, and nine in ten of their partials', () => {
    const before = run({});
    const beside = run({ hogs: 3 });
    expect(before.classes.all!.snapshotsOnTime).toBe(1);
    expect(beside.classes.all!.finalsOnTime).toBe(1);
    expect(beside.classes.all!.snapshotsOnTime).toBeGreaterThan(0.9);
    expect(beside.classes.hogs!.snapshotsOnTime).toBeLessThan(0.3);
  });

  test('finds out which machine gains by batches', () => {
    const onGpu = run({
      streams: 2000,
      law: MACHINE_LAWS.gpu,
      maxBatchSize: 32,
      seconds: 5,
      warmUpSeconds: 5,
    });
    expect(onGpu.meanBatchSize).toBeGreaterThan(2);
    expect(onGpu.classes.all!.snapshotsOnTime).toBe(1);
    const nothingGained = {
      batchMs: 0,
      encoderMsPerS: 5,
      decoderMsPerS: 12,
      encoderJoining: 1,
      decoderJoining: 1,
    };
    expect(run({ streams: 200, law: nothingGained }).singleBatches).toBeGreaterThan(0.8);
  });

  /** A GPU's policy. */
  const GPU = { maxBatchSize: 64, maxLengthRatio: 4, prior: GPU_LAW };

  test("holds four times the streams by a GPU's policy where a decoder loops inside the device", () => {
    const short = { ...SCENARIO, law: MACHINE_LAWS.loop, threads: 1, seconds: 8, warmUpSeconds: 8 };
    const byProcessors = findCapacity(short)!;
    const byGpus = findCapacity({ ...short, ...GPU })!;
    expect(byGpus.streams / byProcessors.streams).toBeGreaterThan(3);
    expect(byGpus.figures.meanBatchSize).toBeGreaterThan(2 * byProcessors.figures.meanBatchSize!);
  });

  test("keeps twice what a processor's policy holds on time by a GPU's, where batches are nearly free", () => {
    const many = { streams: 3600, law: MACHINE_LAWS.gpu, threads: 1, seconds: 3, warmUpSeconds: 5 };
    expect(run(many).classes.all!.snapshotsOnTime).toBeLessThan(0.9);
    expect(run({ ...many, ...GPU }).classes.all!.snapshotsOnTime).toBe(1);
  });

  test('holds more streams with segments of like length together, where padding is not free', () => {
    const law = { ...MACHINE_LAWS.loop, encoderMsPerS: 1 };
    const gpu = { maxBatchSize: 64, prior: GPU_LAW };
    const short = { ...SCENARIO, law, threads: 1, seconds: 8, warmUpSeconds: 8, ...gpu };
    const any = findCapacity(short)!;
    expect(findCapacity({ ...short, maxLengthRatio: 4 })!.streams / any.streams).toBeGreaterThan(1.1);
  });

  test('holds about twice as many streams with twice the threads', () => {
    const short = { ...SCENARIO, seconds: 20, warmUpSeconds: 10 };
    const one = findCapacity({ ...short, threads: 1 })!;
    const two = findCapacity(short)!;
    expect(one.figures.classes.all!.snapshotsOnTime).toBeGreaterThanOrEqual(0.95);
    expect(two.streams / one.streams).toBeGreaterThan(1.6);
    expect(two.streams / one.streams).toBeLessThan(2.6);
    expect(findCapacity({ ...short, promises: { partialMs: 1, finalMs: 1 } })).toBeNull();
  });
});

describe('scriptSegment', () => {
  test('takes snapshots at most twice a second, and ends with a final of what the last candidate had', () => {
    const random = randomNumbers(3);
    const segments = Array.from({ length: 2000 }, () => scriptSegment(random));
    for (const { spokenMs, steps } of segments) {
      const times = steps.map(({ atMs }) => atMs);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(steps.filter(({ kind }) => kind === 'final')).toEqual([steps.at(-1)]);
      expect(steps.filter(({ kind }) => kind === 'partial').length).toBeLessThanOrEqual(spokenMs / 500);
      const [before, final] = steps.slice(-2);
      const isCut = final!.atMs === spokenMs;
      expect(isCut || (before!.kind === 'candidate' && before!.sizeMs === final!.sizeMs)).toBe(true);
      expect(spokenMs).toBeLessThan(15_000);
    }
    const meanMs = segments.reduce((sum, { spokenMs }) => sum + spokenMs, 0) / segments.length;
    expect(meanMs).toBeGreaterThan(6000);
    expect(meanMs).toBeLessThan(7500);
  });
});

describe('batchMs', () => {
  test('adds up the longest in full and a share of the others', () => {
    const works = [
      { size: 10_000, fresh: 1000 },
      { size: 2000, fresh: 2000 },
    ];
    expect(batchMs(MACHINE_LAWS.cpu, works)).toBeCloseTo(5 + 5 * 12 + 12 * (2 + 0.5));
    expect(batchMs(MACHINE_LAWS.gpu, works)).toBeCloseTo(8 + 0.25 * (10 + 0.1 * 2));
  });
});

describe('fairShares', () => {
  test('gives nobody more than was asked, and the rest by weight', () => {
    const shares = [
      { asked: 1, got: 0, weight: 1 },
      { asked: 100, got: 10, weight: 1 },
      { asked: 100, got: 15, weight: 4 },
    ];
    const fair = fairShares(shares);
    expect(fair.map((share) => share.toFixed(6))).toEqual(['1.000000', '4.800000', '19.200000']);
  });
});
