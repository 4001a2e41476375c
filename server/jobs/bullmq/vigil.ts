import type { Clock } from '../../clock.ts';

/**
 * Since when a node has been in touch with Redis without a gap. Others have until a lease after an outage to say that they live:
 * before that, their silence says nothing, for Redis may have been away for them a little longer.
 */
export class Vigil {
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #longestGapMs: number;
  #sinceMs = Number.POSITIVE_INFINITY;
  #seenAtMs = Number.NEGATIVE_INFINITY;

  /** @param longestGapMs between two signs of life, where nothing was amiss; well below the lease. */
  constructor(clock: Clock, leaseMs: number, longestGapMs: number) {
    this.#clock = clock;
    this.#leaseMs = leaseMs;
    this.#longestGapMs = longestGapMs;
  }

  /** Redis can be reached, for the first time or again. */
  begin(): void {
    this.#sinceMs = this.#clock.now();
    this.#seenAtMs = this.#sinceMs;
  }

  /** Redis has taken a sign of life. Too long after the last one is as after an outage: either of the two stood still. */
  seen(): void {
    const nowMs = this.#clock.now();
    if (nowMs - this.#seenAtMs > this.#longestGapMs) this.#sinceMs = nowMs;
    this.#seenAtMs = nowMs;
  }

  /** Whether a node that Redis knows nothing of is gone. */
  get canTell(): boolean {
    const nowMs = this.#clock.now();

    return nowMs - this.#seenAtMs <= this.#longestGapMs && nowMs - this.#sinceMs >= this.#leaseMs;
  }
}
