import { MEL_BINS, MelFilters } from './mel-filters.ts';
import { PowerSpectrum, TRANSFORM_SIZE } from './power-spectrum.ts';

/** A frame's length and the step to the next, in samples at 16 kHz: 25 and 10 ms. */
export const [FRAME_SAMPLES, FRAME_STEP_SAMPLES] = [400, 160];
/** In milliseconds. */
export const FRAME_STEP_MS = 10;
const PRE_EMPHASIS = Math.fround(0.97);
/** Below it there is nothing to take the logarithm of: the floats' epsilon, as Kaldi has it. */
const FLOOR = 2 ** -23;

const hamming = Float32Array.from(
  { length: FRAME_SAMPLES },
  (_, i) => 0.54 - 0.46 * Math.cos((2 * Math.PI * i) / (FRAME_SAMPLES - 1)),
);

/** Frames that fit into so many samples; what is left at the end is dropped (Kaldi's `snip_edges`). */
export function frameCount(samples: number): number {
  return samples < FRAME_SAMPLES ? 0 : 1 + Math.floor((samples - FRAME_SAMPLES) / FRAME_STEP_SAMPLES);
}

/**
 * Log-mel filterbanks as Kaldi computes them (src/feat/feature-fbank.cc, feature-window.cc): 25 ms each 10 ms, mean
 * removed, pre-emphasis 0.97, Hamming window, power spectrum of 512 points, 80 triangular filters, natural logarithm;
 * no dither, and no energy. Floats are rounded where kaldi-native-fbank rounds them, which SenseVoice's and
 * sherpa-onnx' front ends use.
 *
 * One for each thread: it works in memory of its own.
 */
export class Filterbank {
  readonly #spectrum = new PowerSpectrum();
  readonly #filters = new MelFilters();
  readonly #frame = new Float32Array(TRANSFORM_SIZE);
  readonly #power = new Float32Array(TRANSFORM_SIZE / 2);

  /**
   * @param samples mono at 16 kHz, in [-1, 1].
   * @param scale what they are multiplied with first: 32,768 for a model that was trained on 16-bit integers.
   * @returns `frameCount` rows of 80 numbers, one after the other.
   */
  compute(samples: Float32Array, scale: number): Float32Array {
    const frames = frameCount(samples.length);
    const features = new Float32Array(frames * MEL_BINS);
    for (let frame = 0; frame < frames; frame++) {
      this.#cut(samples, frame * FRAME_STEP_SAMPLES, scale);
      this.#spectrum.compute(this.#frame, this.#power);
      this.#filters.apply(this.#power, features, frame * MEL_BINS);
    }
    for (let i = 0; i < features.length; i++) features[i] = Math.log(Math.max(features[i]!, FLOOR));

    return features;
  }

  /** Puts one frame, conditioned and windowed, before the zeros of `#frame`. */
  #cut(samples: Float32Array, from: number, scale: number): void {
    const frame = this.#frame;
    let sum = 0;
    for (let i = 0; i < FRAME_SAMPLES; i++) {
      const sample = Math.fround(samples[from + i]! * scale);
      frame[i] = sample;
      sum = Math.fround(sum + sample);
    }
    const mean = Math.fround(sum / FRAME_SAMPLES);
    let before = Math.fround(frame[0]! - mean);
    for (let i = 0; i < FRAME_SAMPLES; i++) {
      const sample = Math.fround(frame[i]! - mean);
      // The first is its own predecessor.
      frame[i] = Math.fround(sample - Math.fround(PRE_EMPHASIS * before)) * hamming[i]!;
      before = sample;
    }
  }
}
