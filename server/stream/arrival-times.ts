/** Audio that arrives within this time of the note before it shares that note. */
const RESOLUTION_MS = 10;
/** Notes kept at most, which is more than a minute of them; what comes beyond shares the last one. */
const MAX_NOTES = 8192;

/**
 * When each sample of a stream arrived, to within 10 ms. One note for 10 ms of arriving at most, forgotten with the audio it
 * is about: a minute of held audio is some hundred notes.
 */
export class ArrivalTimes {
  readonly #notes: { endSample: number; readonly atMs: number }[] = [];

  /** Audio up to `endSample` arrived. */
  note(endSample: number, atMs: number): void {
    const last = this.#notes.at(-1);
    const isFull = this.#notes.length >= MAX_NOTES;
    if (last && (isFull || atMs - last.atMs < RESOLUTION_MS)) last.endSample = endSample;
    else this.#notes.push({ endSample, atMs });
  }

  /**
   * When the sample before position `endSample` arrived; null when it has not come. Of what has been forgotten, when the
   * oldest came that has not; null when all has been.
   */
  of(endSample: number): number | null {
    let low = 0;
    let high = this.#notes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#notes[middle]!.endSample < endSample) low = middle + 1;
      else high = middle;
    }

    return this.#notes[low]?.atMs ?? null;
  }

  /** Forgets what is only about audio before `sample`. */
  forgetBefore(sample: number): void {
    let gone = 0;
    while (gone < this.#notes.length && this.#notes[gone]!.endSample < sample) gone++;
    if (gone > 0) this.#notes.splice(0, gone);
  }
}
