import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Resampler } from '../client-sdk/audio/resampler.ts';

/** Every rate in common use but 16 kHz itself, and some that are not; the last three are interpolated. */
const RATES = [8000, 11_025, 12_000, 22_050, 24_000, 32_000, 37_800, 44_100, 48_000, 8001, 44_101, 47_999];

function sine(frequency: number, rate: number, samples: number): Float32Array {
  return Float32Array.from({ length: samples }, (_, i) => Math.sin((2 * Math.PI * frequency * i) / rate));
}

function bytesOf(samples: Float32Array): Uint8Array {
  return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
}

function join(body: Float32Array, tail: Float32Array): Float32Array {
  const joined = new Float32Array(body.length + tail.length);
  joined.set(body);
  joined.set(tail, body.length);
  return joined;
}

function resample(rate: number, input: Float32Array): Float32Array {
  const resampler = new Resampler(rate);
  return join(resampler.process(input), resampler.flush());
}

/** The root mean square of all but the edges, where the silence before and after is heard. */
function decibels(signal: Float32Array): number {
  const middle = signal.subarray(200, -200);
  const power = middle.reduce((sum, sample) => sum + sample * sample, 0) / middle.length;
  return 10 * Math.log10(power / 0.5);
}

function minus(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((sample, i) => sample - b[i]!);
}

/** Amplitude of one frequency in a signal at 16 kHz, by correlation over whole periods. */
function amplitudeAt(frequency: number, signal: Float32Array): number {
  const middle = signal.subarray(800, 800 + 1600);
  let re = 0;
  let im = 0;
  middle.forEach((sample, i) => {
    re += sample * Math.cos((2 * Math.PI * frequency * i) / 16_000);
    im += sample * Math.sin((2 * Math.PI * frequency * i) / 16_000);
  });
  return (2 * Math.hypot(re, im)) / middle.length;
}

