import { Filterbank, FRAME_STEP_MS } from './filterbank.ts';
import type { SenseVoiceLayout } from './layout.ts';
import { MEL_BINS } from './mel-filters.ts';

/** What a segment becomes for the model. */
export interface Features {
  /** `frames` rows of 80 × window numbers, one after the other. */
  readonly values: Float32Array;
  readonly frames: number;
}

/**
 * From samples to what the model takes: filterbank frames, stacked to a lower rate (Pundak & Sainath 2016, "Lower Frame
 * Rate Neural Network Acoustic Models") and normalised by the mean and variance of the training data.
 *
 * The first frame is repeated half a window before the beginning and the last one behind the end, so that a stack is
 * about its middle and none of the audio is lost: FunASR's `WavFrontend.apply_lfr`, which the models were trained with,
 * and sherpa-onnx 1.13.8; older versions of it stacked whole windows only.
 */
export class FrontEnd {
  readonly #filterbank = new Filterbank();
  readonly #layout: SenseVoiceLayout;
  readonly #shift: Float32Array | null;
  readonly #scale: Float32Array | null;

  constructor(layout: SenseVoiceLayout) {
    this.#layout = layout;
    this.#shift = layout.normalisation && Float32Array.from(layout.normalisation.shift);
    this.#scale = layout.normalisation && Float32Array.from(layout.normalisation.scale);
  }

  /** Numbers of a stacked frame. */
  get width(): number {
    return MEL_BINS * this.#layout.stackWindow;
  }

  /** Features of a segment at 16 kHz; no frames when it is too short for one. */
  extract(samples: Float32Array): Features {
    const { sampleScale, stackWindow, stackStep } = this.#layout;
    const bank = this.#filterbank.compute(samples, sampleScale);
    const bankFrames = bank.length / MEL_BINS;
    const lead = leadingFrames(this.#layout);
    const frames = Math.ceil(bankFrames / stackStep);
    const values = new Float32Array(frames * this.width);
    for (let frame = 0; frame < frames; frame++) {
      for (let i = 0; i < stackWindow; i++) {
        const wanted = frame * stackStep + i - lead;
        const from = Math.min(Math.max(wanted, 0), bankFrames - 1) * MEL_BINS;
        values.set(bank.subarray(from, from + MEL_BINS), frame * this.width + i * MEL_BINS);
      }
    }
    this.#normalise(values);

    return { values, frames };
  }

  #normalise(values: Float32Array): void {
    const [shift, scale] = [this.#shift, this.#scale];
    if (!shift || !scale) return;
    for (let at = 0; at < values.length; at += shift.length) {
      for (let i = 0; i < shift.length; i++) {
        values[at + i] = Math.fround(values[at + i]! + shift[i]!) * scale[i]!;
      }
    }
  }
}

/** Repetitions of the first frame before the first stack. */
function leadingFrames({ stackWindow }: SenseVoiceLayout): number {
  return Math.floor((stackWindow - 1) / 2);
}

/**
 * When a position begins, in milliseconds after its segment does. As FunASR has it: half a step before the middle of its
 * stack.
 */
export function positionMs({ stackStep }: SenseVoiceLayout, position: number): number {
  return Math.max(0, (position - 0.5) * stackStep * FRAME_STEP_MS);
}
