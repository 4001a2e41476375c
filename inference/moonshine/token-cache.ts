import { Tensor } from 'onnxruntime-node';
import { ATTENTION_STEP, HEAD_SIZE, HEADS, LAYERS } from './dimensions.ts';

/** Values by the names the graphs give them. */
export type Values = Readonly<Record<string, Tensor>>;

/** `key_0`, `value_0`, `key_1` …: what every layer keeps. */
export const SUFFIXES = Array.from({ length: LAYERS }, (_, layer) => [
  `key_${layer}`,
  `value_${layer}`,
]).flat();

/**
 * Keys and values of the tokens decoded so far, in slots by position: `[rows, 8, slots, 36]` for each layer. Grows by
 * 64 slots at a time and is fed to the decoder as it stands, without a copy.
 */
export class TokenCache {
  #rows: number;
  #slots = ATTENTION_STEP;
  #buffers: ReadonlyMap<string, Float32Array>;
  #feeds: Values;

  constructor(rows: number) {
    this.#rows = rows;
    this.#buffers = new Map(SUFFIXES.map((suffix) => [suffix, new Float32Array(rows * this.#rowSize())]));
    this.#feeds = this.#wrap();
  }

  /** Slots there are, used or not. */
  get slots(): number {
    return this.#slots;
  }

  /** What the decoder is fed. */
  get feeds(): Values {
    return this.#feeds;
  }

  /** Makes room for positions up to `count`. */
  reserve(count: number): void {
    if (count <= this.#slots) return;
    const before = this.#slots;
    this.#slots = Math.ceil(count / ATTENTION_STEP) * ATTENTION_STEP;
    const heads = this.#rows * HEADS;
    this.#replace((old) => {
      const grown = new Float32Array(heads * this.#slots * HEAD_SIZE);
      for (let head = 0; head < heads; head++) {
        const own = old.subarray(head * before * HEAD_SIZE, (head + 1) * before * HEAD_SIZE);
        grown.set(own, head * this.#slots * HEAD_SIZE);
      }

      return grown;
    });
  }

  /** Keeps the first `count` of a row's new positions, from slot `first` on. @param fresh the decoder's outputs. */
  keep(row: number, first: number, count: number, fresh: Readonly<Record<string, unknown>>): void {
    for (const [suffix, buffer] of this.#buffers) {
      const { data, dims } = fresh[`new_${suffix}`] as Tensor;
      const width = dims[2]!;
      for (let head = row * HEADS; head < (row + 1) * HEADS; head++) {
        const from = head * width * HEAD_SIZE;
        const own = (data as Float32Array).subarray(from, from + count * HEAD_SIZE);
        buffer.set(own, (head * this.#slots + first) * HEAD_SIZE);
      }
    }
  }

  /** Forgets all rows but these. */
  pick(rows: readonly number[]): void {
    const size = this.#rowSize();
    this.#rows = rows.length;
    this.#replace((old) => {
      const picked = new Float32Array(rows.length * size);
      for (const [i, row] of rows.entries()) picked.set(old.subarray(row * size, (row + 1) * size), i * size);

      return picked;
    });
  }

  #replace(change: (old: Float32Array) => Float32Array): void {
    this.#buffers = new Map([...this.#buffers].map(([suffix, old]) => [suffix, change(old)]));
    this.#feeds = this.#wrap();
  }

  #wrap(): Values {
    const dims = [this.#rows, HEADS, this.#slots, HEAD_SIZE];

    return Object.fromEntries(
      [...this.#buffers].map(([suffix, data]) => [`cache_${suffix}`, new Tensor('float32', data, dims)]),
    );
  }

  #rowSize(): number {
    return HEADS * this.#slots * HEAD_SIZE;
  }
}
