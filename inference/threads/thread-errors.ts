/** A task's thread died. */
export class ThreadCrashError extends Error {
  override readonly name = 'ThreadCrashError';
}

/** A task's thread did not answer in time, and may still be at it. */
export class ThreadHangError extends Error {
  override readonly name = 'ThreadHangError';
}

/** No thread could be had for a task, which none has seen. */
export class ThreadUnavailableError extends Error {
  override readonly name = 'ThreadUnavailableError';
}
