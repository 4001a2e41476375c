import { AudioBuffer } from '../audio/audio-buffer.ts';
import type { Clock } from '../clock.ts';
import { StreamError } from '../errors.ts';
import { ArrivalTimes } from './arrival-times.ts';
import { LivePace } from './live-pace.ts';
import { samplesToMs } from './sample-time.ts';

/**
 * A stream's audio until it is final, when it came, and whether it comes as it is spoken. Positions are samples at 16 kHz
 * since the stream began.
 */
export class HeldAudio {
  readonly #buffer: AudioBuffer;
  readonly #clock: Clock;
  readonly #arrivals = new ArrivalTimes();
  readonly #pace: LivePace;

  /**
   * @param connectedAtMs from when on the audio may have been spoken.
   * @param startSample position of the first sample to come.
   */
  constructor(maxSamples: number, connectedAtMs: number, clock: Clock, startSample = 0) {
    this.#buffer = new AudioBuffer(maxSamples, startSample);
    this.#clock = clock;
    this.#pace = new LivePace(connectedAtMs);
  }

  /** Samples that can be appended. */
  get free(): number {
    return this.#buffer.free;
  }

  /** Where the audio ends that has come so far. */
  get endSample(): number {
    return this.#buffer.endSample;
  }

  /** Whether it comes no faster than it can be spoken. */
  get isLive(): boolean {
    return this.#pace.isLive(this.#clock.now());
  }

  /** Copies what has come. @throws {StreamError} `audio-overrun` when it is more than can be held; none is taken. */
  append(samples: Float32Array): void {
    if (samples.length > this.#buffer.free) throw new StreamError('audio-overrun');
    const nowMs = this.#clock.now();
    const beforeMs = samplesToMs(this.#buffer.endSample);
    this.#buffer.append(samples);
    this.#arrivals.note(this.#buffer.endSample, nowMs);
    this.#pace.receive(samplesToMs(this.#buffer.endSample) - beforeMs, nowMs);
  }

  /** Copies as many samples as `target` holds, from `startSample` on, which has to be held. */
  copyTo(target: Float32Array, startSample: number): void {
    this.#buffer.copyTo(target, startSample);
  }

  /** When the audio before `endSample` was there; now, where that is no longer known. */
  arrivedAtMs(endSample: number): number {
    return this.#arrivals.of(endSample) ?? this.#clock.now();
  }

  /** Lets go of what lies before `sample`. */
  discardBefore(sample: number): void {
    this.#buffer.discardBefore(sample);
    this.#arrivals.forgetBefore(sample);
  }
}
