/** Audio that arrives within this time of the note before it shares that note … */
const RESOLUTION_MS = 10;
/** … or within more, when there would be more notes than this. Notes of 20 ms audio fill them in 164 s. */
const MAX_NOTES = 8192;

interface Note {
  endSample: number;
  readonly atMs: number;
}

/**
 * When each sample of a stream arrived, to within 10 ms, forgotten with the audio it is about. Bounded: where so much audio
 * is held that there would be too many notes, those that are near each other become one, and times are less exact.
 */
export class ArrivalTimes {
  #notes: Note[] = [];
  #resolutionMs = RESOLUTION_MS;

  /** Audio up to `endSample` arrived. */
  note(endSample: number, atMs: number): void {
    this.#add({ endSample, atMs });
    while (this.#notes.length > MAX_NOTES) this.#coarsen();
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
    if (this.#notes.length < MAX_NOTES / 4) this.#resolutionMs = RESOLUTION_MS;
  }

  #add(note: Note): void {
    const last = this.#notes.at(-1);
    if (last && note.atMs - last.atMs < this.#resolutionMs) last.endSample = note.endSample;
    else this.#notes.push(note);
  }

  #coarsen(): void {
    this.#resolutionMs *= 2;
    const notes = this.#notes;
    this.#notes = [];
    for (const note of notes) this.#add(note);
  }
}
