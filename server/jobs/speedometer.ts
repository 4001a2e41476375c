import type { Clock } from '../clock.ts';

/** What was longer ago counts for half, and so on. In milliseconds of work. */
const HALF_LIFE_MS = 300_000;

/** How much audio is captioned in a time, while anything is. */
export class Speedometer {
  readonly #clock: Clock;
  #audioMs = 0;
  #busyMs = 0;
  #runs = 0;
  #sinceMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** In milliseconds of audio in a millisecond; null while nothing is known. */
  get speed(): number | null {
    this.#catchUp();

    return this.#audioMs > 0 && this.#busyMs > 0 ? this.#audioMs / this.#busyMs : null;
  }

  /** A run begins to caption. */
  begun(): void {
    this.#catchUp();
    this.#runs++;
  }

  /** It has ended, or waits. */
  ended(): void {
    this.#catchUp();
    this.#runs--;
  }

  /** So much more is captioned. */
  settled(audioMs: number): void {
    this.#audioMs += audioMs;
  }

  #catchUp(): void {
    const nowMs = this.#clock.now();
    if (this.#runs > 0) this.#busyMs += nowMs - this.#sinceMs;
    this.#sinceMs = nowMs;
    while (this.#busyMs > 2 * HALF_LIFE_MS) {
      this.#busyMs /= 2;
      this.#audioMs /= 2;
    }
  }
}
