import type { OfflineRecognizerConfig } from 'sherpa-onnx-node';
import { SAMPLE_RATE } from '../recognizer.ts';
import type { SherpaGraphs, SherpaModel } from './sherpa-graphs.ts';

type ModelFields = Omit<OfflineRecognizerConfig['modelConfig'], 'tokens' | 'numThreads' | 'provider'>;

/** What is added to the score of a path for each token of a hot word of the usual weight: sherpa-onnx' own default. */
export const HOT_WORD_SCORE = 1.5;
/** Paths that are followed at once where hot words can be given: sherpa-onnx' own default. */
const ACTIVE_PATHS = 4;

/** At most this, Fun-ASR-Nano takes the likeliest token instead of drawing one; 0 would be sherpa-onnx' own choice. */
const GREEDY = 1e-6;

/**
 * What sherpa-onnx is told of a model.
 * @param language Whisper's code, or '' for whatever it hears.
 */
export function recognizerConfig(graphs: SherpaGraphs, language: string): OfflineRecognizerConfig {
  const { model, tokens, hotWords, ruleFsts, ruleFars } = graphs;

  return {
    // What a model needs besides it takes from its metadata.
    featConfig: { sampleRate: SAMPLE_RATE, featureDim: 80 },
    modelConfig: {
      ...modelFields(model, language),
      tokens: tokens ?? '',
      // One batch, one thread: more threads are more inference threads.
      numThreads: 1,
      provider: 'cpu',
      ...(hotWords && { modelingUnit: hotWords.unit, bpeVocab: hotWords.bpeVocab ?? '' }),
    },
    decodingMethod: hotWords ? 'modified_beam_search' : 'greedy_search',
    maxActivePaths: ACTIVE_PATHS,
    hotwordsScore: HOT_WORD_SCORE,
    ruleFsts: ruleFsts.join(','),
    ruleFars: ruleFars.join(','),
  };
}

function modelFields(model: SherpaModel, language: string): ModelFields {
  switch (model.family) {
    case 'transducer':
    case 'nemo-transducer': {
      const { encoder, decoder, joiner } = model;
      const modelType = model.family === 'transducer' ? 'transducer' : 'nemo_transducer';

      return { transducer: { encoder, decoder, joiner }, modelType };
    }
    case 'zipformer-ctc':
      return { zipformerCtc: { model: model.model } };
    case 'nemo-ctc':
      return { nemoCtc: { model: model.model } };
    case 'paraformer':
      return { paraformer: { model: model.model } };
    case 'whisper': {
      const { encoder, decoder } = model;

      return { whisper: { encoder, decoder, language, task: 'transcribe', tailPaddings: -1 } };
    }
    case 'moonshine':
      return { moonshine: { encoder: model.encoder, mergedDecoder: model.mergedDecoder } };
    case 'moonshine-v1': {
      const { preprocessor, encoder, uncachedDecoder, cachedDecoder } = model;

      return { moonshine: { preprocessor, encoder, uncachedDecoder, cachedDecoder } };
    }
    case 'fun-asr-nano': {
      const { encoderAdaptor, llm, embedding, tokenizer } = model;
      const hotwords = model.hotWords.join(',');

      return {
        funasrNano: { encoderAdaptor, llm, embedding, tokenizer, hotwords, itn: 1, temperature: GREEDY },
      };
    }
  }
}
