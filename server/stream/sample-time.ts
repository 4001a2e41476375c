import { SAMPLE_RATE } from '../../inference/recognizer.ts';

/** Samples at 16 kHz to whole milliseconds, rounded down: never more than there is. */
export function samplesToMs(samples: number): number {
  return Math.floor((samples * 1000) / SAMPLE_RATE);
}

/** Milliseconds to the nearest sample at 16 kHz. */
export function msToSamples(ms: number): number {
  return Math.round((ms * SAMPLE_RATE) / 1000);
}
