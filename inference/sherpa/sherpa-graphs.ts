/** Paths of the graphs of one model, by its kind. */
export type SherpaModel =
  | {
      /** icefall's Zipformers and Conformers, or NeMo's: Parakeet, FastConformer, GigaAM. */
      readonly family: 'transducer' | 'nemo-transducer';
      readonly encoder: string;
      readonly decoder: string;
      readonly joiner: string;
    }
  | { readonly family: 'zipformer-ctc' | 'nemo-ctc' | 'paraformer'; readonly model: string }
  | {
      readonly family: 'whisper';
      readonly encoder: string;
      readonly decoder: string;
      /** Codes that it can be asked for; none where it only knows English. */
      readonly languageCodes: readonly string[];
    }
  | { readonly family: 'moonshine'; readonly encoder: string; readonly mergedDecoder: string }
  | {
      readonly family: 'moonshine-v1';
      readonly preprocessor: string;
      readonly encoder: string;
      readonly uncachedDecoder: string;
      readonly cachedDecoder: string;
    }
  | {
      readonly family: 'fun-asr-nano';
      readonly encoderAdaptor: string;
      readonly llm: string;
      readonly embedding: string;
      /** A folder. */
      readonly tokenizer: string;
      /** What its prompt names; the same for all streams. */
      readonly hotWords: readonly string[];
    };

/** A model that was found, and what its files say of it. */
export interface FoundModel {
  readonly model: SherpaModel;
  /** Path of its vocabulary; null where it has a folder of its own for it. */
  readonly tokens: string | null;
  /** What the exporter wrote down. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** How a transducer's hot words are cut into its tokens. */
export interface HotWordUnits {
  readonly unit: 'bpe' | 'cjkchar' | 'cjkchar+bpe';
  /** Path of the pieces and their scores; null for characters alone. */
  readonly bpeVocab: string | null;
}

/** A model that sherpa-onnx runs. Plain data: it is sent to threads. */
export interface SherpaGraphs {
  readonly kind: 'sherpa';
  readonly model: SherpaModel;
  /** Path of the vocabulary; null for a model that has a folder of its own for it. */
  readonly tokens: string | null;
  /** Whether the vocabulary is in base64. */
  readonly base64: boolean;
  /** BCP 47 primary tags, or `['*']` where nobody can tell. */
  readonly languages: readonly string[];
  readonly punctuates: boolean;
  readonly writesDigits: boolean;
  /** Null for a model that takes no hot words, or has not what they are cut into tokens with. */
  readonly hotWords: HotWordUnits | null;
  /** Paths of rules that rewrite the text, in their order. */
  readonly ruleFsts: readonly string[];
  readonly ruleFars: readonly string[];
  /** Path of a CT-Transformer that puts in punctuation. */
  readonly punctuation: string | null;
  readonly maxSegmentSamples: number;
}
