/** Quiet windows before the gate closes: a pause between words is the detector's to judge. */
const CLOSE_AFTER_WINDOWS = 16;

/** Mean square of a window's samples: 1 is a full-scale square wave. */
export function powerOf(samples: Float32Array, from = 0, to = samples.length): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += samples[i]! * samples[i]!;

  return to === from ? 0 : sum / (to - from);
}

/**
 * Keeps muted and unplugged microphones away from the voice activity detector: closed after half a second below
 * the threshold, open again with the first window above it. Judges window by window, so that it does not matter in
 * which portions audio arrives.
 */
export class EnergyGate {
  readonly #thresholdPower: number;
  #quietWindows: number;

  /**
   * @param thresholdDbfs level of a window, in dB below a full-scale square wave.
   * @param quietWindows quiet windows so far; as after long silence when left out.
   */
  constructor(thresholdDbfs: number, quietWindows = CLOSE_AFTER_WINDOWS + 1) {
    this.#thresholdPower = 10 ** (thresholdDbfs / 10);
    this.#quietWindows = quietWindows;
  }

  /** Quiet windows up to now, as the constructor takes them. */
  get quietWindows(): number {
    return Math.min(this.#quietWindows, CLOSE_AFTER_WINDOWS + 1);
  }

  /** Takes the next window's power. @returns whether the detector has to hear the window. */
  admits(power: number): boolean {
    this.#quietWindows = power >= this.#thresholdPower ? 0 : this.#quietWindows + 1;

    return this.#quietWindows <= CLOSE_AFTER_WINDOWS;
  }
}
