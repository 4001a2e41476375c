interface Running<T> {
  readonly answer: Promise<T>;
  /** Asked again when the answer is there, for those who came meanwhile. */
  next: Promise<T> | null;
}

/**
 * Asks one question at a time for all who want to know the same: a server that was restarted has all of a meeting's viewers
 * come at once. An answer is only given to those who were there when its question was put, so that it has whatever
 * happened before they came.
 */
export class SharedAsking<T> {
  readonly #running = new Map<string, Running<T>>();

  /** Questions under way. */
  get size(): number {
    return this.#running.size;
  }

  /** @param key the same for the same question. */
  ask(key: string, question: () => Promise<T>): Promise<T> {
    const running = this.#running.get(key);
    if (!running) return this.#put(key, question);
    const over = () => {};
    running.next ??= running.answer.then(over, over).then(() => this.#put(key, question));

    return running.next;
  }

  #put(key: string, question: () => Promise<T>): Promise<T> {
    const running: Running<T> = { answer: question(), next: null };
    this.#running.set(key, running);
    const over = () => {
      if (running.next === null) this.#running.delete(key);
    };
    running.answer.then(over, over);

    return running.answer;
  }
}
