/** The little of sherpa-onnx-node 1.13.8 that is used here: a CommonJS package without types. */
declare module 'sherpa-onnx-node' {
  export interface OfflineStream {
    acceptWaveform(wave: { readonly samples: Float32Array; readonly sampleRate: number }): void;
  }

  class OfflineRecognizer {
    constructor(config: {
      readonly featConfig: { readonly sampleRate: number; readonly featureDim: number };
      readonly modelConfig: {
        readonly moonshine?: { readonly encoder: string; readonly mergedDecoder: string };
        /** `language` is one of auto, zh, en, yue, ja and ko. */
        readonly senseVoice?: {
          readonly model: string;
          readonly language: string;
          readonly useInverseTextNormalization: 0 | 1;
        };
        readonly tokens: string;
        readonly numThreads: number;
        readonly provider: string;
      };
    });
    createStream(): OfflineStream;
    /** Returns when the stream is decoded. */
    decode(stream: OfflineStream): void;
    getResult(stream: OfflineStream): {
      readonly text: string;
      readonly tokens: readonly string[];
      /** When each token begins, in seconds. */
      readonly timestamps: readonly number[];
      readonly lang: string;
      readonly emotion: string;
      readonly event: string;
    };
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

  const sherpa: { readonly OfflineRecognizer: typeof OfflineRecognizer; readonly Vad: typeof Vad };
  export default sherpa;
}
