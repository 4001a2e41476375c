import { SAMPLE_RATE, type SpeechSegment } from '../recognizer.ts';
import type { FallbackRecognizer } from './fallback-recognizer.ts';

/** Audio of the batches that a GPU is warmed with, in seconds: the longest first, so that its memory shows at once. */
const SECONDS = [30, 15, 8, 4, 2, 1];
/** Shares of the largest batch. */
const SHARES = [1, 0.25, 0];
/** No batch is begun after so long: the server is not ready before. */
const MAX_WARM_UP_MS = 20_000;

/**
 * Has a GPU decode silence in batches of the sizes and lengths it will see: it loads code as it is first used, and takes memory
 * as it is first needed. What turns out not to fit goes to the processor now rather than in a meeting. Nothing is done for a
 * model that runs on the processor.
 */
export async function warmUpGpu(
  recognizer: FallbackRecognizer,
  now: () => number = () => performance.now(),
): Promise<void> {
  const untilMs = now() + MAX_WARM_UP_MS;
  const { maxBatchSize, maxSegmentSamples } = recognizer.capabilities;
  for (const share of SHARES) {
    for (const seconds of SECONDS) {
      if (recognizer.standing.runs === 'cpu' || now() >= untilMs) return;
      const samples = new Float32Array(Math.min(maxSegmentSamples, seconds * SAMPLE_RATE));
      const segment: SpeechSegment = { samples, language: null };
      await recognizer.decode(
        new Array<SpeechSegment>(Math.max(1, Math.floor(share * maxBatchSize))).fill(segment),
      );
    }
  }
}
