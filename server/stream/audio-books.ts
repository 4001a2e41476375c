import type { AudioBooks as AudioBooksMs } from '../../client-sdk/protocol.ts';
import { samplesToMs } from './sample-time.ts';

/** Audio by what became of it, in samples at 16 kHz. */
export interface SettledAudio {
  readonly transcribedSamples: number;
  readonly silenceSamples: number;
  readonly droppedSamples: number;
}

const NOTHING: SettledAudio = { transcribedSamples: 0, silenceSamples: 0, droppedSamples: 0 };

/**
 * Where every sample of one stream went, in samples at 16 kHz. Audio is settled in order, each sample once, as
 * transcribed, silence, or dropped; what is received and not yet settled is under way. Each fate is counted by itself,
 * so that a sample settled twice or never shows as an imbalance.
 */
export class AudioBooks {
  readonly #before: SettledAudio;
  #received: number;
  #transcribed: number;
  #silence: number;
  #dropped: number;
  #resent = 0;
  #settled: number;

  /** @param before of the same stream, up to where it was interrupted: all of it settled. */
  constructor(before: SettledAudio = NOTHING) {
    this.#before = before;
    this.#transcribed = before.transcribedSamples;
    this.#silence = before.silenceSamples;
    this.#dropped = before.droppedSamples;
    this.#received = this.#transcribed + this.#silence + this.#dropped;
    this.#settled = this.#received;
  }

  /** What is settled, since the stream began. */
  get settled(): SettledAudio {
    return {
      transcribedSamples: this.#transcribed,
      silenceSamples: this.#silence,
      droppedSamples: this.#dropped,
    };
  }

  /** What these books were opened with: others have it as well. */
  get before(): SettledAudio {
    return this.#before;
  }

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

  /** What was under way when the stream was interrupted, and comes again. */
  get resentSamples(): number {
    return this.#resent;
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

  /** Settles everything received: nobody waits for it any more, or it comes again, in other books. */
  closeRest(as: 'dropped' | 'resent'): void {
    if (this.#received <= this.#settled) return;
    if (as === 'dropped') this.#dropped += this.#received - this.#settled;
    else this.#resent += this.#received - this.#settled;
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
