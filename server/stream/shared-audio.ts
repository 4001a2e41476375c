/**
 * Memory for audio on its way to threads: lent for one batch, taken back when that is answered, and lent again. Threads
 * are handed it as it is, and it is still there when a thread has died and its batch is run once more.
 *
 * It is kept because V8 does not count shared memory as its own, and so does not hurry to free it: with fresh memory for
 * every segment a process grew by hundreds of megabytes. There are never more blocks than segments were in flight at
 * once, each as large as the longest segment; pages of it that no segment was long enough for are never touched.
 */
export class SharedAudio {
  readonly #blockBytes: number;
  readonly #idle: SharedArrayBuffer[] = [];
  #blocks = 0;

  /** @param maxSegmentSamples the most that is ever asked for at once. */
  constructor(maxSegmentSamples: number) {
    this.#blockBytes = maxSegmentSamples * Float32Array.BYTES_PER_ELEMENT;
  }

  /** Memory there is, lent or not. */
  get bytes(): number {
    return this.#blocks * this.#blockBytes;
  }

  /**
   * Memory that nobody else writes to until it is taken back. What is in it is left over.
   * @throws {RangeError} when it is more than the longest segment.
   */
  lend(samples: number): Float32Array<SharedArrayBuffer> {
    if (samples * Float32Array.BYTES_PER_ELEMENT > this.#blockBytes) {
      throw new RangeError(`${samples} samples are longer than the longest segment.`);
    }

    return new Float32Array(this.#idle.pop() ?? this.#block(), 0, samples);
  }

  /** Takes back what was lent, once. */
  takeBack({ buffer }: Float32Array<SharedArrayBuffer>): void {
    this.#idle.push(buffer);
  }

  /** A block that was lent will not come back: whoever has it may read it for ever. */
  giveUp(): void {
    this.#blocks--;
  }

  #block(): SharedArrayBuffer {
    this.#blocks++;

    return new SharedArrayBuffer(this.#blockBytes);
  }
}

/** What one batch has been lent. */
export class Loan {
  readonly #audio: SharedAudio;
  readonly #lent: Float32Array<SharedArrayBuffer>[] = [];

  constructor(audio: SharedAudio) {
    this.#audio = audio;
  }

  /** Memory until the end. @throws {RangeError} when it is more than the longest segment. */
  lend(samples: number): Float32Array {
    const memory = this.#audio.lend(samples);
    this.#lent.push(memory);

    return memory;
  }

  /** Gives everything back. @param held whether a thread may still read it: then it is that thread's from now on. */
  end(held: boolean): void {
    for (const memory of this.#lent.splice(0)) held ? this.#audio.giveUp() : this.#audio.takeBack(memory);
  }
}
