import { Resampler } from '../audio/resampler.ts';
import { type CaptureChunk, type CaptureSettings, PROCESSOR_NAME } from '../capture/chunk.ts';

const CHUNK_MS = 100;
/** From here on a sample counts as clipped: 0.01 dB below full scale. */
const CLIPPED = 0.999;
const FULL_SCALE = 32_767;

/** Runs on the audio thread: mixes to mono, brings it to the rate asked for, and posts it as 16 bits. */
class CaptureProcessor extends AudioWorkletProcessor {
  /** Null where the context has the rate already. */
  readonly #resampler: Resampler | null;
  readonly #chunkSamples: number;
  #chunk: Int16Array<ArrayBuffer>;
  #filled = 0;
  #inputSamples = 0;
  #peak = 0;
  #clippedSamples = 0;
  /** For one quantum, mixed and resampled. */
  #mono = new Float32Array(128);
  #resampled = new Float32Array(128);

  constructor({ processorOptions }: AudioWorkletNodeOptions) {
    super();
    const { outputRate } = processorOptions as CaptureSettings;
    this.#resampler = outputRate === sampleRate ? null : new Resampler(sampleRate);
    this.#chunkSamples = Math.round((outputRate * CHUNK_MS) / 1000);
    this.#chunk = new Int16Array(this.#chunkSamples);
  }

  process([channels]: readonly (readonly Float32Array[])[]): boolean {
    // Without channels nothing is connected, or the microphone is gone.
    if (!channels || channels.length === 0) return true;
    const mono = this.#mix(channels);
    const samples = this.#resampler?.process(mono, (count) => this.#lend(count)) ?? mono;
    for (const sample of samples) {
      this.#chunk[this.#filled++] = Math.round(Math.max(-1, Math.min(1, sample)) * FULL_SCALE);
      if (this.#filled === this.#chunkSamples) this.#post();
    }

    return true;
  }

  /** The mean of the channels. @returns memory that the next call writes over. */
  #mix(channels: readonly Float32Array[]): Float32Array {
    const length = channels[0]!.length;
    if (this.#mono.length !== length) this.#mono = new Float32Array(length);
    const mono = this.#mono;
    for (let i = 0; i < length; i++) {
      let sum = 0;
      for (const channel of channels) sum += channel[i]!;
      const sample = sum / channels.length;
      mono[i] = sample;
      const magnitude = Math.abs(sample);
      if (magnitude > this.#peak) this.#peak = magnitude;
      if (magnitude >= CLIPPED) this.#clippedSamples++;
    }
    this.#inputSamples += length;

    return mono;
  }

  #lend(count: number): Float32Array {
    if (this.#resampled.length < count) this.#resampled = new Float32Array(count);

    return this.#resampled.subarray(0, count);
  }

  #post(): void {
    const chunk: CaptureChunk = {
      pcm: this.#chunk,
      inputSamples: this.#inputSamples,
      peak: this.#peak,
      clippedSamples: this.#clippedSamples,
      atMs: Date.now(),
    };
    this.port.postMessage(chunk, [this.#chunk.buffer]);
    this.#chunk = new Int16Array(this.#chunkSamples);
    this.#filled = 0;
    this.#inputSamples = 0;
    this.#peak = 0;
    this.#clippedSamples = 0;
  }
}

registerProcessor(PROCESSOR_NAME, CaptureProcessor);
