import { Tensor } from 'onnxruntime-node';
import { HEAD_SIZE, HEADS } from './dimensions.ts';
import type { DraftedDecoding } from './draft.ts';
import { SUFFIXES, TokenCache, type Values } from './token-cache.ts';
import { END_TOKEN } from './tokens.ts';

/** One segment of a batch: its decoding, and what the encoder made of its speech. */
export interface DecodingRow {
  readonly decoding: DraftedDecoding;
  /** `cross_key_N` and `cross_value_N [1, 8, padded frames, 36]` of each layer. */
  readonly speech: Values;
  /** Frames of the speech before they were padded. */
  readonly frames: number;
}

/** A row, and how many tokens of it are in the cache. */
interface CachedRow extends DecodingRow {
  position: number;
}

/** The runtime multiplies one row by other means than several, with another rounding. */
const MIN_WIDTH = 2;
/** What a masked position's score becomes. */
const NEVER = Number.NEGATIVE_INFINITY;

/**
 * Segments that are decoded together. Shorter speech is padded to the longest and fewer pending tokens to the most,
 * and masked: a row's result is the same to the bit as when it is decoded alone and token by token. Rows that have
 * finished leave when they are half of the batch: sooner would copy more than it saves.
 */
export class DecodingBatch {
  #rows: readonly CachedRow[];
  /** Of all rows together. */
  #speech: Values;
  readonly #cache: TokenCache;
  #passes = 0;

  constructor(rows: readonly DecodingRow[]) {
    this.#rows = rows.map((row) => ({ ...row, position: 0 }));
    this.#speech = rows.length === 1 ? rows[0]!.speech : joinSpeech(rows);
    this.#cache = new TokenCache(rows.length);
  }

  get finished(): boolean {
    return this.#rows.every(({ decoding }) => decoding.sequence.finished);
  }

  /** Passes so far. */
  get passes(): number {
    return this.#passes;
  }

  /** What the next pass is fed. */
  feeds(): Record<string, Tensor> {
    const rows = this.#rows;
    const width = Math.max(MIN_WIDTH, ...rows.map(({ decoding }) => decoding.pending.length));
    this.#cache.reserve(Math.max(...rows.map(({ position }) => position)) + width);
    const tokens = new BigInt64Array(rows.length * width).fill(BigInt(END_TOKEN));
    const positions = new BigInt64Array(rows.length * width);
    for (const [row, { decoding, position }] of rows.entries()) {
      for (const [i, token] of decoding.pending.entries()) tokens[row * width + i] = BigInt(token);
      for (let i = 0; i < width; i++) positions[row * width + i] = BigInt(position + i);
    }

    return {
      ...this.#speech,
      ...this.#cache.feeds,
      tokens: new Tensor('int64', tokens, [rows.length, width]),
      positions: new Tensor('int64', positions, [rows.length, width]),
      slots: slotIndexes(rows, width),
      self_mask: selfMask(rows, width, this.#cache.slots),
      cross_mask: crossMask(rows, width, this.#speech.cross_key_0!.dims[2]!),
    };
  }

  /** Takes what the pass gave. */
  accept(pass: Readonly<Record<string, unknown>>): void {
    const { data, dims } = pass.next_tokens as Tensor;
    const tokens = data as BigInt64Array;
    const logProbs = (pass.log_probs as Tensor).data as Float32Array;
    const width = dims[1]!;
    for (const [i, row] of this.#rows.entries()) {
      const choices = row.decoding.pending.map((_, j) => ({
        token: Number(tokens[i * width + j]),
        logProb: logProbs[i * width + j]!,
      }));
      const right = row.decoding.accept(choices);
      this.#cache.keep(i, row.position, right, pass);
      row.position += right;
    }
    this.#passes++;
    const live = this.#rows.flatMap(({ decoding }, i) => (decoding.sequence.finished ? [] : [i]));
    if (live.length > 0 && live.length <= this.#rows.length / 2) this.#keep(live);
  }

  #keep(live: readonly number[]): void {
    this.#rows = live.map((i) => this.#rows[i]!);
    this.#speech = this.#rows.length === 1 ? this.#rows[0]!.speech : joinSpeech(this.#rows);
    this.#cache.pick(live);
  }
}

/** Where each pending token belongs: `[rows, 8, width, 3]`, of row, head and slot. */
function slotIndexes(rows: readonly CachedRow[], width: number): Tensor {
  const indexes = new BigInt64Array(rows.length * HEADS * width * 3);
  let at = 0;
  for (const [row, { position }] of rows.entries()) {
    for (let head = 0; head < HEADS; head++) {
      for (let i = 0; i < width; i++) {
        indexes[at++] = BigInt(row);
        indexes[at++] = BigInt(head);
        indexes[at++] = BigInt(position + i);
      }
    }
  }

  return new Tensor('int64', indexes, [rows.length, HEADS, width, 3]);
}

/** 0 where a pending token may look: at its own slot and those before it. */
function selfMask(rows: readonly CachedRow[], width: number, slots: number): Tensor {
  const mask = new Float32Array(rows.length * width * slots);
  for (const [row, { position }] of rows.entries()) {
    for (let i = 0; i < width; i++) {
      const at = (row * width + i) * slots;
      mask.fill(NEVER, at + position + i + 1, at + slots);
    }
  }

  return new Tensor('float32', mask, [rows.length, 1, width, slots]);
}

/** 0 for a row's own frames, never for the padding behind them. */
function crossMask(rows: readonly CachedRow[], width: number, padded: number): Tensor {
  const mask = new Float32Array(rows.length * width * padded);
  for (const [row, { frames }] of rows.entries()) {
    for (let at = row * width; at < (row + 1) * width; at++)
      mask.fill(NEVER, at * padded + frames, (at + 1) * padded);
  }

  return new Tensor('float32', mask, [rows.length, 1, width, padded]);
}

/** Sets the rows' speech one below the other, each head padded with zeros to the longest. */
function joinSpeech(rows: readonly DecodingRow[]): Values {
  const padded = Math.max(...rows.map(({ speech }) => speech.cross_key_0!.dims[2]!));
  const join = (name: string): Tensor => {
    const headSize = padded * HEAD_SIZE;
    const joined = new Float32Array(rows.length * HEADS * headSize);
    for (const [row, { speech }] of rows.entries()) {
      const own = speech[name]!.data as Float32Array;
      const ownSize = own.length / HEADS;
      for (let head = 0; head < HEADS; head++) {
        joined.set(own.subarray(head * ownSize, (head + 1) * ownSize), (row * HEADS + head) * headSize);
      }
    }

    return new Tensor('float32', joined, [rows.length, HEADS, padded, HEAD_SIZE]);
  };

  return Object.fromEntries(SUFFIXES.map((suffix) => [`cross_${suffix}`, join(`cross_${suffix}`)]));
}
