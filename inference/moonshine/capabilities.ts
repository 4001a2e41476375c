import { type RecognizerCapabilities, SAMPLE_RATE } from '../recognizer.ts';
import type { MoonshineGraphs } from './moonshine-files.ts';

/** Trained on up to 30 s. */
const MAX_SEGMENT_SAMPLES = 30 * SAMPLE_RATE;
/** 16 go through 2 % faster than 8, at twice the memory: what more would gain is not worth it. */
const MAX_BATCH_SIZE = 16;

/** What the Moonshine adapter can do, known before any model is loaded. */
export function moonshineCapabilities(
  kind: MoonshineGraphs['kind'],
): Omit<RecognizerCapabilities, 'concurrency'> {
  return {
    languages: ['en'],
    maxBatchSize: MAX_BATCH_SIZE,
    maxSegmentSamples: MAX_SEGMENT_SAMPLES,
    // The shipped graphs take no mask.
    batching: kind === 'rebuilt' ? 'any' : 'equal-length',
    drafts: kind === 'rebuilt',
    // Weighing what else may have been said takes the cache of the rebuilt decoder.
    hotWords: kind === 'rebuilt',
    words: false,
    punctuates: true,
    writesDigits: false,
  };
}
