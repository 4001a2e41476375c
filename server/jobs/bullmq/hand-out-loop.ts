import type { Clock } from '../../clock.ts';
import type { HandOut, HandOutEnd, HandOuts } from './hand-outs.ts';
import type { Slots } from './slots.ts';

/** What a loop is made of. */
export interface HandOutLoopParts {
  readonly handOuts: HandOuts;
  readonly clock: Clock;
  /** One is taken before each hand-out is asked for; `process` gives it back. */
  readonly slots: Slots;
  /** Never throws. */
  readonly process: (handOut: HandOut) => Promise<HandOutEnd>;
  readonly onError: (error: Error) => void;
}

/** At least so often it is looked whether there is something, that which was to be later among it. */
const LOOK_EVERY_MS = 1000;

/** Takes hand-outs as they come, as many at once as there are slots. */
export class HandOutLoop {
  readonly #parts: HandOutLoopParts;
  readonly #underWay = new Set<Promise<void>>();
  readonly #running: Promise<void>;
  #isClosed = false;
  #wakes = 0;
  #wake: () => void = () => {};

  constructor(parts: HandOutLoopParts) {
    this.#parts = parts;
    this.#running = this.#run();
  }

  /** There may be something. */
  wake(): void {
    this.#wakes++;
    this.#wake();
  }

  /** Takes nothing more, and waits for what is under way; of that there has to be an end. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.wake();
    await Promise.all(this.#underWay);
    // Behind whoever waits for a slot: none is taken for good any more.
    await this.#running;
    await Promise.all(this.#underWay);
  }

  async #run(): Promise<void> {
    const { handOuts, slots, onError } = this.#parts;
    while (!this.#isClosed) {
      await slots.take();
      const wakes = this.#wakes;
      const handOut = this.#isClosed
        ? null
        : await handOuts.next().catch((error: Error) => {
            onError(error);

            return null;
          });
      if (!handOut) {
        slots.give();
        if (this.#wakes === wakes && !this.#isClosed) await this.#rest();
        continue;
      }
      const work = this.#process(handOut).finally(() => this.#underWay.delete(work));
      this.#underWay.add(work);
    }
  }

  async #process(handOut: HandOut): Promise<void> {
    const { handOuts, process, onError } = this.#parts;
    const end = await process(handOut);
    // One that was taken back, or that cannot be ended now, is given out again, and there is nothing left to do then.
    await handOuts.end(handOut, end).catch(onError);
  }

  #rest(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#parts.clock.after(LOOK_EVERY_MS, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
