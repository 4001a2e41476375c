import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OutOfBitsError } from '../server/recording/bit-reader.ts';
import { openFlac } from '../server/recording/flac.ts';
import { decodeFlacFrame, FlacFrameError } from '../server/recording/flac-frame.ts';
import { writeFlac } from './fixtures/audio/write-flac.ts';
import { encodeFlacFrame, type FlacCoding } from './support/flac-encoder.ts';
import { memoryFile, readWhole } from './support/memory-file.ts';

/** Frames of samples that wander, coded in any way there is. */
const FRAMES = fc
  .record({
    bits: fc.constantFrom(8, 12, 16, 20, 24, 32),
    channels: fc.constantFrom<FlacCoding['channels']>('independent', 'left-side', 'side-right', 'mid-side'),
    predictor: fc.oneof(
      fc.constantFrom<FlacCoding['predictor']>({ kind: 'constant' }, { kind: 'verbatim' }),
      fc.record({ kind: fc.constant('fixed' as const), order: fc.integer({ min: 0, max: 4 }) }),
      fc.record({
        kind: fc.constant('linear' as const),
        coefficients: fc.array(fc.integer({ min: -128, max: 127 }), { minLength: 1, maxLength: 32 }),
        shift: fc.integer({ min: 0, max: 15 }),
      }),
    ),
    wastedBits: fc.integer({ min: 0, max: 4 }),
    partitionOrder: fc.integer({ min: 0, max: 3 }),
    plainResiduals: fc.boolean(),
    parameterBits: fc.constantFrom<4 | 5>(4, 5),
    count: fc.integer({ min: 1, max: 8 }),
    blocks: fc.integer({ min: 1, max: 12 }),
    seed: fc.nat(2 ** 31 - 1),
    isLoud: fc.boolean(),
  })
  .map(({ count, blocks, seed, isLoud, ...coding }) => {
    const { predictor, bits, wastedBits, partitionOrder } = coding;
    const order = predictor.kind === 'linear' ? predictor.coefficients.length : 4;
    const length = blocks * (1 << partitionOrder) * Math.max(1, Math.ceil(order / blocks));
    const full = 2 ** (bits - 1);
    // What no predictor foretells has residuals of its own size: with coefficients that large, of more bits than there are.
    const amplitude = predictor.kind === 'linear' ? Math.min(full, 2 ** 15) : isLoud ? full : full / 2 ** 6;
    let state = seed;
    const next = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;

      return predictor.kind === 'constant' ? 0.75 : state / 2 ** 32;
    };
    const sample = () => {
      const value = Math.floor(
        (2 * next() - 1) * amplitude * (predictor.kind === 'fixed' && bits === 32 ? 2 ** -6 : 1),
      );

      return Math.floor(value / 2 ** wastedBits) * 2 ** wastedBits;
    };
    const channels = coding.channels === 'independent' ? count : 2;
    const samples = Array.from({ length: channels }, () => Array.from({ length }, sample));
    // Half of a sum may have a low bit that its terms have not.
    const kept = coding.channels === 'mid-side' ? { ...coding, wastedBits: 0 } : coding;

    return { coding: kept satisfies FlacCoding, samples };
  });

function meanOf(samples: readonly (readonly number[])[], bits: number): number[] {
  return samples[0]!.map((_, i) =>
    Math.fround(samples.reduce((sum, channel) => sum + channel[i]!, 0) / samples.length / 2 ** (bits - 1)),
  );
}

