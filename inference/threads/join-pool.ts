import { getPriority, setPriority } from 'node:os';
import { workerData } from 'node:worker_threads';
import { guardRuns } from '../native-guard.ts';
import { type LinkedWorkerData, ThreadLink } from './thread-link.ts';

/**
 * So much nicer a thread gets a third of what another gets beside it: enough to let those go first that need little, and
 * not to starve where other programs run.
 */
const NICENESS = 5;
const MOST_NICENESS = 19;

/** Joins the thread to its pool: it tells the pool its number, and when it is inside native code. */
export function joinPool(): void {
  const link = new ThreadLink((workerData as LinkedWorkerData).link);
  link.announce();
  guardRuns({ enter: () => link.enterNative(), leave: () => link.leaveNative() });
}

/**
 * Lets other threads go first, for the rest of the thread's life. On Linux a priority is a thread's own; elsewhere it
 * would be the whole process's, and is left alone.
 */
export function lowerPriority(): void {
  if (process.platform === 'linux') setPriority(Math.min(MOST_NICENESS, getPriority() + NICENESS));
}
