import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Filterbank, frameCount } from '../inference/sensevoice/filterbank.ts';
import { PowerSpectrum } from '../inference/sensevoice/power-spectrum.ts';
import { noise, readClips, silence } from './support/audio.ts';
import { referenceFilterbank, referencePower } from './support/reference-filterbank.ts';

/** In natural-log units. Floats leave some millionths; a bin with next to nothing in it, more. */
const TOLERANCE = 0.002;

describe('PowerSpectrum', () => {
  test('has the power of each line that summing up by definition gives', () => {
    const spectrum = new PowerSpectrum();
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 512, maxLength: 512 }),
        (numbers) => {
          const samples = Float32Array.from(numbers);
          const power = new Float32Array(256);
          spectrum.compute(samples, power);
          const expected = referencePower(Float64Array.from(samples));
          const loudest = Math.max(...expected, 1e-12);
          for (const [k, value] of power.entries())
            expect(Math.abs(value - expected[k]!)).toBeLessThanOrEqual(1e-6 * loudest);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('finds a cosine on its own line only', () => {
    const power = new Float32Array(256);
    new PowerSpectrum().compute(
      Float32Array.from({ length: 512 }, (_, i) => Math.cos((2 * Math.PI * 37 * i) / 512)),
      power,
    );
    expect(power[37]).toBeCloseTo(256 ** 2, 0);
    expect(Math.max(...power.filter((_, k) => k !== 37))).toBeLessThan(1e-6);
  });
});

describe('Filterbank', () => {
  const bank = new Filterbank();

  test('agrees with a slow one in doubles, written from the definition, on recorded speech', async () => {
    for (const { samples } of await readClips()) {
      const speech = samples.subarray(0, 24_000);
      const features = bank.compute(speech, 32_768);
      const expected = referenceFilterbank(speech, 32_768);
      expect(features.length).toBe(expected.length);
      expect(largestDifference(features, expected)).toBeLessThan(TOLERANCE);
    }
  });

  test('agrees with it on noise of any loudness and at any scale', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.constantFrom(1e-4, 0.01, 1),
        fc.constantFrom(1, 32_768),
        (seed, amplitude, scale) => {
          const samples = noise(60, amplitude, seed);
          const features = bank.compute(samples, scale);
          expect(largestDifference(features, referenceFilterbank(samples, scale))).toBeLessThan(TOLERANCE);
        },
      ),
      { numRuns: 20 },
    );
  });

  test('has a frame for each 10 ms in which 25 ms fit, and none of less', () => {
    for (const [samples, frames] of [
      [0, 0],
      [399, 0],
      [400, 1],
      [559, 1],
      [560, 2],
      [16_000, 98],
    ] as const) {
      expect(frameCount(samples)).toBe(frames);
      expect(bank.compute(new Float32Array(samples), 1)).toHaveLength(80 * frames);
    }
  });

  test('gives digital silence the logarithm of the least a float can add to 1', () => {
    const features = bank.compute(silence(100), 32_768);
    expect(new Set(features)).toEqual(new Set([Math.fround(Math.log(2 ** -23))]));
  });

  test('hears nothing of a constant offset', () => {
    const samples = noise(100, 0.1);
    const offset = samples.map((sample) => sample + 0.25);
    expect(largestDifference(bank.compute(offset, 32_768), bank.compute(samples, 32_768))).toBeLessThan(0.02);
  });

  test('leaves no trace of what it computed before', () => {
    const samples = noise(100, 0.1);
    const fresh = new Filterbank().compute(samples, 32_768);
    bank.compute(noise(300, 1, 2), 32_768);
    expect(bank.compute(samples, 32_768)).toEqual(fresh);
  });
});

function largestDifference(a: Float32Array, b: Float32Array | Float64Array): number {
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0);
}
