import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toFloat16 } from '../inference/onnx/float16.ts';

/** What the bits of a half say, by the definition of IEEE 754. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;

  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const half = (number: number) => toFloat16(Float32Array.of(number))[0]!;

describe('Half precision', () => {
  test('holds each of its own numbers as it is', () => {
    const all = Array.from({ length: 0x10000 }, (_, bits) => bits).filter(
      (bits) => !Number.isNaN(fromHalf(bits)),
    );
    expect(Array.from(toFloat16(Float32Array.from(all, fromHalf)))).toEqual(all);
  });

  test('is never further from a number than the halves on both sides of it', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, min: -65504, max: 65504 }), (number) => {
        const bits = half(number);
        const error = Math.abs(fromHalf(bits) - number);
        for (const neighbour of [bits - 1, bits + 1]) {
          const other = fromHalf(neighbour & 0xffff);
          if (Number.isFinite(other)) expect(error).toBeLessThanOrEqual(Math.abs(other - number));
        }
      }),
    );
  });

  test('takes the even one of two halves that are as near', () => {
    // Between 1 and the next half, and between that and the one after it.
    expect(half(1 + 2 ** -11)).toBe(0x3c00);
    expect(half(1 + 3 * 2 ** -11)).toBe(0x3c02);
    expect(half(2 ** -25)).toBe(0);
    expect(half(3 * 2 ** -25)).toBe(2);
  });

  test('has infinity for what is too large, and no number for none', () => {
    expect(half(65520)).toBe(0x7c00);
    expect(half(-1e9)).toBe(0xfc00);
    expect(half(Number.NEGATIVE_INFINITY)).toBe(0xfc00);
    expect(fromHalf(half(Number.NaN))).toBeNaN();
  });
});
