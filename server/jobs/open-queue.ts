import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/options.ts';
import { Failure } from '../failure.ts';
import { EmbeddedQueue, type QueueObserver } from './embedded-queue.ts';
import type { JobQueue, QueueRules } from './job-queue.ts';
import { type JobStorage, MemoryJobStorage } from './job-storage.ts';
import { SqliteJobStorage } from './sqlite-job-storage.ts';

/** The settings of a queue. */
export type QueueConfig = Pick<
  Config,
  | 'dataDir'
  | 'maxJobs'
  | 'maxJobBytes'
  | 'maxRunningJobsPerKey'
  | 'maxJobAttempts'
  | 'jobBackoffMs'
  | 'jobProgressTimeoutMs'
  | 'keepResultsMs'
>;

/** Compiled next to this module: threads cannot run TypeScript. */
const STORAGE_THREAD = new URL('./job-storage-thread.js', import.meta.url);

/** The settings as a queue knows them. */
export function rulesOf(config: QueueConfig): QueueRules {
  return {
    maxJobs: config.maxJobs,
    maxJobBytes: config.maxJobBytes,
    maxRunningPerKey: config.maxRunningJobsPerKey,
    maxAttempts: config.maxJobAttempts,
    backoffMs: config.jobBackoffMs,
    progressTimeoutMs: config.jobProgressTimeoutMs,
    keepFinishedMs: config.keepResultsMs,
  };
}

/**
 * Opens the queue in the data folder, which is made if need be.
 * @returns null while another server works for it.
 * @throws {Failure} saying what to do when it cannot be opened.
 */
export async function openQueue(
  config: QueueConfig,
  clock: Clock,
  observer: QueueObserver,
): Promise<JobQueue | null> {
  const { dataDir } = config;
  let storage: JobStorage | null = null;
  try {
    if (dataDir !== 'none') await mkdir(dataDir, { recursive: true, mode: 0o700 });
    storage =
      dataDir === 'none'
        ? new MemoryJobStorage()
        : new SqliteJobStorage(STORAGE_THREAD, join(dataDir, 'jobs.db'));

    return await EmbeddedQueue.open({ storage, rules: rulesOf(config), clock, observer });
  } catch (error) {
    await storage?.close();
    const { code, message } = error as { readonly code?: unknown; readonly message: string };
    if (code === 'QUEUE_TAKEN') return null;
    throw new Failure(
      `The queue of recordings, jobs.db in the data folder ${dataDir}, cannot be opened (${message.split('\n')[0]}). Mend that or move the file away, or name another folder with --data-dir.`,
      { cause: error },
    );
  }
}
