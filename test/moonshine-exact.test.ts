import { Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { crossMask, feedTokens } from '../inference/moonshine/decoder-feeds.ts';
import { HEAD_SIZE } from '../inference/moonshine/dimensions.ts';
import { START_TOKEN } from '../inference/moonshine/special-tokens.ts';
import { SpeechCache } from '../inference/moonshine/speech-cache.ts';
import { TokenCache } from '../inference/moonshine/token-cache.ts';
import { DecoderRig } from './support/decoder-rig.ts';
import { clip, rebuiltMoonshine } from './support/models.ts';

/** A segment being read by the decoder: its speech, what it is fed, and how many tokens at a time. */
interface Reading {
  readonly samples: Float32Array;
  readonly tokens: readonly number[];
  readonly step: number;
}

/** More than the 64 slots a cache begins with. */
const TOKENS = 70;
/** Weighed again by the precise decoder at every position. */
const CANDIDATES = [263, 278, 393, 29889];

function tokens(seed: number): readonly number[] {
  return Array.from({ length: TOKENS }, (_, i) =>
    i === 0 ? START_TOKEN : 3 + ((i * 7919 + seed * 104_729) % 31_997),
  );
}

describe('The rebuilt decoder', () => {
  let rig: DecoderRig;
  let speech: Float32Array;
  let other: Float32Array;
  let alone: readonly Buffer[];
  /** Kept from test to test, as it is from batch to batch. */
  const memory = { speech: new SpeechCache(), tokens: new TokenCache() };

  beforeAll(async () => {
    const graphs = await rebuiltMoonshine();
    if (graphs.kind !== 'rebuilt') throw new Error('These tests are about the rebuilt graphs.');
    rig = await DecoderRig.load(graphs);
    speech = (await clip('2414-128291-0000.flac')).slice(0, 24_000);
    other = await clip('1688-142285-0005.flac');
    alone = await read([reading(1)], 0);
  });

  afterAll(() => rig.release());

  const reading = (step: number): Reading => ({ samples: speech, tokens: tokens(0), step });
  const companion = (seconds: number, step: number): Reading => ({
    samples: other.slice(0, seconds * 16_000),
    tokens: tokens(step + Math.round(seconds * 10)),
    step,
  });

  /** Reads all rows side by side. @returns the bits of what each position of row `watched` gives. */
  async function read(rows: readonly Reading[], watched: number): Promise<readonly Buffer[]> {
    const cache = memory.tokens;
    const frames = await rig.encode(
      rows.map(({ samples }) => samples),
      memory.speech,
    );
    cache.open(rows.length);
    const positions = rows.map(() => 0);
    const given: Buffer[] = [];
    while (given.length < TOKENS) {
      const fed = rows.map(({ tokens, step }, row) => ({
        pending: tokens.slice(positions[row], positions[row]! + step),
        position: positions[row]!,
      }));
      const width = Math.max(...fed.map(({ pending }) => pending.length));
      cache.reserve(Math.max(...positions) + width);
      const made = await rig.decode({
        ...memory.speech.rows(rows.length),
        cross_mask: crossMask(frames, memory.speech.frames),
        ...cache.rows(rows.length),
        ...feedTokens(fed, cache.slots),
      });
      for (const [row, { pending, position }] of fed.entries()) {
        for (let i = 0; i < pending.length; i++) cache.keep(row, position + i, made.fresh!, row * width + i);
        positions[row]! += pending.length;
      }
      for (const [i, token] of fed[watched]!.pending.entries()) {
        const names = ['fresh', 'scores', 'candidates', 'probabilities'] as const;
        const precise = await weighAgain(watched, frames[watched]!, token, given.length);
        given.push(
          Buffer.concat([...names.map((name) => bitsOf(made[name]!, watched * width + i)), precise]),
        );
      }
    }

    return given;
  }

  async function weighAgain(row: number, frames: number, token: number, position: number): Promise<Buffer> {
    const cache = memory.tokens;
    const { scores } = await rig.decodePrecisely({
      ...memory.speech.row(row),
      cross_mask: crossMask([frames], memory.speech.frames),
      ...cache.row(row),
      ...feedTokens([{ pending: [token], position }], cache.slots),
      candidates: new Tensor('int64', BigInt64Array.from(CANDIDATES, BigInt), [1, 1, 4]),
    });

    return bitsOf(scores!, 0);
  }

  /** Where the two part, or -1. */
  const parting = (given: readonly Buffer[]) => given.findIndex((bits, i) => !bits.equals(alone[i]!));

  test.each([2, 5, 16, TOKENS])(
    'gives the same bits to tokens fed %i at a time as to each alone',
    async (step) => {
      expect(parting(await read([reading(step)], 0))).toBe(-1);
    },
  );

  test.each<[string, (own: Reading) => readonly Reading[], number, number]>([
    ['two rows, with longer speech', (own) => [own, companion(4, 1)], 0, 1],
    ['two rows, with shorter speech, as the last', (own) => [companion(0.5, 3), own], 1, 2],
    ['three rows fed more at once', (own) => [companion(2, 16), own, companion(3, 1)], 1, 5],
    ['three rows fed fewer at once', (own) => [own, companion(1, 1), companion(4, 2)], 0, 16],
    [
      'eight rows of eight lengths',
      (own) => [
        ...[1, 2, 3, 4].map((s) => companion(s, s)),
        own,
        ...[0.7, 1.3, 2.1].map((s) => companion(s, 9)),
      ],
      4,
      5,
    ],
  ])('gives the same bits in a batch of %s', async (_, batch, watched, step) => {
    expect(parting(await read(batch(reading(step)), watched))).toBe(-1);
  });

  test.each([1024, 1087, 4095, 4096, 16_000, 24_001, 24_383, 24_384, 48_123])(
    'looks at as many frames as the encoder makes of %i samples, and at zeros behind them',
    async (length) => {
      const [frames] = await rig.encode([other.slice(0, length)], memory.speech);
      const values = memory.speech.row(0).cross_value_5!.data as Float32Array;
      const head = values.subarray(0, memory.speech.frames * HEAD_SIZE);
      expect(head.findLastIndex((value) => value !== 0)).toBe(frames! * HEAD_SIZE - 1);
    },
  );

  test('gives other bits to other speech and other tokens', async () => {
    expect(parting(await read([{ ...reading(5), samples: other.slice(0, 24_000) }], 0))).toBe(0);
    const changed = tokens(0).with(9, 5000);
    expect(parting(await read([{ ...reading(5), tokens: changed }], 0))).toBe(9);
  });
});

function bitsOf({ data, dims }: Tensor, position: number): Buffer {
  const size = dims.slice(2).reduce((product, each) => product * each, 1);
  const part = (data as Float32Array).subarray(position * size, (position + 1) * size);

  return Buffer.from(part.buffer, part.byteOffset, part.byteLength);
}
