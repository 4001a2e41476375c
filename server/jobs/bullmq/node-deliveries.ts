import type { Clock } from '../../clock.ts';
import { deliveryWaitMs, MAX_CALLS, MAX_CALLS_PER_KEY, MAX_DELIVERIES } from '../callback-rules.ts';
import type { CallbackState, Job } from '../job.ts';
import type { CallbackHandler } from '../job-queue.ts';
import { HandOutLoop } from './hand-out-loop.ts';
import type { HandOut, HandOutEnd, HandOuts } from './hand-outs.ts';
import type { JobRecords } from './job-records.ts';
import { Slots } from './slots.ts';

/** Until a callback is looked at again whose key has as many under way as it may. */
const HELD_MS = 5000;

/** What deliveries are made of. */
export interface NodeDeliveriesParts {
  readonly records: JobRecords;
  readonly handOuts: HandOuts;
  readonly clock: Clock;
  readonly onError: (error: Error) => void;
}

/** Delivers callbacks on this node, each of them by one node at a time, until it is delivered or given up. */
export class NodeDeliveries {
  readonly #parts: NodeDeliveriesParts;
  readonly #abort = new AbortController();
  readonly #slots = new Slots(MAX_CALLS);
  /** Keys of those that are under way. */
  readonly #keys: string[] = [];
  #loop: HandOutLoop | null = null;

  constructor(parts: NodeDeliveriesParts) {
    this.#parts = parts;
  }

  start(handler: CallbackHandler): void {
    const { handOuts, clock, onError } = this.#parts;
    this.#loop = new HandOutLoop({
      ...{ handOuts, clock, onError, slots: this.#slots },
      process: (handOut) => this.#process(handOut, handler),
    });
  }

  /** There may be something to deliver. */
  wake(): void {
    this.#loop?.wake();
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#loop?.close();
  }

  async #process({ id }: HandOut, handler: CallbackHandler): Promise<HandOutEnd> {
    const { records, clock, onError } = this.#parts;
    try {
      const record = await records.read(id);
      if (record?.job.callback !== 'waiting') return { type: 'done' };
      const { key } = record.job;
      if (key !== null && this.#keys.filter((each) => each === key).length >= MAX_CALLS_PER_KEY)
        return { type: 'later', atMs: clock.epochMs() + HELD_MS };
      const isDelivered = await this.#deliver(record.job, handler);
      if (this.#abort.signal.aborted && !isDelivered) return { type: 'back' };
      const failures = record.failures + (isDelivered ? 0 : 1);
      const isGivenUp = failures >= MAX_DELIVERIES;
      const callback: CallbackState = isDelivered ? 'delivered' : isGivenUp ? 'given-up' : 'waiting';
      const nowMs = clock.epochMs();
      await records.change(id, nowMs, ({ job }) =>
        job.callback === 'waiting' ? { job: { ...job, callback }, failures } : null,
      );
      if (callback === 'waiting') return { type: 'later', atMs: nowMs + deliveryWaitMs(failures) };

      return isDelivered ? { type: 'done' } : { type: 'failed', reason: callback };
    } catch (error) {
      // Redis is away: what was delivered and could not be stored is delivered again.
      onError(error as Error);

      return { type: 'back' };
    } finally {
      this.#slots.give();
    }
  }

  async #deliver(job: Job, handler: CallbackHandler): Promise<boolean> {
    const { key } = job;
    if (key !== null) this.#keys.push(key);
    try {
      await handler(job, this.#abort.signal);

      return true;
    } catch {
      return false;
    } finally {
      if (key !== null) this.#keys.splice(this.#keys.indexOf(key), 1);
    }
  }
}
