import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ArrivalTimes } from '../server/stream/arrival-times.ts';

/** Pieces of audio: how long after the one before each came, and its samples. */
const pieces = fc.array(
  fc.record({ afterMs: fc.constantFrom(0, 1, 3, 9, 10, 11, 200), samples: fc.integer({ min: 1, max: 3 }) }),
  { minLength: 1, maxLength: 60 },
);

/** Notes all pieces. @returns when each sample came. */
function listen(times: ArrivalTimes, script: readonly { afterMs: number; samples: number }[]): number[] {
  const arrivedAtMs: number[] = [];
  let nowMs = 0;
  for (const { afterMs, samples } of script) {
    nowMs += afterMs;
    for (let i = 0; i < samples; i++) arrivedAtMs.push(nowMs);
    times.note(arrivedAtMs.length, nowMs);
  }

  return arrivedAtMs;
}

describe('ArrivalTimes', () => {
  test('know when each sample came, to within 10 ms, whatever has been forgotten before it', () =>
    fc.assert(
      fc.property(pieces, fc.nat(), (script, forgotten) => {
        const times = new ArrivalTimes();
        const arrivedAtMs = listen(times, script);
        const from = forgotten % (arrivedAtMs.length + 1);
        times.forgetBefore(from);
        for (let endSample = from + 1; endSample <= arrivedAtMs.length; endSample++) {
          const lateMs = arrivedAtMs[endSample - 1]! - times.of(endSample)!;
          expect(lateMs).toBeGreaterThanOrEqual(0);
          expect(lateMs).toBeLessThan(10);
        }
        expect(times.of(arrivedAtMs.length + 1)).toBeNull();
      }),
    ));

  test('know a sample that came alone exactly', () => {
    const times = new ArrivalTimes();
    times.note(100, 5);
    times.note(200, 15);
    expect([1, 100, 101, 200, 201].map((sample) => times.of(sample))).toEqual([5, 5, 15, 15, null]);
  });

  test('know ten minutes of messages of 20 ms to within 80 ms', () => {
    const times = new ArrivalTimes();
    for (let i = 1; i <= 30_000; i++) times.note(i * 320, i * 20);
    for (let i = 1; i <= 30_000; i++) {
      const lateMs = i * 20 - times.of(i * 320)!;
      expect(lateMs).toBeGreaterThanOrEqual(0);
      expect(lateMs).toBeLessThan(80);
    }
  });

  test('become exact again when what they were too many for is forgotten', () => {
    const times = new ArrivalTimes();
    for (let i = 1; i <= 10_000; i++) times.note(i, i * 20);
    times.forgetBefore(10_000);
    for (let i = 10_001; i <= 10_010; i++) times.note(i, i * 20);
    for (let i = 10_001; i <= 10_010; i++) expect(times.of(i)).toBe(i * 20);
  });

  test('take no time that grows with what dripped in for ever', () => {
    const times = new ArrivalTimes();
    for (let i = 1; i <= 200_000; i++) times.note(i, i * 1000);
    const answers = new Set<number>();
    for (let i = 1; i <= 200_000; i += 7) answers.add(times.of(i)!);
    expect(answers.size).toBeLessThanOrEqual(8192);
    expect(times.of(200_001)).toBeNull();
  });

  test('know nothing before anything came, and of what is forgotten only when what is left came', () => {
    const times = new ArrivalTimes();
    expect(times.of(0)).toBeNull();
    times.note(100, 0);
    times.note(200, 50);
    times.forgetBefore(101);
    expect(times.of(50)).toBe(50);
    times.forgetBefore(201);
    expect(times.of(50)).toBeNull();
  });
});
