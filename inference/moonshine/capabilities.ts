import { type RecognizerCapabilities, SAMPLE_RATE } from '../recognizer.ts';
import type { MoonshineGraphs } from './moonshine-files.ts';

/** Trained on up to 30 s. */
const MAX_SEGMENT_SAMPLES = 30 * SAMPLE_RATE;
/** 16 go through 2 % faster than 8, at twice the memory: what more would gain is not worth it. */
const MAX_BATCH_SIZE = 16;
/** A GPU takes hardly longer for 64 rows than for one: each token is hundreds of small operations either way. */
const MAX_ONE_RUN_BATCH_SIZE = 64;

/** What the Moonshine adapter can do, known before any model is loaded. */
export function moonshineCapabilities(
  kind: MoonshineGraphs['kind'],
): Omit<RecognizerCapabilities, 'concurrency'> {
  return {
    languages: ['en'],
    maxBatchSize: kind === 'one-run' ? MAX_ONE_RUN_BATCH_SIZE : MAX_BATCH_SIZE,
    maxSegmentSamples: MAX_SEGMENT_SAMPLES,
    // The shipped graphs take no mask.
    batching: kind === 'shipped' ? 'equal-length' : 'any',
    // Of the rest, one run is a loop that takes one token a turn, in which a draft saves nothing.
    drafts: kind === 'rebuilt',
    // Weighing what else may have been said takes the cache of the rebuilt decoder.
    hotWords: kind === 'rebuilt',
    words: false,
    punctuates: true,
    writesDigits: false,
  };
}
