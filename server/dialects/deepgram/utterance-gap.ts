/**
 * Finds gaps between words: silence of a given length behind the last word that is final. A caption that says something
 * ends a gap; noise that comes to nothing does not.
 */
export class UtteranceGap {
  readonly #gapMs: number;
  /** Where the last final word ended; null when its gap was told, or none was spoken. */
  #lastWordEndMs: number | null = null;
  /** The segment that says something already. */
  #speaking: number | null = null;
  /** The marker behind the gap, whose answer says that no word was in it. */
  #marker: number | null = null;

  constructor(gapMs: number) {
    this.#gapMs = gapMs;
  }

  /**
   * Words follow.
   * @returns where those before them ended, if that is long enough before: their gap has not been told.
   */
  resumed(startMs: number): number | null {
    const lastWordEndMs = this.#lastWordEndMs;
    if (lastWordEndMs === null || startMs < lastWordEndMs + this.#gapMs) return null;
    this.#lastWordEndMs = null;

    return lastWordEndMs;
  }

  /** A caption that may change. */
  interim(segmentId: number, text: string): void {
    this.#speaking = text === '' ? null : segmentId;
    if (text !== '') this.#marker = null;
  }

  /** A caption that stays, '' for one that was taken back. */
  final(segmentId: number, text: string, endMs: number): void {
    if (this.#speaking !== null && this.#speaking <= segmentId) this.#speaking = null;
    if (text === '') return;
    this.#lastWordEndMs = endMs;
    this.#marker = null;
  }

  /** Whether enough audio has come to ask, by a marker, whether there are words in it. */
  isDue(receivedMs: number): boolean {
    return (
      this.#lastWordEndMs !== null &&
      this.#speaking === null &&
      this.#marker === null &&
      receivedMs >= this.#lastWordEndMs + this.#gapMs
    );
  }

  /** A marker was set behind the audio so far. */
  marked(id: number): void {
    this.#marker = id;
  }

  /** A marker was answered. @returns where the last word ended, if its gap ends here. */
  answered(id: number): number | null {
    if (id !== this.#marker) return null;
    const lastWordEndMs = this.#lastWordEndMs;
    this.#marker = null;
    this.#lastWordEndMs = null;

    return lastWordEndMs;
  }
}
