/** The little of sherpa-onnx-node 1.13.8 that is used here: a CommonJS package without types. */
declare module 'sherpa-onnx-node' {
  interface OfflineStream {
    acceptWaveform(wave: { readonly samples: Float32Array; readonly sampleRate: number }): void;
  }

  class OfflineRecognizer {
    constructor(config: {
      readonly featConfig: { readonly sampleRate: number; readonly featureDim: number };
      readonly modelConfig: {
        readonly moonshine: { readonly encoder: string; readonly mergedDecoder: string };
        readonly tokens: string;
        readonly numThreads: number;
        readonly provider: string;
      };
    });
    createStream(): OfflineStream;
    /** Returns when the stream is decoded. */
    decode(stream: OfflineStream): void;
    getResult(stream: OfflineStream): { readonly text: string };
  }

  const sherpa: { readonly OfflineRecognizer: typeof OfflineRecognizer };
  export default sherpa;
}
