import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LoadSampler } from '../server/overload/load-sampler.ts';
import { ManualClock } from './support/manual-clock.ts';

let clock: ManualClock;
let source: {
  backlogMs: { final: number; total: number };
  busyMs: { final: number; candidate: number; partial: number; background: number };
  threads: number;
};
let sampler: LoadSampler;

beforeEach(() => {
  clock = new ManualClock();
  source = {
    backlogMs: { final: 0, total: 0 },
    busyMs: { final: 0, candidate: 0, partial: 0, background: 0 },
    threads: 2,
  };
  sampler = new LoadSampler(source, clock);
});

afterEach(() => sampler.close());

/** The share of each kind over the next half second, in which threads were so much busier. */
function busyShare(more: Partial<typeof source.busyMs>) {
  for (const [priority, ms] of Object.entries(more)) source.busyMs[priority as keyof typeof more] += ms;
  clock.advance(500);

  return sampler.sample().busyShare;
}

describe('LoadSampler', () => {
  test('says what is queued now and how many threads there are', () => {
    source.backlogMs = { final: 300, total: 900 };
    expect(sampler.sample()).toMatchObject({ backlogMs: { final: 300, total: 900 }, threads: 2 });
  });

  test('shares what threads were busy with since the last sample over their time', () => {
    expect(busyShare({ final: 500 })).toEqual({ final: 0.5, partial: 0 });
    expect(busyShare({ partial: 250 })).toEqual({ final: 0, partial: 0.25 });
    expect(busyShare({})).toEqual({ final: 0, partial: 0 });
  });

  test('counts what is likely to become final as final, and leaves out the background', () => {
    expect(busyShare({ final: 100, candidate: 400, background: 500 })).toEqual({ final: 0.5, partial: 0 });
  });

  test('gives finite shares when no time has passed', () => {
    source.busyMs.final = 10;
    expect(Number.isFinite(sampler.sample().busyShare.final)).toBe(true);
  });

  test('looks back on the finals of the last five seconds, at their 95th percentile', () => {
    expect(sampler.sample().finalLagMs).toBeNull();
    for (let lagMs = 100; lagMs >= 1; lagMs--) sampler.finalSent(lagMs);
    expect(sampler.sample().finalLagMs).toBe(95);
    clock.advance(3000);
    for (const lagMs of [8000, 7000]) sampler.finalSent(lagMs);
    clock.advance(2000);
    expect(sampler.sample().finalLagMs).toBe(97);
    clock.advance(1);
    expect(sampler.sample().finalLagMs).toBe(7000);
    clock.advance(5000);
    expect(sampler.sample().finalLagMs).toBeNull();
  });

  test('takes one slow final for no trend', () => {
    sampler.finalSent(9000);
    expect(sampler.sample().finalLagMs).toBeNull();
    for (let i = 0; i < 8; i++) sampler.finalSent(10);
    expect(sampler.sample().finalLagMs).toBe(10);
  });

  test('looks back on a thousand finals at most', () => {
    for (let i = 0; i < 1000; i++) sampler.finalSent(9000);
    for (let i = 0; i < 1000; i++) sampler.finalSent(10);
    expect(sampler.sample().finalLagMs).toBe(10);
  });

  test('says how late the event loop was since the last sample, in milliseconds', () => {
    const { eventLoopDelayMs } = sampler.sample();
    expect(eventLoopDelayMs).toBeGreaterThanOrEqual(0);
    expect(eventLoopDelayMs).toBeLessThan(60_000);
    sampler.close();
    sampler.close();
  });
});
