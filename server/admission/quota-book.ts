import type { Clock } from '../clock.ts';
import { Quota, type QuotaLimits } from './quota.ts';
import { BURST_SECONDS } from './token-bucket.ts';

/** An unused quota is as new after this: its bytes have come again, whenever the timer ran. */
const FORGET_AFTER_MS = BURST_SECONDS * 1000 + 100;

/**
 * Quotas by name. One stays while somebody uses it and until its bytes have come again, so that hanging up and
 * coming back gains nothing.
 */
export class QuotaBook {
  readonly #clock: Clock;
  readonly #quotas = new Map<string, Quota>();
  readonly #leaving = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Quotas remembered. */
  get size(): number {
    return this.#quotas.size;
  }

  /** The quota of a name, with these limits from now on. Whoever takes of it calls `left` when done. */
  of(name: string, limits: QuotaLimits): Quota {
    const nowMs = this.#clock.now();
    let quota = this.#quotas.get(name);
    if (quota) quota.setLimits(limits, nowMs);
    else {
      quota = new Quota(limits, nowMs);
      this.#quotas.set(name, quota);
    }

    return quota;
  }

  /** Somebody uses it no longer. */
  left(name: string): void {
    const quota = this.#quotas.get(name);
    if (!quota?.isUnused || this.#leaving.has(name)) return;
    if (quota.isAsNew(this.#clock.now())) {
      this.#quotas.delete(name);
      return;
    }
    this.#leaving.add(name);
    this.#clock.after(FORGET_AFTER_MS, () => {
      this.#leaving.delete(name);
      this.left(name);
    });
  }
}
