import { TRANSFORM_SIZE } from './power-spectrum.ts';

/** Filters of the bank, and so numbers of a frame. */
export const MEL_BINS = 80;
/** Where the lowest filter begins and the highest ends: Kaldi's default, and half the rate. */
const [LOW_HZ, HIGH_HZ] = [20, 8000];
const BIN_HZ = 16_000 / TRANSFORM_SIZE;

/** Hertz on the mel scale of HTK, in floats as Kaldi reckons. */
function mel(hertz: number): number {
  return Math.fround(1127 * Math.fround(Math.log(Math.fround(1 + Math.fround(hertz / 700)))));
}

/**
 * Kaldi's triangular filters (src/feat/mel-computations.cc): their corners are spaced evenly on the mel scale, and their
 * sides are straight there rather than in hertz. Weights are floats, and sums are rounded to floats at each step, as
 * Kaldi's are.
 */
export class MelFilters {
  /** First line of the spectrum that each filter weighs. */
  readonly #first = new Int32Array(MEL_BINS);
  /** Where each filter's weights begin among `#weights`; one more marks the end. */
  readonly #offsets = new Int32Array(MEL_BINS + 1);
  readonly #weights: Float32Array;

  constructor() {
    const low = mel(LOW_HZ);
    const step = Math.fround(Math.fround(mel(HIGH_HZ) - low) / (MEL_BINS + 1));
    const corner = (index: number) => Math.fround(low + Math.fround(index * step));
    const lines = Array.from({ length: TRANSFORM_SIZE / 2 }, (_, i) => mel(i * BIN_HZ));
    const weights: number[] = [];
    for (let bin = 0; bin < MEL_BINS; bin++) {
      const [left, centre, right] = [corner(bin), corner(bin + 1), corner(bin + 2)];
      this.#first[bin] = lines.findIndex((line) => line > left);
      for (const line of lines) {
        if (line <= left || line >= right) continue;
        const rising = Math.fround(Math.fround(line - left) / Math.fround(centre - left));
        const falling = Math.fround(Math.fround(right - line) / Math.fround(right - centre));
        weights.push(line <= centre ? rising : falling);
      }
      this.#offsets[bin + 1] = weights.length;
    }
    this.#weights = Float32Array.from(weights);
  }

  /** Writes the energy behind each filter to `energies[at]` and after. */
  apply(power: Float32Array, energies: Float32Array, at: number): void {
    const [first, offsets, weights] = [this.#first, this.#offsets, this.#weights];
    for (let bin = 0; bin < MEL_BINS; bin++) {
      const end = offsets[bin + 1]!;
      let energy = 0;
      for (let w = offsets[bin]!, line = first[bin]!; w < end; w++, line++) {
        energy = Math.fround(energy + Math.fround(weights[w]! * power[line]!));
      }
      energies[at + bin] = energy;
    }
  }
}
