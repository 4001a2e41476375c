/** A task's thread died, or no thread could be started for it. */
export class ThreadCrashError extends Error {
  override readonly name = 'ThreadCrashError';
}

/** A task's thread did not answer in time, or so many did not that no thread is left. */
export class ThreadHangError extends Error {
  override readonly name = 'ThreadHangError';
}
