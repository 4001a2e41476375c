import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expect as expected } from '../server/jobs/expectation.ts';
import { type Job, submitted } from '../server/jobs/job.ts';
import type { Standing } from '../server/jobs/job-queue.ts';
import { newJob } from './support/jobs.ts';

const queued = submitted(newJob({ lengthMs: 60_000 }), 0);

function standing(fields: Partial<Standing> = {}): Standing {
  const none = { high: 0, standard: 0, low: 0 };

  return { queued: none, running: 2, backlogMs: 600_000, longestWaitMs: 0, slots: 2, speed: 10, ...fields };
}

describe('What is expected of a job', () => {
  test('is nothing while nothing is known', () => {
    const nothing = { expectedStartMs: null, expectedEndMs: null };
    const place = { ahead: 3, aheadMs: 180_000 };
    expect(expected(queued, place, standing({ speed: null }))).toEqual(nothing);
    expect(expected(queued, place, standing({ slots: 0 }))).toEqual(nothing);
    expect(expected({ ...queued, state: 'completed' }, null, standing())).toEqual(nothing);
  });

  test('is that it begins at once where there is a slot', () => {
    expect(expected(queued, { ahead: 1, aheadMs: 60_000 }, standing())).toEqual({
      ...{ expectedStartMs: 0, expectedEndMs: 12_000 },
    });
  });

  test('is that it ends when what comes before and itself have been captioned', () => {
    const { expectedStartMs, expectedEndMs } = expected(queued, { ahead: 9, aheadMs: 540_000 }, standing());
    expect(expectedEndMs).toBe(60_000);
    // All but one have to end before it begins.
    expect(expectedStartMs).toBe(48_000);
  });

  test('is, of one that runs, that it shares the speed with the others', () => {
    const running: Job = { ...queued, state: 'running', progressMs: 30_000 };
    expect(expected(running, null, standing())).toEqual({ expectedStartMs: null, expectedEndMs: 6000 });
    expect(expected(running, null, standing({ backlogMs: 40_000 })).expectedEndMs).toBe(4000);
  });

  test('never ends before it begins, and is no later for less that comes before', () => {
    const ms = fc.integer({ min: 0, max: 1e8 });
    const ahead = fc.integer({ min: 0, max: 1000 });
    fc.assert(
      fc.property(ms, ms, ahead, fc.integer({ min: 1, max: 64 }), (aheadMs, lessMs, count, slots) => {
        const now = standing({ slots });
        const later = expected(queued, { ahead: count, aheadMs }, now);
        const sooner = expected(queued, { ahead: count, aheadMs: Math.min(aheadMs, lessMs) }, now);
        expect(later.expectedEndMs!).toBeGreaterThanOrEqual(later.expectedStartMs!);
        expect(sooner.expectedEndMs!).toBeLessThanOrEqual(later.expectedEndMs!);
        expect(sooner.expectedStartMs!).toBeLessThanOrEqual(later.expectedStartMs!);
      }),
    );
  });
});
