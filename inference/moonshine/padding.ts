import { ATTENTION_STEP } from './dimensions.ts';

/** The convolutions at the front yield no frame for less than this. */
export const MIN_SAMPLES = 1024;

/** A segment as the encoder takes it: padded with zeros when it is very short. */
export function padded(samples: Float32Array): Float32Array {
  if (samples.length >= MIN_SAMPLES) return samples;
  const longer = new Float32Array(MIN_SAMPLES);
  longer.set(samples);

  return longer;
}

/** Kernel and stride of the three convolutions. */
export const CONVOLUTIONS = [
  [127, 64],
  [7, 3],
  [3, 2],
] as const;

/** Samples from one frame to the next: what the strides make together. */
const FRAME_SAMPLES = 64 * 3 * 2;
/** What the kernels reach beyond the last frame, rounded up to whole blocks of the first stride. */
const REACH_SAMPLES = 832;

/**
 * Samples that a row of `samples` is padded to where convolutions are products over whole blocks: such as make a number of
 * frames that is a multiple of 64 (see `ATTENTION_STEP`), so of 1.5 s of audio. There are few such lengths, and rows of one
 * share a run without waste.
 */
export function paddedSamples(samples: number): number {
  const step = ATTENTION_STEP * FRAME_SAMPLES;

  return Math.max(1, Math.ceil((samples - REACH_SAMPLES) / step)) * step + REACH_SAMPLES;
}

/** Frames that the encoder makes of so many samples. */
export function frameCount(samples: number): number {
  return CONVOLUTIONS.reduce(
    (length, [kernel, stride]) => Math.floor((length - kernel) / stride) + 1,
    samples,
  );
}
