/** What the worklet posts: about 100 ms of one microphone. */
export interface CaptureChunk {
  /** Mono, at the rate that was asked for; the receiver's own. */
  readonly pcm: Int16Array<ArrayBuffer>;
  /** Samples that came of the microphone, at the context's rate. */
  readonly inputSamples: number;
  /** Greatest absolute value among them, 0 to 1 and beyond. */
  readonly peak: number;
  /** How many of them were at full scale. */
  readonly clippedSamples: number;
  /** When the last of them was there, by `Date.now()` on the audio thread, which no page keeps busy. */
  readonly atMs: number;
}

/** What the worklet is told when it is made. */
export interface CaptureSettings {
  /** Rate of `pcm`: 16000, or the context's own. */
  readonly outputRate: number;
}

/** The name it registers its processor under. */
export const PROCESSOR_NAME = 'roundtable-capture';
