const EXIT_CODES = { SIGINT: 130, SIGTERM: 0 } as const;

/** Whether a signal that `untilSignal` waits for has come. */
export function interrupted(): boolean {
  return process.exitCode !== undefined;
}

/**
 * Ends the process as the signal would by itself. Not by process.exit(), which ends the threads one by one, and
 * onnxruntime aborts when its thread is ended in the middle of a run.
 */
export function endAtOnce(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

let stuck = false;

/** Notes that the server has been stopped, and whether it has left threads that nothing but a signal ends. */
export function noteStopped({ abandonedThreads }: { readonly abandonedThreads: number }): void {
  if (abandonedThreads > 0) stuck = true;
}

/** Ends a process that would otherwise wait for such threads for ever. The last thing a command does. */
export function endIfStuck(): void {
  if (!stuck) return;
  console.error('roundtable: a thread does not answer and cannot be ended; ending the process by a signal.');
  endAtOnce('SIGTERM');
}

/**
 * Resolves when SIGINT or SIGTERM came and `stop` is through; a second signal ends the process at once. When `stop`
 * rejects, the process says why in one line and ends with 1.
 */
export function untilSignal(stop: () => Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (interrupted()) endAtOnce(signal);
        process.exitCode = EXIT_CODES[signal];
        stop().then(resolve, (error: unknown) => {
          console.error(`roundtable: stopping failed: ${error instanceof Error ? error.message : error}`);
          // What could not be stopped would keep the process alive.
          process.exit(1);
        });
      });
    }
  });
}
