import { type RecognizerCapabilities, SAMPLE_RATE } from '../recognizer.ts';
import type { SenseVoiceGraphs } from './layout.ts';

/** Trained on up to 30 s. */
const MAX_SEGMENT_SAMPLES = 30 * SAMPLE_RATE;
const MAX_BATCH_SIZE = 16;

/** What the SenseVoice adapter can do, known before the model is loaded. */
export function senseVoiceCapabilities({
  layout,
  pads,
}: Pick<SenseVoiceGraphs, 'layout' | 'pads'>): Omit<RecognizerCapabilities, 'concurrency'> {
  return {
    languages: layout.languages,
    maxBatchSize: MAX_BATCH_SIZE,
    maxSegmentSamples: MAX_SEGMENT_SAMPLES,
    batching: pads ? 'any' : 'equal-length',
    // All of a segment is decoded in one pass, however much of it is known.
    drafts: false,
    hotWords: true,
    words: true,
    punctuates: true,
    writesDigits: true,
  };
}
