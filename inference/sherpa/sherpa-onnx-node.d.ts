/** The little of sherpa-onnx-node 1.13.8 that is used here: a CommonJS package without types. */
declare module 'sherpa-onnx-node' {
  export interface OfflineStream {
    /** What `sherpa-onnx-node/addon.js` knows it by. */
    readonly handle: object;
    acceptWaveform(wave: { readonly samples: Float32Array; readonly sampleRate: number }): void;
  }

  /** Paths, but where something else is said. A model is described in one of the fields of its `modelConfig`. */
  export interface OfflineRecognizerConfig {
    readonly featConfig: { readonly sampleRate: number; readonly featureDim: number };
    readonly modelConfig: {
      readonly transducer?: { readonly encoder: string; readonly decoder: string; readonly joiner: string };
      readonly paraformer?: { readonly model: string };
      readonly nemoCtc?: { readonly model: string };
      readonly zipformerCtc?: { readonly model: string };
      /** `language` is one of those in its metadata, or '' for whatever it hears; another ends the process. */
      readonly whisper?: {
        readonly encoder: string;
        readonly decoder: string;
        readonly language: string;
        readonly task: 'transcribe';
        /** Frames of silence behind the audio; -1 for as many as sherpa-onnx chooses. */
        readonly tailPaddings: number;
      };
      readonly moonshine?:
        | { readonly encoder: string; readonly mergedDecoder: string }
        | {
            readonly preprocessor: string;
            readonly encoder: string;
            readonly uncachedDecoder: string;
            readonly cachedDecoder: string;
          };
      readonly funasrNano?: {
        readonly encoderAdaptor: string;
        readonly llm: string;
        readonly embedding: string;
        /** A folder. */
        readonly tokenizer: string;
        /** Separated by commas. */
        readonly hotwords: string;
        readonly itn: 0 | 1;
        readonly temperature: number;
      };
      /** `language` is one of auto, zh, en, yue, ja and ko. */
      readonly senseVoice?: {
        readonly model: string;
        readonly language: string;
        readonly useInverseTextNormalization: 0 | 1;
      };
      readonly tokens: string;
      readonly numThreads: number;
      readonly provider: string;
      readonly modelType?: 'transducer' | 'nemo_transducer';
      /** What hot words are cut into. */
      readonly modelingUnit?: 'bpe' | 'cjkchar' | 'cjkchar+bpe';
      readonly bpeVocab?: string;
    };
    readonly decodingMethod?: 'greedy_search' | 'modified_beam_search';
    readonly maxActivePaths?: number;
    readonly hotwordsScore?: number;
    /** Separated by commas. */
    readonly ruleFsts?: string;
    readonly ruleFars?: string;
  }

  export interface OfflineResult {
    readonly text: string;
    readonly tokens: readonly string[];
    /** When each token begins, in seconds; empty where the model does not tell. */
    readonly timestamps: readonly number[];
    /** How long each token takes, in seconds; empty where the model does not tell. */
    readonly durations: readonly number[];
    /** Natural-log probability of each token; empty where the model does not tell. */
    readonly ys_log_probs: readonly number[];
    /** Of Whisper a code, and of SenseVoice tags; otherwise empty. */
    readonly lang: string;
    readonly emotion: string;
    readonly event: string;
  }

  /** What is wrong with a model mostly ends the process: see `probe-sherpa.ts`. */
  class OfflineRecognizer {
    constructor(config: OfflineRecognizerConfig);
    /** @param hotwords only for transducers that are decoded with `modified_beam_search`; others end the process. */
    createStream(hotwords?: string): OfflineStream;
    /** Takes effect for Whisper's language only. */
    setConfig(config: OfflineRecognizerConfig): void;
    /** Returns when the stream is decoded. */
    decode(stream: OfflineStream): void;
    getResult(stream: OfflineStream): OfflineResult;
  }

  class OfflinePunctuation {
    constructor(config: {
      readonly model: {
        readonly ctTransformer: string;
        readonly numThreads: number;
        readonly provider: string;
      };
    });
    addPunct(text: string): string;
  }

  /** Durations are in seconds, `windowSize` in samples. */
  class Vad {
    constructor(
      config: {
        readonly sileroVad: {
          readonly model: string;
          readonly threshold: number;
          readonly minSilenceDuration: number;
          readonly minSpeechDuration: number;
          readonly maxSpeechDuration: number;
          readonly windowSize: number;
        };
        readonly sampleRate: number;
        readonly numThreads: number;
        readonly provider: string;
      },
      bufferSizeInSeconds: number,
    );
    /** @param samples one window. */
    acceptWaveform(samples: Float32Array): void;
    /** Whether there is no finished segment. */
    isEmpty(): boolean;
    /** Whether somebody is speaking. */
    isDetected(): boolean;
    /** The first finished segment; `start` counts samples from the stream's beginning. */
    front(): { readonly start: number; readonly samples: Float32Array };
    pop(): void;
    /** Ends the segment that is open. */
    flush(): void;
  }

  const sherpa: {
    readonly OfflineRecognizer: typeof OfflineRecognizer;
    readonly OfflinePunctuation: typeof OfflinePunctuation;
    readonly Vad: typeof Vad;
  };
  export default sherpa;
}

declare module 'sherpa-onnx-node/addon.js' {
  const addon: {
    /** What the stream's `getResult` parses: no JSON where a number or a control character is in it that JSON does not have. */
    getOfflineStreamResultAsJson(stream: object): string;
  };
  export default addon;
}
