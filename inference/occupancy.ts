/** Counts what a recogniser in the calling thread has in hand, so that it can say what it could take. */
export class Occupancy {
  readonly #concurrency: number;
  #running = 0;
  #closed = false;
  #listener: () => void = () => {};

  /** @param concurrency how many batches are meant to run at once. */
  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  /** How many batches more are meant to run at once; 0 when closed. */
  get idle(): number {
    return this.#closed ? 0 : Math.max(0, this.#concurrency - this.#running);
  }

  /** Has `listener` told whenever `idle` may have grown; it takes the place of the one before. */
  onIdle(listener: () => void): void {
    this.#listener = listener;
  }

  /** Counts `work` as long as it runs. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.#running++;
    try {
      return await work();
    } finally {
      this.#running--;
      this.#listener();
    }
  }

  close(): void {
    this.#closed = true;
  }
}
