// What an AudioWorklet's scope has besides the language, as far as it is used: TypeScript ships no types of it.

/** https://webaudio.github.io/web-audio-api/#AudioWorkletProcessor */
declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort;
  abstract process(inputs: readonly (readonly Float32Array[])[]): boolean;
}

declare function registerProcessor(
  name: string,
  processor: new (options: AudioWorkletNodeOptions) => AudioWorkletProcessor,
): void;

/** Of the context that the worklet is in. */
declare const sampleRate: number;
