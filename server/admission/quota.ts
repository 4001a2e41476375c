import { TokenBucket } from './token-bucket.ts';

/** What is taken and given back. */
export type Countable = 'streams' | 'viewers' | 'bufferedSamples';
/** What a quota bounds. */
export type Resource = Countable | 'bytesPerSecond';
/** The most of each. `bufferedSamples` is audio at 16 kHz. */
export type QuotaLimits = Readonly<Record<Resource, number>>;

/** What one key, or one meeting, uses, and its bounds. */
export class Quota {
  #limits: QuotaLimits;
  readonly #used: Record<Countable, number> = { streams: 0, viewers: 0, bufferedSamples: 0 };
  readonly #bytes: TokenBucket;

  constructor(limits: QuotaLimits, nowMs: number) {
    this.#limits = limits;
    this.#bytes = new TokenBucket(limits.bytesPerSecond, nowMs);
  }

  get limits(): QuotaLimits {
    return this.#limits;
  }

  used(resource: Countable): number {
    return this.#used[resource];
  }

  /** Whether `amount` more would be within the limit. */
  hasRoom(resource: Resource, amount: number, nowMs: number): boolean {
    if (resource === 'bytesPerSecond') return amount <= this.#bytes.available(nowMs);

    return this.#used[resource] + amount <= this.#limits[resource];
  }

  /** @returns whether there was room; if not, nothing is taken. */
  take(resource: Resource, amount: number, nowMs: number): boolean {
    if (resource === 'bytesPerSecond') return this.#bytes.take(amount, nowMs);
    if (!this.hasRoom(resource, amount, nowMs)) return false;
    this.#used[resource] += amount;

    return true;
  }

  /** Bytes are not given back: they come again with time. */
  give(resource: Countable, amount: number): void {
    // One stream's wrong count must not make room for more than the limit.
    this.#used[resource] = Math.max(0, this.#used[resource] - amount);
  }

  /** From now on. What is beyond a lower limit stays, and nothing is added to it. */
  setLimits(limits: QuotaLimits, nowMs: number): void {
    if (limits.bytesPerSecond !== this.#limits.bytesPerSecond)
      this.#bytes.setRate(limits.bytesPerSecond, nowMs);
    this.#limits = limits;
  }

  /** Nobody counts against it. */
  get isUnused(): boolean {
    return this.#used.streams === 0 && this.#used.viewers === 0;
  }

  /** Whether a new one in its place would be no different. */
  isAsNew(nowMs: number): boolean {
    return this.isUnused && this.#bytes.isFull(nowMs);
  }
}
