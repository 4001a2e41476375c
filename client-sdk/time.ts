/** Time, timers and chance, handed in so that tests can move them by hand. */
export interface Time {
  /** Milliseconds that only ever grow, from an arbitrary start. */
  now(): number;
  /** Calls `callback` once, `delayMs` from now. Returns what cancels it, harmlessly if it has run. */
  after(delayMs: number, callback: () => void): () => void;
  /** From 0 to 1, evenly. */
  random(): number;
}

/** The platform's own. */
export const systemTime: Time = {
  now: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);

    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};
