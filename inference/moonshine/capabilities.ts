import { type RecognizerCapabilities, SAMPLE_RATE } from '../recognizer.ts';

/** Trained on up to 30 s. */
const MAX_SEGMENT_SAMPLES = 30 * SAMPLE_RATE;
/** More gains little: decoding is bound by memory bandwidth only at small batches. */
const MAX_BATCH_SIZE = 8;

/** What the Moonshine adapter can do, known before any model is loaded. */
export const MOONSHINE_CAPABILITIES: Omit<RecognizerCapabilities, 'concurrency'> = {
  languages: ['en'],
  maxBatchSize: MAX_BATCH_SIZE,
  maxSegmentSamples: MAX_SEGMENT_SAMPLES,
  batching: 'equal-length',
};
