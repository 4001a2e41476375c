interface Settle<Value> {
  readonly resolve: (value: Value) => void;
  readonly reject: (error: Error) => void;
}

/** A promise, and what settles it. Nobody has to handle its rejection: the same is told as an event. */
export class Deferred<Value> {
  readonly promise: Promise<Value>;
  readonly #settle: Settle<Value>;

  constructor() {
    let settle: Settle<Value>;
    this.promise = new Promise((resolve, reject) => {
      settle = { resolve, reject };
    });
    this.#settle = settle!;
    this.promise.catch(() => {});
  }

  /** Does nothing when it is settled. */
  resolve(value: Value): void {
    this.#settle.resolve(value);
  }

  /** Does nothing when it is settled. */
  reject(error: Error): void {
    this.#settle.reject(error);
  }
}
