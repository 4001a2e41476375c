import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { VOCABULARY_SIZE } from '../special-tokens.ts';
import type { Values } from '../values.ts';

/**
 * Where the decoder writes the scores of its whole vocabulary: 128 KiB for each token that is weighed, 8 MB at most. Made
 * anew for each pass, it took the garbage collector longer than the search takes.
 */
export class LogitsMemory {
  #buffer = new Float32Array(0);

  /** What weighing wants of a pass with these feeds. Valid until the next call. */
  fetch({ tokens }: Values): InferenceSession.FetchesType {
    const [rows, width] = tokens!.dims as [number, number];
    const size = rows * width * VOCABULARY_SIZE;
    if (this.#buffer.length < size) this.#buffer = new Float32Array(size);
    const logits = new Tensor('float32', this.#buffer.subarray(0, size), [rows, width, VOCABULARY_SIZE]);

    return { logits, scores: null, probabilities: null };
  }
}
