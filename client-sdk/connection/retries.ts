import type { RoundtableError } from '../errors.ts';
import type { Time } from '../time.ts';

/** How a lost connection is made again. */
export interface ReconnectOptions {
  /** The first wait is up to this long, each one after it up to twice as long as the one before. 250 when left out. */
  readonly minMs?: number;
  /** No wait is longer, unless the server asks for it. 10,000 when left out. */
  readonly maxMs?: number;
  /** For so long after the first failure it is tried again; 0 tries once. Infinity when left out. */
  readonly giveUpAfterMs?: number;
}

/**
 * When to try again: after waits that double, each anywhere between nothing and all of it, so that the clients of a server
 * that comes back do not all come at once.
 *
 * M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015: "full jitter".
 */
export class Retries {
  readonly #time: Time;
  readonly #options: Required<ReconnectOptions>;
  readonly #attempt: () => void;
  #failures = 0;
  #failingSinceMs: number | null = null;
  /** Whether the wait is the server's wish, which nothing shortens. */
  #asked = false;
  #cancel: (() => void) | null = null;

  constructor(time: Time, options: ReconnectOptions, attempt: () => void) {
    this.#time = time;
    this.#options = { minMs: 250, maxMs: 10_000, giveUpAfterMs: Number.POSITIVE_INFINITY, ...options };
    this.#attempt = attempt;
  }

  /** It failed: the next attempt comes later. @returns false when it has failed for too long. */
  failed({ retryAfterMs }: Pick<RoundtableError, 'retryAfterMs'>): boolean {
    const { minMs, maxMs, giveUpAfterMs } = this.#options;
    const nowMs = this.#time.now();
    this.#failingSinceMs ??= nowMs;
    const spread = this.#time.random() * Math.min(maxMs, minMs * 2 ** this.#failures);
    const delayMs = (retryAfterMs ?? 0) + spread;
    if (nowMs + delayMs - this.#failingSinceMs > giveUpAfterMs || giveUpAfterMs <= 0) return false;
    this.#failures++;
    this.#asked = retryAfterMs !== null;
    this.cancel();
    this.#cancel = this.#time.after(delayMs, () => this.#go());

    return true;
  }

  /** It works: what failed before is forgotten. */
  succeeded(): void {
    this.#failures = 0;
    this.#failingSinceMs = null;
  }

  /** The network may be back: an attempt that waits is made now. */
  hurry(): void {
    if (this.#cancel && !this.#asked) this.#go();
  }

  cancel(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #go(): void {
    this.cancel();
    this.#attempt();
  }
}
