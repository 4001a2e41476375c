import type { AudioBooks as AudioBooksMs } from '../../client-sdk/protocol.ts';
import { samplesToMs } from './sample-time.ts';

/**
 * Where every sample of one stream went, in samples at 16 kHz. Audio is settled in order, each sample once, as
 * transcribed, silence, or dropped; what is received and not yet settled is under way. Each fate is counted by itself,
 * so that a sample settled twice or never shows as an imbalance.
 */
export class AudioBooks {
  #received = 0;
  #transcribed = 0;
  #silence = 0;
  #dropped = 0;
  #settled = 0;

  /** Everything before this is settled: the position that may be acknowledged. */
  get settledSample(): number {
    return this.#settled;
  }

  get receivedSamples(): number {
    return this.#received;
  }

  get transcribedSamples(): number {
    return this.#transcribed;
  }

  get silenceSamples(): number {
    return this.#silence;
  }

  get droppedSamples(): number {
    return this.#dropped;
  }

  receive(samples: number): void {
    this.#received += samples;
  }

  /** Settles a segment, and what lies before it as silence. */
  settleSegment(startSample: number, endSample: number, as: 'transcribed' | 'dropped'): void {
    this.settleSilence(startSample);
    if (as === 'transcribed') this.#transcribed += endSample - startSample;
    else this.#dropped += endSample - startSample;
    this.#settled = endSample;
  }

  /** Settles what is not yet settled before `endSample` as silence. */
  settleSilence(endSample: number): void {
    if (endSample <= this.#settled) return;
    this.#silence += endSample - this.#settled;
    this.#settled = endSample;
  }

  /** Settles everything received as dropped: nobody waits for it any more. */
  dropRest(): void {
    if (this.#received <= this.#settled) return;
    this.#dropped += this.#received - this.#settled;
    this.#settled = this.#received;
  }

  /** The books in milliseconds. What balances in samples balances here too: silence takes the rounding. */
  inMs(): AudioBooksMs {
    const receivedMs = samplesToMs(this.#received);
    const transcribedMs = samplesToMs(this.#transcribed);
    const droppedMs = samplesToMs(this.#dropped);
    const unaccountedMs = samplesToMs(this.#received - this.#transcribed - this.#silence - this.#dropped);

    return {
      receivedMs,
      transcribedMs,
      droppedMs,
      silenceMs: receivedMs - transcribedMs - droppedMs - unaccountedMs,
    };
  }
}
