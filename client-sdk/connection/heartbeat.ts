import type { Time } from '../time.ts';

/** How a silent connection is asked for a sign of life, and who hears that there was none. */
export interface HeartbeatOptions {
  /** Nothing heard for this long: ask. */
  readonly quietMs: number;
  /** When the network may have changed, this much quiet is enough. */
  readonly quietMsOnWake: number;
  /** Sends something that is answered; null where nothing is. */
  readonly ask: (() => void) | null;
  /** No answer either, or none of what was expected. */
  readonly dead: () => void;
}

/** Notices a connection that is only said to be there: a frozen network closes nothing. */
export class Heartbeat {
  readonly #time: Time;
  readonly #options: HeartbeatOptions;
  /** Time for an answer; null while nothing is watched. */
  #patienceMs: number | null = null;
  #heardAtMs = 0;
  #asked = false;
  #cancel: () => void = () => {};

  constructor(time: Time, options: HeartbeatOptions) {
    this.#time = time;
    this.#options = options;
  }

  /** Something has to come within `ms`; nothing is asked for. */
  expect(ms: number): void {
    this.stop();
    this.#cancel = this.#time.after(ms, () => this.#die());
  }

  /** From now on it is asked when it is quiet. @param patienceMs time for the answer; may be called again to change it. */
  watch(patienceMs: number): void {
    const isNew = this.#patienceMs === null;
    this.#patienceMs = patienceMs;
    if (!isNew) return;
    this.heard();
    this.#look();
  }

  /** Something came. */
  heard(): void {
    this.#heardAtMs = this.#time.now();
    this.#asked = false;
  }

  /** The network may have changed: a connection that is watched is asked sooner. */
  wake(): void {
    const { quietMs, quietMsOnWake } = this.#options;
    const nowMs = this.#time.now();
    if (this.#patienceMs === null || this.#asked || nowMs - this.#heardAtMs < quietMsOnWake) return;
    this.#heardAtMs = Math.min(this.#heardAtMs, nowMs - quietMs);
    this.#look();
  }

  stop(): void {
    this.#cancel();
    this.#cancel = () => {};
    this.#patienceMs = null;
  }

  /** One timer for each stretch of quiet, not for each message. */
  #look(): void {
    this.#cancel();
    if (this.#asked) {
      this.#die();
      return;
    }
    const { quietMs, ask } = this.#options;
    const leftMs = this.#heardAtMs + quietMs - this.#time.now();
    if (leftMs <= 0 && !ask) {
      this.#die();
      return;
    }
    if (leftMs <= 0) {
      this.#asked = true;
      ask?.();
    }
    this.#cancel = this.#time.after(leftMs > 0 ? leftMs : this.#patienceMs!, () => this.#look());
  }

  #die(): void {
    this.stop();
    this.#options.dead();
  }
}