describe('Resampler', () => {
  test.each(RATES)('turns sines at %d Hz into the same sines at 16 kHz, in place and in size', (rate) => {
    const samples = Math.floor(rate / 5);
    const edge = 0.875 * Math.min(rate / 2, 8000);
    for (const frequency of [50, 440, edge / 3, edge / 2, 0.8 * edge, edge]) {
      const output = resample(rate, sine(frequency, rate, samples));
      const error = minus(output, sine(frequency, 16_000, output.length));
      // An amplitude off by 0.1 dB alone would be an error of -39 dB; a delay of one sample at 440 Hz, -15 dB.
      expect(decibels(error), `${frequency} Hz`).toBeLessThan(-75);
    }
  });

  test.each([
    [48_000, 8050],
    [44_100, 8050],
    [48_000, 12_000],
    [48_000, 23_000],
    [44_100, 9000],
    [44_101, 9000],
    [47_999, 20_000],
    [32_000, 12_000],
    [24_000, 11_000],
    [22_050, 10_000],
  ])('attenuates, of a signal at %d Hz, a sine at %d Hz by 75 dB', (rate, frequency) => {
    expect(decibels(resample(rate, sine(frequency, rate, rate / 4)))).toBeLessThan(-75);
  });

  test('leaves no image of a telephone signal above its band', () => {
    const output = resample(8000, sine(3000, 8000, 2000));
    expect(amplitudeAt(3000, output)).toBeCloseTo(1, 3);
    expect(amplitudeAt(5000, output)).toBeLessThan(10 ** (-80 / 20));
  });

  test.each(RATES)('passes a constant at %d Hz unchanged', (rate) => {
    const output = resample(rate, new Float32Array(2000).fill(0.5));
    for (const sample of output.subarray(200, -200)) expect(sample).toBeCloseTo(0.5, 5);
  });

  test('puts a click where it was', () => {
    const click = new Float32Array(4800);
    click[1200] = 1;
    const output = resample(48_000, click);
    expect(output.indexOf(Math.max(...output))).toBe(400);
    for (let i = 1; i < 60; i++) expect(output[400 - i]).toBeCloseTo(output[400 + i]!, 7);
  });

  test('leaves no trace of chunk boundaries', () => {
    const noise = Float32Array.from({ length: 20_000 }, (_, i) => Math.sin(i * i * 0.37));
    fc.assert(
      fc.property(
        fc.constantFrom(...RATES, 16_000),
        fc.integer({ min: 0, max: noise.length }),
        fc.array(fc.integer({ min: 0, max: 9000 }), { maxLength: 30 }),
        (rate, length, cuts) => {
          const input = noise.subarray(0, length);
          const resampler = new Resampler(rate);
          const pieces: Float32Array[] = [];
          let at = 0;
          for (const cut of [...cuts, length]) {
            pieces.push(resampler.process(input.subarray(at, at + cut)));
            at = Math.min(length, at + cut);
          }
          pieces.push(resampler.flush());
          expect(Buffer.concat(pieces.map(bytesOf)).equals(bytesOf(resample(rate, input)))).toBe(true);
        },
      ),
    );
  });

  test('returns one sample for each output time before the end of the input, at any rate', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 8000, max: 48_000 }),
        fc.integer({ min: 0, max: 6000 }),
        (rate, samples) => {
          expect(resample(rate, new Float32Array(samples))).toHaveLength(
            Math.ceil((samples * 16_000) / rate),
          );
        },
      ),
    );
  });

  test('keeps at most a few milliseconds back until the flush', () => {
    for (const rate of RATES) {
      const output = new Resampler(rate).process(new Float32Array(rate));
      expect(16_000 - output.length).toBeLessThanOrEqual(6 * 16);
    }
  });

  test('begins a new stream after a flush', () => {
    const resampler = new Resampler(44_100);
    const input = sine(440, 44_100, 3000);
    const run = () => [...resampler.process(input), ...resampler.flush()];
    const first = run();
    expect(run()).toEqual(first);
  });

  test('keeps streams apart that share a rate', () => {
    const input = sine(440, 48_000, 3000);
    const disturbed = new Resampler(48_000);
    const other = new Resampler(48_000);
    const output: number[] = [];
    for (let at = 0; at < 3000; at += 500) {
      output.push(...disturbed.process(input.subarray(at, at + 500)));
      other.process(new Float32Array(700).fill(1));
    }
    expect(Float32Array.of(...output, ...disturbed.flush())).toEqual(resample(48_000, input));
  });

  test('hands a stream at 16 kHz on as it is', () => {
    const resampler = new Resampler(16_000);
    const input = sine(440, 16_000, 100);
    expect(resampler.process(input)).toBe(input);
    expect(resampler.flush()).toHaveLength(0);
  });

  test('reads its input during the call only', () => {
    const input = sine(440, 48_000, 3000);
    const expected = resample(48_000, input);
    const resampler = new Resampler(48_000);
    const first = resampler.process(input);
    input.fill(1);
    expect(join(first, resampler.flush())).toEqual(expected);
  });

  test('writes into the memory it is lent', () => {
    const input = sine(440, 48_000, 3000);
    const lent: Float32Array[] = [];
    const lend = (samples: number) => {
      lent.push(new Float32Array(samples).fill(1));

      return lent.at(-1)!;
    };
    const output = new Resampler(48_000).process(input, lend);
    expect(lent).toEqual([new Resampler(48_000).process(input)]);
    expect(output).toBe(lent[0]);
  });

  test('works the same for more rates than it remembers filters of', () => {
    const before = resample(44_100, sine(440, 44_100, 2000));
    for (let rate = 20_000; rate < 20_040; rate += 2) new Resampler(rate);
    expect(resample(44_100, sine(440, 44_100, 2000))).toEqual(before);
  });

  test.each([7999, 48_001, 44_100.5, 0, Number.NaN])('refuses a rate of %d Hz', (rate) => {
    expect(() => new Resampler(rate)).toThrow(RangeError);
  });
});
