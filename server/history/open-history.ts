import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/options.ts';
import type { HistoryMetrics, StoreKind } from '../history-metrics.ts';
import type { Logger } from '../log.ts';
import { BufferedRecorder, type RecorderObserver } from './buffered-recorder.ts';
import { explainOpening } from './explain-opening.ts';
import { HistoryArchive } from './history-archive.ts';
import type { HistoryStore } from './history-store.ts';
import { MemoryStore } from './memory-store.ts';
import { openDatabase } from './open-database.ts';
import { sweep, sweepRegularly } from './retention.ts';
import { SqliteStore } from './sqlite-store.ts';

/** The settings that the history is made by. */
export type HistoryConfig = Pick<Config, 'dataDir' | 'databaseUrl' | 'keepTranscriptsMs' | 'resumeWindowMs'>;

/** What was said, as far as it is kept. */
export interface History {
  readonly recorder: BufferedRecorder;
  readonly archive: HistoryArchive;
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
/** Of deleting as it opens: some seconds. The rest goes while it is used. */
const OPENING_STEPS = 10;

/**
 * Opens the history in the database, or else in the data folder, which is made if need be, and deletes what has been kept
 * long enough.
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
  const { store, kind } = await openStore(config, clock, log, workerUrl);
  const isSwept = await sweep(store, clock, retention, OPENING_STEPS).catch(async (error: unknown) => {
    await store.close();
    throw kind === 'sqlite' ? explainOpening(config.dataDir, error) : error;
  });
  const recorder = new BufferedRecorder(store, clock, observe(metrics, log));
  const archive = new HistoryArchive(store, recorder, clock, metrics);
  metrics.watch(recorder, kind);
  const onFailure = (err: unknown) =>
    log.warn({ err }, 'old transcripts could not be deleted, and are tried again');
  const stopSweeping = sweepRegularly(store, clock, retention, onFailure, !isSwept);
  let abandonedThreads = 0;
  let closing: Promise<void> | null = null;
  const close = async () => {
    stopSweeping();
    const lost = await recorder.close(CLOSE_WITHIN_MS);
    if (lost > 0) log.error({ changes: lost }, 'what was said last could not be stored');
    const isClosed = await within(CLOSE_WITHIN_MS, store.close(), clock);
    // Connections to a database that says nothing end by themselves.
    if (!isClosed && kind === 'sqlite') abandonedThreads = 1;
  };

  return {
    recorder,
    archive,
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
  { dataDir, databaseUrl }: HistoryConfig,
  clock: Clock,
  log: Logger,
  workerUrl: URL,
): Promise<{ readonly store: HistoryStore; readonly kind: StoreKind }> {
  if (databaseUrl !== 'none') return { store: await openDatabase(databaseUrl, clock, log), kind: 'postgres' };
  if (dataDir === 'none') return { store: new MemoryStore(), kind: 'memory' };
  try {
    // For nobody else to read what was said.
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    const store = await SqliteStore.open({ workerUrl, file: join(dataDir, 'history.db') });

    return { store, kind: 'sqlite' };
  } catch (error) {
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
