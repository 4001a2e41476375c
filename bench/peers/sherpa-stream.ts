import { SAMPLE_RATE } from '../../inference/recognizer.ts';
import { WINDOW_SAMPLES } from '../../inference/vad.ts';

/** sherpa-onnx's detector, as far as a stream needs it. */
export interface Detector {
  acceptWaveform(samples: Float32Array): void;
  isEmpty(): boolean;
  isDetected(): boolean;
  front(): { readonly start: number; readonly samples: Float32Array };
  pop(): void;
  flush(): void;
}

/** A finished stretch of speech. */
export interface Segment {
  readonly startSample: number;
  readonly samples: Float32Array;
}

/** Audio kept from before speech, and re-decoded with it: ten windows, as sherpa-onnx's examples keep. */
const LEAD_SAMPLES = 10 * WINDOW_SAMPLES;
/** Longest the model takes; of longer speech, partials are of its end. */
const MAX_SAMPLES = 30 * SAMPLE_RATE;

/**
 * One connection's audio, as in sherpa-onnx's examples of "simulated streaming" (simulate-streaming-*): windows go into
 * a voice activity detector of the stream's own; what it cuts out becomes a final, and while it hears speech all audio
 * since a little before is decoded anew whenever an interval has passed.
 */
export class SherpaStream {
  readonly #detector: Detector;
  readonly #intervalMs: number;
  /** Audio that is less than a window. */
  readonly #window = new Float32Array(WINDOW_SAMPLES);
  #windowFill = 0;
  #audio = new Float32Array(LEAD_SAMPLES);
  #audioLength = 0;
  #positionSample = 0;
  #speaking = false;
  #partialAtMs = 0;
  #settledSample = 0;
  readonly #finished: Segment[] = [];

  /** @param intervalMs least time between two partials. */
  constructor(detector: Detector, intervalMs: number) {
    this.#detector = detector;
    this.#intervalMs = intervalMs;
  }

  /** Samples that have been through the detector. */
  get positionSample(): number {
    return this.#positionSample;
  }

  /** Audio before this is no longer needed: it is silence, or in a final that has been taken. */
  get settledSample(): number {
    return this.#settledSample;
  }

  /** @param nowMs of the same clock as those of the other methods. */
  isPartialDue(nowMs: number): boolean {
    return this.#speaking && nowMs - this.#partialAtMs >= this.#intervalMs;
  }

  accept(samples: Float32Array, nowMs: number): void {
    for (let at = 0; at < samples.length; ) {
      const piece = samples.subarray(at, at + WINDOW_SAMPLES - this.#windowFill);
      this.#window.set(piece, this.#windowFill);
      this.#windowFill += piece.length;
      at += piece.length;
      if (this.#windowFill === WINDOW_SAMPLES) this.#acceptWindow(nowMs);
    }
  }

  /** Ends the open segment; what is less than a window is let go. */
  flush(): void {
    this.#detector.flush();
    this.#collect();
  }

  /** The audio of a partial that is due, up to now; the next is due an interval later. */
  takePartial(nowMs: number): Segment {
    this.#partialAtMs = nowMs;

    return {
      startSample: this.#positionSample - this.#audioLength,
      samples: this.#audio.slice(0, this.#audioLength),
    };
  }

  takeFinal(): Segment | undefined {
    const segment = this.#finished.shift();
    if (segment) this.#settledSample = segment.startSample + segment.samples.length;

    return segment;
  }

  #acceptWindow(nowMs: number): void {
    this.#keep(this.#window);
    this.#windowFill = 0;
    this.#positionSample += WINDOW_SAMPLES;
    this.#detector.acceptWaveform(this.#window);
    if (!this.#speaking && this.#detector.isDetected()) {
      this.#speaking = true;
      this.#partialAtMs = nowMs;
    }
    this.#collect();
    if (this.#speaking || this.#finished.length > 0) return;
    if (this.#audioLength > LEAD_SAMPLES) this.#drop(this.#audioLength - LEAD_SAMPLES);
    this.#settledSample = Math.max(this.#settledSample, this.#positionSample - this.#audioLength);
  }

  #collect(): void {
    while (!this.#detector.isEmpty()) {
      const { start, samples } = this.#detector.front();
      this.#detector.pop();
      this.#finished.push({ startSample: start, samples });
      this.#speaking = false;
    }
  }

  #keep(window: Float32Array): void {
    if (this.#audioLength + window.length > MAX_SAMPLES) this.#drop(window.length);
    if (this.#audioLength + window.length > this.#audio.length) {
      const larger = new Float32Array(2 * this.#audio.length);
      larger.set(this.#audio.subarray(0, this.#audioLength));
      this.#audio = larger;
    }
    this.#audio.set(window, this.#audioLength);
    this.#audioLength += window.length;
  }

  #drop(samples: number): void {
    this.#audio.copyWithin(0, samples, this.#audioLength);
    this.#audioLength -= samples;
  }
}
