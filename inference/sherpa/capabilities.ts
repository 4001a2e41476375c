import type { RecognizerCapabilities } from '../recognizer.ts';
import { TIMED } from './heard.ts';
import type { SherpaGraphs } from './sherpa-graphs.ts';

/** They follow one after another: a batch saves the way to the thread, and no more. */
const MAX_BATCH_SIZE = 4;

/** What a model that sherpa-onnx runs can do, known before it is loaded. */
export function sherpaCapabilities(graphs: SherpaGraphs): Omit<RecognizerCapabilities, 'concurrency'> {
  return {
    languages: graphs.languages,
    maxBatchSize: MAX_BATCH_SIZE,
    maxSegmentSamples: graphs.maxSegmentSamples,
    batching: 'any',
    drafts: false,
    hotWords: graphs.hotWords !== null,
    words: TIMED.has(graphs.model.family),
    punctuates: graphs.punctuates,
    writesDigits: graphs.writesDigits,
  };
}
