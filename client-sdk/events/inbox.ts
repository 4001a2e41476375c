import { RoundtableError } from '../errors.ts';

/** A quarter of an hour or more of captions: past these the reader has stopped reading. */
const MAX_WAITING = 10_000;

/** Events on their way to one `for await`, at most 10,000 that wait. */
export class Inbox<Item> implements AsyncIterator<Item> {
  #waiting: Item[] = [];
  /** What is behind them: undefined goes on, null is the end. */
  #end: RoundtableError | null | undefined;
  /** Calls of `next` that found nothing. */
  #readers: { resolve(result: IteratorResult<Item>): void; reject(error: RoundtableError): void }[] = [];
  readonly #onReturn: () => void;

  /** @param onReturn nobody reads any more. */
  constructor(onReturn: () => void) {
    this.#onReturn = onReturn;
  }

  push(item: Item): void {
    if (this.#end !== undefined) return;
    const reader = this.#readers.shift();
    if (reader) reader.resolve({ value: item, done: false });
    else if (this.#waiting.length < MAX_WAITING) this.#waiting.push(item);
    else this.end(new RoundtableError('not-read', 'The events are not being read.'));
  }

  /** Nothing follows. @param error thrown behind what still waits; null ends the iteration. */
  end(error: RoundtableError | null): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    const readers = this.#readers;
    this.#readers = [];
    for (const { resolve, reject } of readers) {
      if (this.#end) reject(this.#end);
      else resolve({ value: undefined, done: true });
      // An error is told once; the iteration is over then.
      this.#end = null;
    }
  }

  next(): Promise<IteratorResult<Item>> {
    if (this.#waiting.length > 0) return Promise.resolve({ value: this.#waiting.shift()!, done: false });
    if (this.#end === undefined)
      return new Promise((resolve, reject) => {
        this.#readers.push({ resolve, reject });
      });
    const error = this.#end;
    this.#end = null;

    return error ? Promise.reject(error) : Promise.resolve({ value: undefined, done: true });
  }

  return(): Promise<IteratorResult<Item>> {
    this.end(null);
    this.#waiting = [];
    this.#onReturn();

    return Promise.resolve({ value: undefined, done: true });
  }
}