describe('decodeFlacFrame', () => {
  it('gives back what was coded, in whatever way', () => {
    fc.assert(
      fc.property(FRAMES, ({ coding, samples }) => {
        const frame = encodeFlacFrame(coding, samples);
        const decoded = decodeFlacFrame(Uint8Array.from([...frame, 1, 2, 3]), coding.bits);
        expect(decoded.byteLength).toBe(frame.length);
        const mean = meanOf(samples, coding.bits);
        expect(decoded.samples).toHaveLength(mean.length);
        for (const [i, sample] of decoded.samples.entries())
          expect(Math.abs(sample - mean[i]!)).toBeLessThanOrEqual(2 ** -24 * Math.abs(mean[i]!));
      }),
      { numRuns: 300 },
    );
  });

  it('notices any byte that is wrong, and any that is missing', () => {
    fc.assert(
      fc.property(FRAMES, fc.nat(), fc.integer({ min: 1, max: 255 }), ({ coding, samples }, at, change) => {
        const frame = encodeFlacFrame(coding, samples);
        const wrong = frame.slice();
        wrong[at % frame.length]! ^= change;
        const attempt = () => decodeFlacFrame(wrong, coding.bits);
        expect(attempt).toThrow();
        try {
          attempt();
        } catch (error) {
          expect(error instanceof FlacFrameError || error instanceof OutOfBitsError).toBe(true);
        }
        expect(() => decodeFlacFrame(frame.subarray(0, at % frame.length), coding.bits)).toThrow(
          OutOfBitsError,
        );
      }),
      { numRuns: 200 },
    );
  });
});

describe('openFlac', () => {
  const OPTIONS = { label: 'clip.flac', maxMs: 3_600_000 };
  const noise = Int16Array.from({ length: 60_000 }, (_, i) => ((i * 7919) % 65_536) - 32_768);

  it('reads a file alike, however much of it one read gives', async () => {
    const bytes = writeFlac({ sampleRate: 16_000 }, [noise]);
    const expected = { sampleRate: 16_000, channels: 1, samples: [...noise].map((each) => each / 32_768) };
    for (const mostAtOnce of [997, 8192, 1 << 20])
      expect(await readWhole(await openFlac(memoryFile(bytes, mostAtOnce), OPTIONS))).toEqual(expected);
  });

  it('skips pictures and tags, before the audio and after it', async () => {
    const bytes = writeFlac({ sampleRate: 16_000 }, [noise]);
    const head = Buffer.from(bytes.subarray(0, 42));
    head[4] = 0;
    const picture = Buffer.concat([Buffer.from([0x86, 0, 0x9c, 0x40]), Buffer.alloc(40_000, 0xff)]);
    const tagged = Buffer.concat([head, picture, bytes.subarray(42), Buffer.from('TAG and so on')]);
    const whole = await readWhole(await openFlac(memoryFile(tagged), OPTIONS));
    expect(whole).toMatchObject({ samples: { length: 60_000 } });
  });

  it.each([
    ['at the end of a frame', 16_384],
    ['within a frame', 20_000],
    ['within the first frame', 1],
  ])('refuses to take a part for the whole: the end is claimed %s', async (_, claimedSamples) => {
    const bytes = writeFlac({ sampleRate: 16_000, claimedSamples }, [noise]);
    await expect(openFlac(memoryFile(bytes), OPTIONS).then((stream) => readWhole(stream))).rejects.toThrow(
      /is a damaged FLAC file: it goes on after the \d\.\d seconds/,
    );
  });

  it('refuses what grows too long, whatever its beginning says', async () => {
    // 13 bytes of file for a second of silence.
    const coding: FlacCoding = {
      ...{ bits: 16, channels: 'independent', predictor: { kind: 'constant' }, wastedBits: 0 },
      ...{ partitionOrder: 0, plainResiduals: false, parameterBits: 4 },
    };
    const frame = encodeFlacFrame(coding, [new Array<number>(16_000).fill(0)]);
    const head = writeFlac({ sampleRate: 16_000, claimedSamples: 0 }, [new Int16Array(0)]).subarray(0, 42);
    const bomb = Buffer.concat([head, ...new Array<Uint8Array>(5000).fill(frame)]);
    let samples = 0;
    const stream = await openFlac(memoryFile(bomb), OPTIONS);
    const reading = (async () => {
      if ('pieces' in stream) for await (const piece of stream.pieces) samples += piece.length;
    })();
    await expect(reading).rejects.toThrow(
      'clip.flac is longer than 1 hour. Split it into shorter recordings.',
    );
    expect(samples).toBe(3600 * 16_000);
  });
});
