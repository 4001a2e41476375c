interface Event {
  readonly atMs: number;
  /** Of its submission: what is due at the same time runs in that order. */
  readonly order: number;
  readonly run: () => void;
}

/** Virtual time: runs what was put off, in the order of when it is due. A binary heap. */
export class EventQueue {
  readonly #events: Event[] = [];
  #orders = 0;
  #nowMs = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Runs `action` at `atMs`, or now when that has passed. */
  at(atMs: number, action: () => void): void {
    const event = { atMs: Math.max(atMs, this.#nowMs), order: this.#orders++, run: action };
    let place = this.#events.length;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(event, this.#events[parent]!)) break;
      this.#events[place] = this.#events[parent]!;
      place = parent;
    }
    this.#events[place] = event;
  }

  /** Runs the next event. @returns false when there is none. */
  step(): boolean {
    const event = this.#events[0];
    if (!event) return false;
    const last = this.#events.pop()!;
    if (last !== event) this.#sink(last);
    this.#nowMs = event.atMs;
    event.run();

    return true;
  }

  #sink(event: Event): void {
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      const [left, right] = [this.#events[child], this.#events[child + 1]];
      if (!left) break;
      if (right && isBefore(right, left)) child++;
      if (!isBefore(this.#events[child]!, event)) break;
      this.#events[place] = this.#events[child]!;
      place = child;
    }
    this.#events[place] = event;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
