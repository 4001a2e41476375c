import { StreamError } from '../errors.ts';

/** How many may be under way at a time. */
export interface TurnLimits {
  readonly inAll: number;
  /** Of one key. Without keys nobody is told apart. */
  readonly ofAKey: number;
}

const RETRY_AFTER_MS = 1000;

/** Who is having a turn at something that only so many may do at a time. */
export class Turns {
  readonly #limits: TurnLimits;
  readonly #ofKeys = new Map<string, number>();
  #inAll = 0;

  constructor(limits: TurnLimits) {
    this.#limits = limits;
  }

  /** @param key its name; null without keys. @throws {StreamError} `busy` when there is none to be had. */
  require(key: string | null): void {
    const ofKey = key === null ? 0 : (this.#ofKeys.get(key) ?? 0);
    if (this.#inAll >= this.#limits.inAll || ofKey >= this.#limits.ofAKey)
      throw new StreamError('busy', 'Too much is asked of what is stored.', { retryAfterMs: RETRY_AFTER_MS });
  }

  /** Begins one, whether there is any to be had or not. @returns what ends it, to be called once. */
  begin(key: string | null): () => void {
    this.#count(key, 1);

    return () => this.#count(key, -1);
  }

  #count(key: string | null, by: number): void {
    this.#inAll += by;
    if (key === null) return;
    const ofKey = (this.#ofKeys.get(key) ?? 0) + by;
    if (ofKey > 0) this.#ofKeys.set(key, ofKey);
    else this.#ofKeys.delete(key);
  }
}
