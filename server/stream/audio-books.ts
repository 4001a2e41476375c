import type { AudioBooks as AudioBooksMs } from '../../client-sdk/protocol.ts';
import { SAMPLE_RATE } from '../../inference/recognizer.ts';

/**
 * Where every sample of one stream went, in samples at 16 kHz. Audio is settled in order, each sample once, as
 * transcribed, silence, or dropped; what is received and not yet settled is under way.
 */
export class AudioBooks {
  #received = 0;
  #transcribed = 0;
  #silence = 0;
  #dropped = 0;

  /** Everything before this is settled: the position that may be acknowledged. */
  get settledSample(): number {
    return this.#transcribed + this.#silence + this.#dropped;
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
    const samples = endSample - this.settledSample;
    if (as === 'transcribed') this.#transcribed += samples;
    else this.#dropped += samples;
  }

  /** Settles what is not yet settled before `endSample` as silence. */
  settleSilence(endSample: number): void {
    this.#silence += Math.max(0, endSample - this.settledSample);
  }

  /** Settles everything received as dropped: nobody waits for it any more. */
  dropRest(): void {
    this.#dropped += this.#received - this.settledSample;
  }

  /** The books in milliseconds. When they balance in samples they balance here too: silence takes the rounding. */
  inMs(): AudioBooksMs {
    const receivedMs = toMs(this.#received);
    const transcribedMs = toMs(this.#transcribed);
    const droppedMs = toMs(this.#dropped);
    const unsettledMs = toMs(this.#received - this.settledSample);

    return {
      receivedMs,
      transcribedMs,
      droppedMs,
      silenceMs: receivedMs - transcribedMs - droppedMs - unsettledMs,
    };
  }
}

function toMs(samples: number): number {
  return Math.floor((samples * 1000) / SAMPLE_RATE);
}
