import { Tensor } from 'onnxruntime-node';
import { HEAD_SIZE, HEADS, LAYERS } from './dimensions.ts';
import type { GreedySequence } from './greedy-sequence.ts';
import { END_TOKEN } from './tokens.ts';

/** Values by the names the graphs give them. */
export type Values = Readonly<Record<string, Tensor>>;

/** One segment of a batch: what is decoded of it, and what the encoder made of its speech. */
export interface DecodingRow {
  readonly sequence: GreedySequence;
  /** `cross_key_N` and `cross_value_N [1, 8, frames, 36]` of each layer. */
  readonly speech: Values;
}

const SUFFIXES = Array.from({ length: LAYERS }, (_, layer) => [`key_${layer}`, `value_${layer}`]).flat();

/**
 * Segments that are decoded together, one token each in every pass. Shorter speech is padded to the longest and
 * masked, which changes nothing for any row. Rows that have finished leave when they are half of the batch: sooner
 * would copy more than it saves.
 */
export class DecodingBatch {
  #rows: readonly DecodingRow[];
  /** Of all rows together: `cross_*` and `past_*`. */
  #speech: Values;
  #crossMask: Tensor;
  #cache: Values;
  /** Tokens each row has in the cache. */
  #position = 0;

  constructor(rows: readonly DecodingRow[]) {
    this.#rows = rows;
    const frames = rows.map(({ speech }) => speech.cross_key_0!.dims[2]!);
    this.#crossMask = crossMask(frames);
    this.#speech = rows.length === 1 ? rows[0]!.speech : joinSpeech(rows, Math.max(...frames));
    this.#cache = emptyCache(rows.length);
  }

  get finished(): boolean {
    return this.#rows.every(({ sequence }) => sequence.finished);
  }

  /** What the next pass is fed. */
  feeds(): Record<string, Tensor> {
    const count = this.#rows.length;
    const tokens = this.#rows.map(({ sequence }) => (sequence.finished ? END_TOKEN : sequence.lastToken));
    const total = this.#position + 1;

    return {
      ...this.#speech,
      ...this.#cache,
      tokens: new Tensor('int64', BigInt64Array.from(tokens, BigInt), [count, 1]),
      positions: new Tensor('int64', new BigInt64Array(count).fill(BigInt(this.#position)), [count, 1]),
      // Rows are at the same position, and each may look at all of its own tokens.
      self_mask: new Tensor('float32', new Float32Array(count * total), [count, 1, 1, total]),
      cross_mask: this.#crossMask,
    };
  }

  /** Takes what the pass gave. */
  accept(pass: Readonly<Record<string, unknown>>): void {
    const tokens = (pass.next_tokens as Tensor).data as BigInt64Array;
    const logProbs = (pass.log_probs as Tensor).data as Float32Array;
    for (const [row, { sequence }] of this.#rows.entries()) {
      if (!sequence.finished) sequence.accept(Number(tokens[row]), logProbs[row]!);
    }
    this.#position++;
    this.#cache = Object.fromEntries(
      SUFFIXES.map((suffix) => [`past_${suffix}`, pass[`present_${suffix}`] as Tensor]),
    );
    const live = this.#rows.flatMap(({ sequence }, row) => (sequence.finished ? [] : [row]));
    if (live.length > 0 && live.length <= this.#rows.length / 2) this.#keep(live);
  }

  #keep(live: readonly number[]): void {
    this.#rows = live.map((row) => this.#rows[row]!);
    this.#speech = pickRows(this.#speech, live);
    this.#cache = pickRows(this.#cache, live);
    this.#crossMask = pickRows({ mask: this.#crossMask }, live).mask!;
  }
}

/** 0 for a row's own frames, minus infinity for the padding behind them: `[rows, 1, 1, frames]`. */
function crossMask(frames: readonly number[]): Tensor {
  const most = Math.max(...frames);
  const mask = new Float32Array(frames.length * most);
  for (const [row, own] of frames.entries()) {
    mask.fill(Number.NEGATIVE_INFINITY, row * most + own, (row + 1) * most);
  }

  return new Tensor('float32', mask, [frames.length, 1, 1, most]);
}

/** Sets the rows' speech one below the other, each head padded with zeros to `frames`. */
function joinSpeech(rows: readonly DecodingRow[], frames: number): Values {
  const join = (name: string): Tensor => {
    const headSize = frames * HEAD_SIZE;
    const joined = new Float32Array(rows.length * HEADS * headSize);
    for (const [row, { speech }] of rows.entries()) {
      const own = speech[name]!.data as Float32Array;
      const ownSize = own.length / HEADS;
      for (let head = 0; head < HEADS; head++) {
        joined.set(own.subarray(head * ownSize, (head + 1) * ownSize), (row * HEADS + head) * headSize);
      }
    }

    return new Tensor('float32', joined, [rows.length, HEADS, frames, HEAD_SIZE]);
  };

  return Object.fromEntries(SUFFIXES.map((suffix) => [`cross_${suffix}`, join(`cross_${suffix}`)]));
}

function emptyCache(rows: number): Values {
  const empty = () => new Tensor('float32', new Float32Array(0), [rows, HEADS, 0, HEAD_SIZE]);

  return Object.fromEntries(SUFFIXES.map((suffix) => [`past_${suffix}`, empty()]));
}

/** The given rows of every tensor. */
function pickRows(values: Values, rows: readonly number[]): Values {
  return Object.fromEntries(
    Object.entries(values).map(([name, { data, dims }]) => {
      const all = data as Float32Array;
      const size = all.length / dims[0]!;
      const picked = new Float32Array(rows.length * size);
      for (const [i, row] of rows.entries()) picked.set(all.subarray(row * size, (row + 1) * size), i * size);

      return [name, new Tensor('float32', picked, [rows.length, ...dims.slice(1)])];
    }),
  );
}
