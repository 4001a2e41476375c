import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/options.ts';
import { Failure } from '../failure.ts';
import type { Logger } from '../log.ts';
import type { HttpRoutes } from '../net/http.ts';
import { EmbeddedQueue, type QueueObserver } from './embedded-queue.ts';
import type { JobQueue, QueueRules } from './job-queue.ts';
import { type JobStorage, MemoryJobStorage } from './job-storage.ts';
import { SqliteJobStorage } from './sqlite-job-storage.ts';

/** The settings of a queue. */
export type QueueConfig = Pick<
  Config,
  | 'dataDir'
  | 'redisUrl'
  | 'adminPasswordFile'
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

/** A queue, and what it answers to operators. */
export interface OpenedQueue {
  readonly queue: JobQueue;
  /** Under their own authentication. */
  readonly routes: HttpRoutes;
}

/**
 * Opens the queue in Redis, or else in the data folder.
 * @returns null while another server works for that of the data folder.
 * @throws {Failure} saying what to do when it cannot be opened.
 */
export async function openQueue(
  config: QueueConfig,
  clock: Clock,
  observer: QueueObserver,
  log: Logger,
): Promise<OpenedQueue | null> {
  if (config.redisUrl !== 'none') {
    // BullMQ is loaded only where it is needed.
    const { openRedisQueue } = await import('./bullmq/open-redis-queue.ts');

    return openRedisQueue(config, rulesOf(config), clock, observer, log);
  }
  if (config.adminPasswordFile !== 'none')
    log.warn('--admin-password-file protects Bull Board, which there is only with --redis-url');
  const queue = await openEmbeddedQueue(config, clock, observer);

  return queue && { queue, routes: {} };
}

async function openEmbeddedQueue(
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
