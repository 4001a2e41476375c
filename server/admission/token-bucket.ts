/** What may come at once, in seconds of the rate. As long as the longest message: one in real time always fits. */
export const BURST_SECONDS = 5;

/**
 * Bounds a rate: tokens drip in at `ratePerSecond` up to `BURST_SECONDS` of them, and what happens takes some. Starts
 * full. As in RFC 3290, appendix A. Time is an argument, in milliseconds.
 */
export class TokenBucket {
  #ratePerSecond: number;
  #tokens: number;
  #filledAtMs: number;

  constructor(ratePerSecond: number, nowMs: number) {
    this.#ratePerSecond = ratePerSecond;
    this.#tokens = ratePerSecond * BURST_SECONDS;
    this.#filledAtMs = nowMs;
  }

  /** What can be taken now. */
  available(nowMs: number): number {
    const passedMs = Math.max(0, nowMs - this.#filledAtMs);
    const dripped = (passedMs * this.#ratePerSecond) / 1000;
    this.#filledAtMs += passedMs;
    this.#tokens = Math.min(this.#ratePerSecond * BURST_SECONDS, this.#tokens + dripped);

    return this.#tokens;
  }

  isFull(nowMs: number): boolean {
    return this.available(nowMs) >= this.#ratePerSecond * BURST_SECONDS;
  }

  /** @returns whether there were enough; if not, none are taken. */
  take(tokens: number, nowMs: number): boolean {
    if (tokens > this.available(nowMs)) return false;
    this.#tokens -= tokens;

    return true;
  }

  /** From now on. What has dripped in stays, as far as it fits. */
  setRate(ratePerSecond: number, nowMs: number): void {
    this.available(nowMs);
    this.#ratePerSecond = ratePerSecond;
    this.available(nowMs);
  }
}
