import { setPriority } from 'node:os';
import { workerData } from 'node:worker_threads';
import { guardRuns } from '../session.ts';
import { type LinkedWorkerData, ThreadLink } from './thread-link.ts';

/** On Linux a thread of this niceness gets about a tenth of what one of niceness 0 gets beside it. */
const LOW_PRIORITY = 10;

/** Joins the thread to its pool: it tells the pool its number, and when it is inside onnxruntime. */
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
  if (process.platform === 'linux') setPriority(LOW_PRIORITY);
}
