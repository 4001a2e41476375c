/** Lags are told apart to this. */
const STEP_MS = 0.5;
const STEPS = 20_000;

/** Counts lags in steps of half a millisecond, up to ten seconds: memory does not grow with the run. */
export class LagHistogram {
  readonly #counts = new Uint32Array(STEPS);
  #total = 0;

  add(lagMs: number): void {
    this.#counts[Math.min(STEPS - 1, Math.max(0, Math.floor(lagMs / STEP_MS)))]!++;
    this.#total++;
  }

  /** Upper edge of the step the nearest rank falls into; 0 of none. @param share in (0, 1]. */
  percentile(share: number): number {
    let left = Math.ceil(share * this.#total);
    for (let step = 0; left > 0; step++) {
      left -= this.#counts[step]!;
      if (left <= 0) return (step + 1) * STEP_MS;
    }

    return 0;
  }
}
