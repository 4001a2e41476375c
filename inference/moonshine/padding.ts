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

/** Frames that the encoder makes of so many samples. */
export function frameCount(samples: number): number {
  return CONVOLUTIONS.reduce(
    (length, [kernel, stride]) => Math.floor((length - kernel) / stride) + 1,
    samples,
  );
}
