import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Countable, Quota, type QuotaLimits } from '../server/admission/quota.ts';
import { BURST_SECONDS, TokenBucket } from '../server/admission/token-bucket.ts';

const LIMITS: QuotaLimits = { streams: 2, viewers: 3, bufferedSamples: 1000, bytesPerSecond: 100 };

describe('TokenBucket', () => {
  it('gives its burst at once, then nothing, then its rate', () => {
    const bucket = new TokenBucket(100, 0);
    expect(bucket.take(100 * BURST_SECONDS, 0)).toBe(true);
    expect(bucket.take(1, 0)).toBe(false);
    expect(bucket.take(50, 499)).toBe(false);
    expect(bucket.take(50, 500)).toBe(true);
    expect(bucket.take(1, 500)).toBe(false);
  });

  it('takes nothing when there is too little', () => {
    const bucket = new TokenBucket(100, 0);
    expect(bucket.take(501, 0)).toBe(false);
    expect(bucket.take(500, 0)).toBe(true);
  });

  it('fills up to its burst, however long nothing is taken', () => {
    const bucket = new TokenBucket(100, 0);
    expect(bucket.take(1, 0)).toBe(true);
    expect(bucket.isFull(9)).toBe(false);
    expect(bucket.isFull(10)).toBe(true);
    expect(bucket.available(1e9)).toBe(500);
  });

  it('gives in any stretch of time no more than its burst and its rate, and never less than nothing', () => {
    const steps = fc.array(fc.record({ afterMs: fc.nat(2000), tokens: fc.nat(600) }), { maxLength: 60 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), steps, (rate, takes) => {
        const bucket = new TokenBucket(rate, 0);
        const taken: { readonly atMs: number; readonly tokens: number }[] = [];
        let nowMs = 0;
        for (const { afterMs, tokens } of takes) {
          nowMs += afterMs;
          if (bucket.take(tokens, nowMs)) taken.push({ atMs: nowMs, tokens });
          expect(bucket.available(nowMs)).toBeGreaterThanOrEqual(0);
        }
        for (const [i, first] of taken.entries()) {
          let sum = 0;
          for (const { atMs, tokens } of taken.slice(i)) {
            sum += tokens;
            const most = rate * BURST_SECONDS + (rate * (atMs - first.atMs)) / 1000;
            expect(sum).toBeLessThanOrEqual(most + 1e-6);
          }
        }
      }),
    );
  });

  it('is not confused by a clock that goes back', () => {
    const bucket = new TokenBucket(100, 1000);
    bucket.take(500, 1000);
    expect(bucket.available(0)).toBe(0);
    expect(bucket.available(2000)).toBe(100);
  });
});

describe('Quota', () => {
  it('takes what fits, and nothing of what does not', () => {
    const quota = new Quota(LIMITS, 0);
    expect(quota.take('bufferedSamples', 999, 0)).toBe(true);
    expect(quota.take('bufferedSamples', 2, 0)).toBe(false);
    expect(quota.take('bufferedSamples', 1, 0)).toBe(true);
    expect(quota.used('bufferedSamples')).toBe(1000);
  });

  it('has room again for what is given back', () => {
    const quota = new Quota(LIMITS, 0);
    for (let i = 0; i < 2; i++) quota.take('streams', 1, 0);
    expect(quota.take('streams', 1, 0)).toBe(false);
    quota.give('streams', 1);
    expect(quota.take('streams', 1, 0)).toBe(true);
  });

  it('keeps what is beyond a limit that was lowered, and takes nothing more', () => {
    const quota = new Quota(LIMITS, 0);
    for (let i = 0; i < 3; i++) quota.take('viewers', 1, 0);
    quota.setLimits({ ...LIMITS, viewers: 1, bytesPerSecond: 10 }, 0);
    expect(quota.used('viewers')).toBe(3);
    quota.give('viewers', 2);
    expect(quota.hasRoom('viewers', 1, 0)).toBe(false);
    expect(quota.hasRoom('bytesPerSecond', 51, 0)).toBe(false);
    expect(quota.hasRoom('bytesPerSecond', 50, 0)).toBe(true);
  });

  it('is as new when nobody uses it and its bytes have come again', () => {
    const quota = new Quota(LIMITS, 0);
    quota.take('streams', 1, 0);
    quota.take('bytesPerSecond', 100, 0);
    expect(quota.isAsNew(5000)).toBe(false);
    quota.give('streams', 1);
    expect(quota.isAsNew(999)).toBe(false);
    expect(quota.isAsNew(1000)).toBe(true);
  });

  it('is never above its limits and never below nothing, and is empty when all is given back', () => {
    const countable = fc.constantFrom<Countable>('streams', 'viewers', 'bufferedSamples');
    const step = fc.record({ resource: countable, amount: fc.nat(700), give: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const quota = new Quota(LIMITS, 0);
        const held: Record<Countable, number> = { streams: 0, viewers: 0, bufferedSamples: 0 };
        for (const { resource, amount, give } of steps) {
          if (give) {
            quota.give(resource, amount);
            held[resource] = Math.max(0, held[resource] - amount);
          } else {
            const fits = held[resource] + amount <= LIMITS[resource];
            expect(quota.take(resource, amount, 0)).toBe(fits);
            if (fits) held[resource] += amount;
          }
          expect(quota.used(resource)).toBe(held[resource]);
          expect(held[resource]).toBeLessThanOrEqual(LIMITS[resource]);
        }
        for (const resource of ['streams', 'viewers', 'bufferedSamples'] as const)
          quota.give(resource, held[resource]);
        expect(quota.isAsNew(0)).toBe(true);
      }),
    );
  });
});
