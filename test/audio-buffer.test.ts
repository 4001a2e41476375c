import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AudioBuffer } from '../server/audio/audio-buffer.ts';

function ramp(from: number, samples: number): Float32Array {
  return Float32Array.from({ length: samples }, (_, i) => from + i);
}

/** Appends and discards as shares: of what is free, and of what is held. */
const operations = fc.array(
  fc.oneof(
    fc.record({ append: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({ discard: fc.double({ min: 0, max: 1, noNaN: true }) }),
  ),
  { maxLength: 60 },
);

describe('AudioBuffer', () => {
  test('holds what a plain array would, whatever is appended and discarded', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40_000 }), operations, (capacity, steps) => {
        const buffer = new AudioBuffer(capacity);
        let start = 0;
        let end = 0;
        for (const step of steps) {
          if ('append' in step) {
            const samples = ramp(end, Math.floor(step.append * (capacity - (end - start))));
            buffer.append(samples);
            end += samples.length;
          } else {
            start += Math.floor(step.discard * (end - start));
            buffer.discardBefore(start);
          }
          expect([buffer.startSample, buffer.endSample, buffer.free]).toEqual([
            start,
            end,
            capacity - (end - start),
          ]);
          expect(buffer.slice(start, end)).toEqual(ramp(start, end - start));
          const middle = start + Math.floor((end - start) / 3);
          expect(buffer.slice(middle, end)).toEqual(ramp(middle, end - middle));
          expect(buffer.allocatedBytes).toBeLessThanOrEqual(4 * capacity);
        }
      }),
    );
  });

  test('refuses samples beyond its capacity and stays as it was', () => {
    const buffer = new AudioBuffer(5000);
    buffer.append(ramp(0, 4000));
    expect(() => buffer.append(ramp(4000, 1001))).toThrow(RangeError);
    expect(buffer.endSample).toBe(4000);
    buffer.append(ramp(4000, 1000));
    expect(buffer.free).toBe(0);
    expect(buffer.slice(0, 5000)).toEqual(ramp(0, 5000));
  });

  test('copies in and out: neither side sees the other change', () => {
    const buffer = new AudioBuffer(100);
    const samples = ramp(0, 10);
    buffer.append(samples);
    samples.fill(9);
    const slice = buffer.slice(2, 5);
    expect([...slice]).toEqual([2, 3, 4]);
    slice.fill(9);
    expect([...buffer.slice(2, 5)]).toEqual([2, 3, 4]);
  });

  test('copies into memory of the caller, shared or not, across the seam of its ring', () => {
    const buffer = new AudioBuffer(4096);
    buffer.append(ramp(0, 4000));
    buffer.discardBefore(3000);
    buffer.append(ramp(4000, 1000));
    const whole = new Float32Array(new SharedArrayBuffer(4 * 2002)).fill(-1);
    buffer.copyTo(whole.subarray(1, 2001), 3000);
    expect([...whole]).toEqual([-1, ...ramp(3000, 2000), -1]);
    for (const start of [2999, 3001, 3000.5]) {
      expect(() => buffer.copyTo(whole.subarray(0, 2000), start)).toThrow(RangeError);
    }
    expect(whole[0]).toBe(-1);
  });

  test('gives slices a buffer of exactly their size', () => {
    const buffer = new AudioBuffer(4096);
    buffer.append(ramp(0, 3000));
    expect(buffer.slice(100, 612).buffer.byteLength).toBe(512 * 4);
  });

  test('refuses slices of samples that are discarded, still to come, or back to front', () => {
    const buffer = new AudioBuffer(100);
    buffer.append(ramp(0, 50));
    buffer.discardBefore(20);
    for (const [start, end] of [
      [19, 30],
      [30, 51],
      [40, 30],
      [20.5, 30],
      [20, Number.NaN],
    ] as const) {
      expect(() => buffer.slice(start, end)).toThrow(RangeError);
    }
    expect(buffer.slice(50, 50)).toHaveLength(0);
  });

  test('takes a discard of what is gone already, and refuses one of what is still to come', () => {
    const buffer = new AudioBuffer(100);
    buffer.append(ramp(0, 50));
    buffer.discardBefore(20);
    buffer.discardBefore(10);
    expect(buffer.startSample).toBe(20);
    expect(() => buffer.discardBefore(51)).toThrow(RangeError);
    expect(() => buffer.discardBefore(20.5)).toThrow(RangeError);
    expect(buffer.startSample).toBe(20);
  });

  test('is small while idle, grows with what it holds and gives the memory back', () => {
    const buffer = new AudioBuffer(960_000);
    const idleBytes = buffer.allocatedBytes;
    expect(idleBytes).toBeLessThanOrEqual(8192);
    buffer.append(ramp(0, 480_000));
    expect(buffer.allocatedBytes).toBeGreaterThanOrEqual(480_000 * 4);
    buffer.discardBefore(479_900);
    expect(buffer.allocatedBytes).toBe(idleBytes);
    expect(buffer.slice(479_900, 480_000)).toEqual(ramp(479_900, 100));
  });

  test.each([0, -1, 1.5, Number.NaN])('refuses a capacity of %d samples', (capacity) => {
    expect(() => new AudioBuffer(capacity)).toThrow(RangeError);
  });
});
