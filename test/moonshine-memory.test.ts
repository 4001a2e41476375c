import fc from 'fast-check';
import { Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { HEAD_SIZE, HEADS, LAYERS } from '../inference/moonshine/dimensions.ts';
import { SpeechCache } from '../inference/moonshine/speech-cache.ts';
import { TokenCache } from '../inference/moonshine/token-cache.ts';
import type { Values } from '../inference/moonshine/values.ts';

const PLANES = LAYERS * 2 * HEADS;
/** Names in the order of planes. */
const NAMES = Array.from({ length: LAYERS }, (_, layer) => [
  `cache_key_${layer}`,
  `cache_value_${layer}`,
]).flat();

/** What the decoder gives for new positions: numbers that tell pass, row, position and place apart. */
function fresh(pass: number, rows: number, positions: number): Tensor {
  const data = Float32Array.from(
    { length: rows * positions * PLANES * HEAD_SIZE },
    (_, i) => pass * 1e6 + i + 1,
  );

  return new Tensor('float32', data, [rows, positions, PLANES, HEAD_SIZE]);
}

/** The token cache as it would be with an array for every vector: `rows[row][slot][plane]`, its first number. */
class PlainCache {
  rows: number[][][] = [];
  slots = 0;

  open(rows: number): void {
    this.rows = Array.from({ length: rows }, () => []);
    this.slots = 64;
  }

  reserve(count: number): void {
    while (this.slots < count) this.slots += 64;
  }

  keep(row: number, slot: number, made: Tensor, position: number): void {
    const at = position * PLANES * HEAD_SIZE;
    this.rows[row]![slot] = Array.from(
      { length: PLANES },
      (_, plane) => (made.data as Float32Array)[at + plane * HEAD_SIZE]!,
    );
  }

  move(from: number, to: number): void {
    this.rows[to] = [...this.rows[from]!];
  }
}

/** Every vector of a cache tensor: consecutive numbers from what the plain cache says, or zeros. */
function expectRow(values: Values, row: number, plain: PlainCache, of: number): void {
  for (const [i, name] of NAMES.entries()) {
    const { data, dims } = values[name]!;
    expect(dims.slice(1)).toEqual([1, HEADS, plain.slots, HEAD_SIZE]);
    let wrong = 0;
    for (let head = 0; head < HEADS; head++) {
      for (let slot = 0; slot < plain.slots; slot++) {
        const first = plain.rows[of]![slot]?.[i * HEADS + head];
        const at = ((row * HEADS + head) * plain.slots + slot) * HEAD_SIZE;
        // First and last number of the vector stand for all.
        for (const k of [0, HEAD_SIZE - 1])
          if ((data as Float32Array)[at + k] !== (first === undefined ? 0 : Math.fround(first + k))) wrong++;
      }
    }
    expect(wrong).toBe(0);
  }
}

type Step =
  | { readonly kind: 'open'; readonly rows: number }
  | { readonly kind: 'reserve'; readonly count: number }
  | { readonly kind: 'keep'; readonly row: number; readonly slot: number; readonly positions: number }
  | { readonly kind: 'move'; readonly from: number; readonly to: number };

const row = fc.nat(3);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('open' as const), rows: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('reserve' as const), count: fc.integer({ min: 1, max: 200 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('keep' as const),
      row,
      slot: fc.nat(199),
      positions: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('move' as const), from: row, to: row }) },
);

describe('TokenCache', () => {
  test('holds what was kept, wherever rows went and however it grew, and zeros elsewhere', () => {
    // One cache for all runs: what an earlier one left must not be seen.
    const cache = new TokenCache();
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 14 }), (first, steps) => {
        const plain = new PlainCache();
        const both = [cache, plain] as const;
        for (const each of both) each.open(first);
        for (const [pass, each] of steps.entries()) {
          const rows = plain.rows.length;
          if (each.kind === 'open') for (const one of both) one.open(each.rows);
          if (each.kind === 'reserve') for (const one of both) one.reserve(each.count);
          if (each.kind === 'move') for (const one of both) one.move(each.from % rows, each.to % rows);
          if (each.kind === 'keep') {
            const made = fresh(pass, rows, each.positions);
            const last = (each.row % rows) * each.positions + each.positions - 1;
            for (const one of both) one.keep(each.row % rows, each.slot % plain.slots, made, last);
          }
        }
        expect(cache.slots).toBe(plain.slots);
        const { length } = plain.rows;
        const all = cache.rows(length);
        for (let i = 0; i < length; i++) {
          expectRow(all, i, plain, i);
          expectRow(cache.row(i), 0, plain, i);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('feeds the memory itself: what is kept later is in what was fed before, until it grows', () => {
    const cache = new TokenCache();
    cache.open(2);
    const fed = cache.rows(2);
    expect(cache.rows(2)).toBe(fed);
    cache.keep(1, 5, fresh(1, 2, 1), 1);
    expect((fed.cache_key_0!.data as Float32Array).some((value) => value !== 0)).toBe(true);
    cache.reserve(65);
    expect(cache.rows(2)).not.toBe(fed);
    expect(cache.rows(1).cache_key_0!.dims).toEqual([1, 1, HEADS, 128, HEAD_SIZE]);
  });
});

describe('SpeechCache', () => {
  const fill = (values: Values, number: number) => {
    for (const { data } of Object.values(values)) (data as Float32Array).fill(number);
  };
  /** Whether each row of every tensor holds its number and nothing else. */
  const holds = (values: Values, numbers: readonly number[]) =>
    Object.values(values).every(({ data }) => {
      const size = data.length / numbers.length;

      return numbers.every((number, i) =>
        (data as Float32Array).subarray(i * size, (i + 1) * size).every((value) => value === number),
      );
    });

  test('has room for a batch in steps of 64 frames, keys across and values along', () => {
    const speech = new SpeechCache();
    for (const [frames, padded] of [
      [1, 64],
      [64, 64],
      [65, 128],
      [1249, 1280],
    ] as const) {
      speech.open(3, frames);
      expect(speech.frames).toBe(padded);
      const { cross_key_5, cross_value_0, ...others } = speech.rows(2);
      expect(cross_key_5!.dims).toEqual([2, 1, HEADS, HEAD_SIZE, padded]);
      expect(cross_value_0!.dims).toEqual([2, 1, HEADS, padded, HEAD_SIZE]);
      expect(Object.keys(others)).toHaveLength(2 * LAYERS - 2);
    }
  });

  test('keeps every row to itself, wherever rows go and whatever a batch before left', () => {
    const speech = new SpeechCache();
    const moves = fc.array(fc.tuple(row, row), { maxLength: 6 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 130 }),
        moves,
        (rows, frames, list) => {
          speech.open(rows, frames);
          const plain = Array.from({ length: rows }, (_, i) => i + 1);
          // As the encoder does, each row is written whole.
          for (const [i, number] of plain.entries()) fill(speech.row(i), number);
          for (const [from, to] of list) {
            speech.move(from % rows, to % rows);
            plain[to % rows] = plain[from % rows]!;
          }
          expect(plain.every((number, i) => holds(speech.row(i), [number]))).toBe(true);
          expect(holds(speech.rows(rows), plain)).toBe(true);
        },
      ),
      { numRuns: 20 },
    );
  });
});
