import type { Clock } from '../clock.ts';
import { deliveryWaitMs, MAX_CALLS, MAX_CALLS_PER_KEY, MAX_DELIVERIES } from './callback-rules.ts';
import type { CallbackState } from './job.ts';
import type { Entry, JobLedger } from './job-ledger.ts';
import type { CallbackHandler } from './job-queue.ts';

/** Delivers the callbacks of a queue in this process, each at a time, until it is delivered or given up. */
export class CallbackDeliveries {
  readonly #ledger: JobLedger;
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  /** By the job's id, the key whose it is. */
  readonly #underWay = new Map<string, string | null>();
  #handler: CallbackHandler | null = null;
  #cancelWake: () => void = () => {};

  constructor(ledger: JobLedger, clock: Clock) {
    this.#ledger = ledger;
    this.#clock = clock;
  }

  start(handler: CallbackHandler): void {
    this.#handler = handler;
    this.fill();
  }

  /** Begins what may begin now. To be called when something may. */
  fill(): void {
    this.#cancelWake();
    const handler = this.#handler;
    if (!handler) return;
    const nowMs = this.#clock.epochMs();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const entry of this.#ledger.entries) {
      if (this.#underWay.size >= MAX_CALLS) return;
      // What is not stored yet might have to be told otherwise.
      if (entry.told?.callback !== 'waiting' || this.#underWay.has(entry.told.id)) continue;
      if (this.#callsOf(entry.told.key) >= MAX_CALLS_PER_KEY) continue;
      const { deliverAtMs } = entry.stored;
      if (deliverAtMs > nowMs) nextMs = Math.min(nextMs, deliverAtMs);
      else void this.#deliver(entry, handler);
    }
    if (Number.isFinite(nextMs)) this.#cancelWake = this.#clock.after(nextMs - nowMs, () => this.fill());
  }

  stop(): void {
    this.#cancelWake();
    this.#handler = null;
    this.#abort.abort();
  }

  #callsOf(key: string | null): number {
    return key === null ? 0 : [...this.#underWay.values()].filter((each) => each === key).length;
  }

  async #deliver(entry: Entry, handler: CallbackHandler): Promise<void> {
    const { job } = entry.stored;
    this.#underWay.set(job.id, job.key);
    const isDelivered = await handler(job, this.#abort.signal).then(
      () => true,
      () => false,
    );
    if (this.#abort.signal.aborted && !isDelivered) return;
    const failedDeliveries = entry.stored.failedDeliveries + (isDelivered ? 0 : 1);
    const isGivenUp = failedDeliveries >= MAX_DELIVERIES;
    const callback: CallbackState = isDelivered ? 'delivered' : isGivenUp ? 'given-up' : 'waiting';
    const waitMs = callback === 'waiting' ? deliveryWaitMs(failedDeliveries) : 0;
    await this.#ledger.change(entry, {
      job: { ...entry.stored.job, callback },
      ...{ failedDeliveries, deliverAtMs: this.#clock.epochMs() + waitMs },
    });
    this.#underWay.delete(job.id);
    this.fill();
  }
}
