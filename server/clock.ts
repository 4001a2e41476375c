/** Time and timers, handed in so that tests can move them by hand. */
export interface Clock {
  /** Milliseconds that only ever grow, from an arbitrary start. */
  now(): number;
  /** Milliseconds since 1970 by this machine's clock, which may be set. */
  epochMs(): number;
  /** Calls `callback` once, `delayMs` from now. Returns what cancels it, harmlessly if it has run. */
  after(delayMs: number, callback: () => void): () => void;
}

/** The process's own time. A pending timer keeps no process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  epochMs: () => Date.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    timer.unref();

    return () => clearTimeout(timer);
  },
};
