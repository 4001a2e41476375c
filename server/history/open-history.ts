import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/options.ts';
import type { HistoryMetrics } from '../history-metrics.ts';
import type { Logger } from '../log.ts';
import { BufferedRecorder, type RecorderObserver } from './buffered-recorder.ts';
import { explainOpening } from './explain-opening.ts';
import type { HistoryStore } from './history-store.ts';
import { MemoryStore } from './memory-store.ts';
import { type Retention, sweep, sweepRegularly } from './retention.ts';
import { SqliteStore } from './sqlite-store.ts';

/** The settings that the history is made by. */
export type HistoryConfig = Pick<Config, 'dataDir' | 'keepTranscriptsMs' | 'resumeWindowMs'>;

/** What was said, as far as it is kept. */
export interface History {
  readonly recorder: BufferedRecorder;
  /** Whether its thread lives on after `close`, because a disk does not answer. */
  readonly abandonedThreads: number;
  /** Writes what waits, within some seconds, and closes the store. Idempotent. */
  close(): Promise<void>;
}

/** Compiled next to this module: threads cannot run TypeScript. */
const SQLITE_THREAD = new URL('./sqlite-thread.js', import.meta.url);

/** So long after its last change a stream can be taken up again, by another process if need be. */
const KEEP_STREAMS_MS = 86_400_000;
/** For what waits to be written when the server stops, and then for the disk. */
const CLOSE_WITHIN_MS = 5000;

/**
 * Opens the history in the data folder, which is made if need be, and deletes what has been kept long enough.
 * @throws {Failure} saying what to do when it cannot be opened.
 */
export async function openHistory(
  config: HistoryConfig,
  clock: Clock,
  metrics: HistoryMetrics,
  log: Logger,
  workerUrl = SQLITE_THREAD,
): Promise<History> {
  // What was told, but may be lost with a connection, is told again: it cannot go before its stream.
  const finalsMs = Math.max(config.keepTranscriptsMs, config.resumeWindowMs);
  const retention = { finalsMs, streamsMs: KEEP_STREAMS_MS };
  const store = await openStore(config.dataDir, clock, retention, workerUrl);
  const recorder = new BufferedRecorder(store, clock, observe(metrics, log));
  metrics.watch(recorder);
  const stopSweeping = sweepRegularly(store, clock, retention, (err) =>
    log.warn({ err }, 'old transcripts could not be deleted, and are tried again'),
  );
  let abandonedThreads = 0;
  let closing: Promise<void> | null = null;
  const close = async () => {
    stopSweeping();
    const lost = await recorder.close(CLOSE_WITHIN_MS);
    if (lost > 0) log.error({ changes: lost }, 'what was said last could not be stored');
    if (!(await within(CLOSE_WITHIN_MS, store.close(), clock))) abandonedThreads = 1;
  };

  return {
    recorder,
    get abandonedThreads() {
      return abandonedThreads;
    },
    close: () => {
      closing ??= close();

      return closing;
    },
  };
}

async function openStore(
  dataDir: string,
  clock: Clock,
  retention: Retention,
  workerUrl: URL,
): Promise<HistoryStore> {
  if (dataDir === 'none') return new MemoryStore();
  let store: HistoryStore | null = null;
  try {
    // For nobody else to read what was said.
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    store = await SqliteStore.open({ workerUrl, file: join(dataDir, 'history.db') });
    await sweep(store, clock, retention);

    return store;
  } catch (error) {
    await store?.close();
    throw explainOpening(dataDir, error);
  }
}

function observe(metrics: HistoryMetrics, log: Logger): RecorderObserver {
  return {
    written: (finals, durationMs) => metrics.written(finals, durationMs),
    failed: (err, failures, retryAfterMs) => {
      metrics.failed();
      log.error({ err, failures, retryAfterMs }, 'what is said cannot be stored, and is tried again');
    },
    recovered: () => log.info('what is said is stored again'),
    gaveUp: () => {
      metrics.gaveUp();
      log.error('too much waits to be stored: a stream was given up');
    },
    faulted: (err) => log.error({ err }, 'a stream failed as it was told what is stored'),
  };
}

/** @returns whether it was done in time. */
function within(ms: number, work: Promise<void>, clock: Clock): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => resolve(false));
    work.then(() => {
      cancel();
      resolve(true);
    }, reject);
  });
}
