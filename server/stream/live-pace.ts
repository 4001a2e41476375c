/** A stream this far ahead of the time that has passed is sent faster than it is spoken. */
const RECORDING_LEAD_MS = 10_000;
/** Below this it counts as live again. */
const LIVE_LEAD_MS = 5000;
/** What a stream is ahead is forgotten with this time constant. */
const FORGETTING_MS = 30_000;
/** Audio that may have been held back somewhere and come at once: as much as is held for a stream by default. */
const MOST_CREDIT_MS = 60_000;

/**
 * Whether a stream's audio comes as it is spoken, or faster, as a recording's does. Its lead is the audio that has come
 * less the time that has passed, and what it is ahead wears off: a microphone whose buffered audio comes in a burst is
 * live again within minutes, and one whose clock is a little fast always is. A steady stream is a recording from about
 * 4/3 of the speed of speech on. Time in which less came counts for it, up to a minute. Knows no clock.
 */
export class LivePace {
  /** Audio that came less time that passed; below 0 time in which less came. */
  #leadMs = 0;
  #notedAtMs: number;
  #live = true;

  /** @param sinceMs from when on audio may have been spoken: when the client connected. */
  constructor(sinceMs: number) {
    this.#notedAtMs = sinceMs;
  }

  /** So much audio has come. */
  receive(audioMs: number, nowMs: number): void {
    this.#pass(nowMs);
    this.#leadMs += audioMs;
  }

  /** Whether the stream is sent no faster than it can be spoken. */
  isLive(nowMs: number): boolean {
    this.#pass(nowMs);
    this.#live = this.#leadMs <= (this.#live ? RECORDING_LEAD_MS : LIVE_LEAD_MS);

    return this.#live;
  }

  #pass(nowMs: number): void {
    const elapsedMs = nowMs - this.#notedAtMs;
    this.#notedAtMs = nowMs;
    const aheadMs = Math.max(0, this.#leadMs) * Math.exp(-elapsedMs / FORGETTING_MS);
    this.#leadMs = Math.max(-MOST_CREDIT_MS, aheadMs + Math.min(0, this.#leadMs) - elapsedMs);
  }
}
