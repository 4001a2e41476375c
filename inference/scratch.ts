/** Samples of one block: 128 windows. */
const BLOCK_SAMPLES = 65_536;

/**
 * Memory for samples that are needed for a moment: lent piece by piece, and all of it taken back at once. A server that
 * allocated anew for every stream's every window would have its heap searched several times a second.
 */
export class Scratch {
  /** As many as the moment with the most samples needed. */
  readonly #blocks: Float32Array[] = [];
  #block = 0;
  #used = 0;

  /** Memory until `reclaim`. What is in it is left over. */
  lend(samples: number): Float32Array {
    if (this.#used + samples > (this.#blocks[this.#block]?.length ?? 0)) this.#next(samples);
    const from = this.#used;
    this.#used += samples;

    return this.#blocks[this.#block]!.subarray(from, this.#used);
  }

  /** Takes everything back. */
  reclaim(): void {
    this.#block = 0;
    this.#used = 0;
  }

  #next(samples: number): void {
    if (this.#blocks.length > 0) this.#block++;
    this.#used = 0;
    if (samples > (this.#blocks[this.#block]?.length ?? 0)) {
      this.#blocks[this.#block] = new Float32Array(Math.max(BLOCK_SAMPLES, samples));
    }
  }
}
