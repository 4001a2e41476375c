import { Tensor } from 'onnxruntime-node';
import { ATTENTION_STEP, HEAD_SIZE, HEADS, HIDDEN_SIZE, LAYERS } from './dimensions.ts';
import type { Values } from './values.ts';

const LAYER_NUMBERS = Array.from({ length: LAYERS }, (_, layer) => layer);

/**
 * Keys and values of the speech of a batch, which the decoder looks at for every token: for each layer `cross_key_N
 * [rows, 1, 8, 36, frames]` and `cross_value_N [rows, 1, 8, frames, 36]`. The encoder writes each row where the
 * decoder reads it, so that nothing is copied but when a row moves into a gap. The memory is kept from batch to batch.
 */
export class SpeechCache {
  readonly #buffers = new Map<string, Float32Array>();
  #frames = 0;

  /** Frames of each row, with their padding. */
  get frames(): number {
    return this.#frames;
  }

  /** Makes room for a batch; what was there is lost. @param frames of the longest row. */
  open(rows: number, frames: number): void {
    this.#frames = Math.ceil(frames / ATTENTION_STEP) * ATTENTION_STEP;
    const size = rows * this.#rowSize();
    for (const layer of LAYER_NUMBERS) {
      for (const name of [`cross_key_${layer}`, `cross_value_${layer}`]) {
        if ((this.#buffers.get(name)?.length ?? 0) < size) this.#buffers.set(name, new Float32Array(size));
      }
    }
  }

  /** One row, for the encoder to write and the decoder to read. */
  row(index: number): Values {
    return this.#feeds(index, 1);
  }

  /** The first `count` rows, for the decoder. */
  rows(count: number): Values {
    return this.#feeds(0, count);
  }

  /** Puts row `from` where row `to` was. */
  move(from: number, to: number): void {
    const size = this.#rowSize();
    for (const buffer of this.#buffers.values()) buffer.copyWithin(to * size, from * size, (from + 1) * size);
  }

  #feeds(first: number, count: number): Values {
    const size = this.#rowSize();
    const part = (name: string, ...dims: readonly number[]): [string, Tensor] => {
      const data = this.#buffers.get(name)!.subarray(first * size, (first + count) * size);

      return [name, new Tensor('float32', data, [count, 1, HEADS, ...dims])];
    };

    return Object.fromEntries(
      LAYER_NUMBERS.flatMap((layer) => [
        part(`cross_key_${layer}`, HEAD_SIZE, this.#frames),
        part(`cross_value_${layer}`, this.#frames, HEAD_SIZE),
      ]),
    );
  }

  #rowSize(): number {
    return HIDDEN_SIZE * this.#frames;
  }
}
