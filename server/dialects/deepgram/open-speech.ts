interface Onset {
  readonly segmentId: number;
  readonly atMs: number;
}

/** Speech that has begun and of which no final was told yet. Clients wait for its end, also when no word was in it. */
export class OpenSpeech {
  /** In the order of their segments. */
  #onsets: readonly Onset[] = [];

  /** Someone began to speak. */
  began(segmentId: number, atMs: number): void {
    this.#onsets = [...this.#onsets, { segmentId, atMs }];
  }

  /** A final was told. Finals come in order: what was before it had none. */
  ended(segmentId: number): void {
    this.#onsets = this.#onsets.filter((onset) => onset.segmentId > segmentId);
  }

  /**
   * All audio up to here is settled. A segment that is open begins behind it.
   * @returns where speech began that has ended without a word, and its last segment; null if there was none.
   */
  settled(atMs: number): { readonly startMs: number; readonly segmentId: number } | null {
    const ended = this.#onsets.filter((onset) => onset.atMs < atMs);
    this.#onsets = this.#onsets.slice(ended.length);
    const [first] = ended;

    return first ? { startMs: first.atMs, segmentId: ended.at(-1)!.segmentId } : null;
  }
}
