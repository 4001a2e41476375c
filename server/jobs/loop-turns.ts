import { setImmediate } from 'node:timers/promises';

/** Of looks, before others have their turn: well below a millisecond. */
const UNITS_PER_TURN = 500;

/** Splits work that could hold the event loop up, and lets everybody else have a turn in between. */
export class LoopTurns {
  #spent = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** Takes note of work done. @returns null while there may be more in this turn, or what has to be awaited first. */
  spend(units: number): Promise<unknown> | null {
    this.#spent += units;
    if (this.#spent < UNITS_PER_TURN) return null;
    this.#spent = 0;

    return setImmediate();
  }

  /** Fulfilled in a turn that nobody else who asked has. */
  next(): Promise<unknown> {
    this.#last = this.#last.then(() => setImmediate());

    return this.#last;
  }
}
