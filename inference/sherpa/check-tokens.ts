import { ModelFilesError } from '../model-files-error.ts';
import { kindOf } from './find-graphs.ts';
import type { FoundModel } from './sherpa-graphs.ts';

/** Metadata that sherpa-onnx ends the process without. */
const NEEDED: Readonly<Partial<Record<FoundModel['model']['family'], readonly string[]>>> = {
  paraformer: ['vocab_size', 'lfr_window_size', 'lfr_window_shift', 'neg_mean', 'inv_stddev'],
  'nemo-ctc': ['vocab_size', 'subsampling_factor'],
  'nemo-transducer': ['vocab_size', 'subsampling_factor', 'pred_rnn_layers', 'pred_hidden'],
  transducer: ['vocab_size', 'context_size'],
  whisper: ['n_mels', 'n_vocab', 'sot', 'eot', 'sot_sequence', 'is_multilingual'],
};

/** A list may have some more than the graph: the blank, and those that only decoding graphs need (`#0`). */
const UNSPOKEN_TOKENS = 16;

/**
 * What the metadata says has to be there, and has to agree with the vocabulary.
 * @param tokens how many the vocabulary has.
 * @throws {ModelFilesError} when it does not.
 */
export function checkTokens({ model, metadata }: FoundModel, tokens: number): void {
  const { family } = model;
  const missing = (NEEDED[family] ?? []).filter((key) => (metadata.get(key) ?? '') === '');
  if (missing.length > 0) {
    throw new ModelFilesError(
      `The metadata of ${kindOf(family)} has no ${missing.join(' and no ')}: use sherpa-onnx' export as it is published.`,
    );
  }
  if (!metadata.has('vocab_size')) return;
  const size = Number(metadata.get('vocab_size'));
  // NeMo does not count the blank.
  const least = family === 'nemo-transducer' ? size + 1 : size;
  const most = family === 'nemo-transducer' ? least : least + UNSPOKEN_TOKENS;
  if (!(tokens >= least && tokens <= most)) {
    throw new ModelFilesError(
      `The model contradicts what is written beside it: ${least} tokens against ${tokens} in tokens.txt. Its files belong to different models.`,
    );
  }
}
