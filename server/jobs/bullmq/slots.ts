/** Places for so many at once; who has waited longest is next. */
export class Slots {
  readonly size: number;
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(size: number) {
    this.size = size;
    this.#free = size;
  }

  /** Waits for a place. */
  take(): Promise<void> {
    if (this.#free > 0) {
      this.#free--;

      return Promise.resolve();
    }

    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Gives one back. */
  give(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free++;
  }
}
