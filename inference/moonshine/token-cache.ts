import { Tensor } from 'onnxruntime-node';
import { ATTENTION_STEP, CACHE_PLANES, HEAD_SIZE, HEADS, LAYERS } from './dimensions.ts';
import type { Values } from './values.ts';

/** What the decoder is fed, in the order in which it gives new ones. */
const NAMES = Array.from({ length: LAYERS }, (_, layer) => [
  `cache_key_${layer}`,
  `cache_value_${layer}`,
]).flat();

/**
 * Keys and values of the tokens decoded so far, in slots by position: `[rows, 1, 8, slots, 36]` for each layer. Grows by
 * 64 slots at a time, and is fed to the decoder as it stands. The memory is kept from batch to batch, but no batch
 * sees what another left.
 */
export class TokenCache {
  #buffers: readonly Float32Array[] = NAMES.map(() => new Float32Array(0));
  #rows = 0;
  #slots = 0;
  /** What was fed last, and of how many rows: most passes are fed the same. */
  #fed: { readonly count: number; readonly values: Values } | null = null;

  /** Slots there are, used or not. */
  get slots(): number {
    return this.#slots;
  }

  /** Makes room for a batch; what was there is lost. */
  open(rows: number): void {
    this.#rows = rows;
    this.#slots = ATTENTION_STEP;
    this.#grow();
    // A masked slot counts for nothing only as long as it holds a number.
    for (const buffer of this.#buffers) buffer.fill(0, 0, rows * this.#rowSize());
  }

  /** Makes room for positions up to `count`. */
  reserve(count: number): void {
    if (count <= this.#slots) return;
    const before = this.#slots * HEAD_SIZE;
    this.#slots = Math.ceil(count / ATTENTION_STEP) * ATTENTION_STEP;
    const after = this.#slots * HEAD_SIZE;
    this.#grow();
    for (const buffer of this.#buffers) {
      // From the last on, so that no head is overwritten before it has moved.
      for (let head = this.#rows * HEADS - 1; head >= 0; head--) {
        buffer.copyWithin(head * after, head * before, (head + 1) * before);
        buffer.fill(0, head * after + before, (head + 1) * after);
      }
    }
  }

  /** The first `count` rows, for the decoder. */
  rows(count: number): Values {
    if (this.#fed?.count !== count) this.#fed = { count, values: this.#feeds(0, count) };

    return this.#fed.values;
  }

  /** One row, for the decoder. */
  row(index: number): Values {
    return this.#feeds(index, 1);
  }

  /**
   * Keeps what a new position gave, in a row's slot.
   * @param fresh `[rows, positions, 96, 36]`, as the decoder gives them.
   * @param position counted over all rows of `fresh`.
   */
  keep(row: number, slot: number, fresh: Tensor, position: number): void {
    const numbers = fresh.data as Float32Array;
    let at = position * CACHE_PLANES * HEAD_SIZE;
    for (const buffer of this.#buffers) {
      for (let head = 0; head < HEADS; head++) {
        const to = ((row * HEADS + head) * this.#slots + slot) * HEAD_SIZE;
        for (let i = 0; i < HEAD_SIZE; i++) buffer[to + i] = numbers[at++]!;
      }
    }
  }

  /** Puts row `from` where row `to` was. */
  move(from: number, to: number): void {
    const size = this.#rowSize();
    for (const buffer of this.#buffers) buffer.copyWithin(to * size, from * size, (from + 1) * size);
  }

  #feeds(first: number, count: number): Values {
    const size = this.#rowSize();
    const dims = [count, 1, HEADS, this.#slots, HEAD_SIZE];

    return Object.fromEntries(
      this.#buffers.map((buffer, i) => [
        NAMES[i]!,
        new Tensor('float32', buffer.subarray(first * size, (first + count) * size), dims),
      ]),
    );
  }

  #grow(): void {
    this.#fed = null;
    const size = this.#rows * this.#rowSize();
    this.#buffers = this.#buffers.map((buffer) => {
      if (buffer.length >= size) return buffer;
      const grown = new Float32Array(size);
      grown.set(buffer);

      return grown;
    });
  }

  #rowSize(): number {
    return HEADS * this.#slots * HEAD_SIZE;
  }
}
