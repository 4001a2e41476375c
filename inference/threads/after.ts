/** Calls `callback` once, `delayMs` from now. Returns what cancels it, harmlessly if it has run. */
export type After = (delayMs: number, callback: () => void) => () => void;

/** The process's own time. A pending timer keeps no process alive. */
export const systemAfter: After = (delayMs, callback) => {
  const timer = setTimeout(callback, delayMs);
  timer.unref();

  return () => clearTimeout(timer);
};
