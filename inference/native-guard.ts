/** Told when native code is about to be called, and when it has come back; of calls at the same time, once. */
export interface RunGuard {
  enter(): void;
  leave(): void;
}

let guard: RunGuard | null = null;
/** Calls that have not come back. */
let calls = 0;

/** Has all time that this thread spends inside a model's runtime told to `newGuard`: loading, and each run. */
export function guardRuns(newGuard: RunGuard): void {
  guard = newGuard;
}

/** Calls native code that a thread must not be ended inside. */
export async function guarded<T>(call: () => Promise<T>): Promise<T> {
  enter();
  try {
    return await call();
  } finally {
    leave();
  }
}

/** As `guarded`, for a call that is back when it returns. */
export function guardedSync<T>(call: () => T): T {
  enter();
  try {
    return call();
  } finally {
    leave();
  }
}

function enter(): void {
  if (calls++ === 0) guard?.enter();
}

function leave(): void {
  if (--calls === 0) guard?.leave();
}
