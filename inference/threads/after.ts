/** Calls `callback` once, `delayMs` from now. Returns what cancels it, harmlessly if it has run. */
export type After = (delayMs: number, callback: () => void) => () => void;

/**
 * The process's own time. A pending timer keeps no process alive. Where the event loop was held up beyond the delay,
 * what has arrived meanwhile is read before `callback` is called: it may be the answer that is waited for.
 */
export const systemAfter: After = (delayMs, callback) => {
  let turn: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    turn = setImmediate(callback);
  }, delayMs);
  timer.unref();

  return () => {
    clearTimeout(timer);
    clearImmediate(turn);
  };
};
