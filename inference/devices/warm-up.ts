import { SAMPLE_RATE, type SpeechSegment } from '../recognizer.ts';
import type { FallbackRecognizer } from './fallback-recognizer.ts';

/** Lengths of the segments that a GPU is warmed with, in seconds, and shares of the largest batch. */
const SECONDS = [1, 2, 4, 8, 15, 30];
const SHARES = [0, 0.25, 1];
/** Of all models of a thread: the server is not ready before, where all batches take so long. */
export const MAX_WARM_UP_MS = 20_000;

/**
 * Has a GPU decode silence in batches of the sizes and lengths it will see, the smallest first: it loads code as it is first
 * used, and takes memory as it is first needed. What does not fit goes to the processor now rather than in a meeting. Ends
 * early where the next batch would take longer than is left, by what the one before took. A GPU that cannot decode silence, for
 * whatever reason, is left. Nothing is done for a model that runs on the processor.
 * @param maxMs how long it may take.
 */
export async function warmUpGpu(
  recognizer: FallbackRecognizer,
  maxMs: number,
  now: () => number = () => performance.now(),
): Promise<void> {
  const untilMs = now() + maxMs;
  const { maxBatchSize, maxSegmentSamples } = recognizer.capabilities;
  const shapes = SHARES.flatMap((share) =>
    SECONDS.map((seconds) => ({
      rows: Math.max(1, Math.floor(share * maxBatchSize)),
      samples: Math.min(maxSegmentSamples, seconds * SAMPLE_RATE),
    })),
  ).sort((one, other) => one.rows * one.samples - other.rows * other.samples);
  let msPerSample = 0;
  // The smallest one twice: the first time, what it takes is mostly loading.
  for (const [i, { rows, samples }] of [shapes[0]!, ...shapes].entries()) {
    const startedAtMs = now();
    const isTooLong = startedAtMs + msPerSample * rows * samples > untilMs;
    if (recognizer.standing.runs === 'cpu' || isTooLong) return;
    const segment: SpeechSegment = { samples: new Float32Array(samples), language: null };
    try {
      await recognizer.decode(new Array<SpeechSegment>(rows).fill(segment));
    } catch (error) {
      recognizer.leaveDevice(error);
      return;
    }
    if (i > 0) msPerSample = (now() - startedAtMs) / (rows * samples);
  }
}
