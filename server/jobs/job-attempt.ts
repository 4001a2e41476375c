import type { Clock } from '../clock.ts';
import { StreamError } from '../errors.ts';
import type { Entry } from './job-ledger.ts';

/** An attempt at a job while it runs. @typeParam E how its queue keeps jobs. */
export class JobAttempt<E = Entry> {
  readonly entry: E;
  readonly #abort = new AbortController();
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #onStalled: () => void;
  #cancelTimeout: () => void = () => {};
  /** Whether it waits for another's result, and takes no slot. */
  isParked = false;
  /** What it is the one to compute; null before that is known. */
  leads: string | null = null;
  /** Whether its result is another's. */
  isAnswered = false;
  /** Whether it counts for nothing any more. */
  isOver = false;

  constructor(entry: E, clock: Clock, timeoutMs: number, onStalled: () => void) {
    this.entry = entry;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#onStalled = onStalled;
    this.alive();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** It gives a sign of life. */
  alive(): void {
    this.#cancelTimeout();
    if (!this.isOver) this.#cancelTimeout = this.#clock.after(this.#timeoutMs, this.#onStalled);
  }

  /** It need not give any for a while. */
  pause(): void {
    this.#cancelTimeout();
  }

  /** It counts for nothing from now on. @param reason aborts it; null where it has ended by itself. */
  end(reason: StreamError | null): void {
    this.isOver = true;
    this.#cancelTimeout();
    if (reason) this.#abort.abort(reason);
  }

  /** Rejects with the signal's reason once it is aborted; what `act` leads to may be sooner. */
  whileWanted<T>(act: (resolve: (value: T) => void) => () => void): Promise<T> {
    return new Promise((resolve, reject) => {
      this.signal.throwIfAborted();
      const undo = act(resolve);
      this.signal.addEventListener(
        'abort',
        () => {
          undo();
          reject(this.signal.reason);
        },
        { once: true },
      );
    });
  }
}

/** Why nobody wants an attempt any more. */
export const STALLED = () => new StreamError('job-stalled');
/** Likewise. */
export const UNWANTED = () => new StreamError('job-finished');
/** Likewise. */
export const CLOSING = () => new StreamError('draining');
