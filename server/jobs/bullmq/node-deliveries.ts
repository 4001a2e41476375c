import type { Clock } from '../../clock.ts';
import { deliveryWaitMs, MAX_DELIVERIES } from '../callback-rules.ts';
import type { CallbackState } from '../job.ts';
import type { CallbackHandler } from '../job-queue.ts';
import { HandOutLoop } from './hand-out-loop.ts';
import type { HandOut, HandOutEnd, HandOuts } from './hand-outs.ts';
import type { JobRecords } from './job-records.ts';
import { Slots } from './slots.ts';

/** Delivered at once, so that those nobody answers hold up few others. */
const MAX_AT_ONCE = 16;

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
  readonly #slots = new Slots(MAX_AT_ONCE);
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
      const isDelivered = await handler(record.job, this.#abort.signal).then(
        () => true,
        () => false,
      );
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
}
