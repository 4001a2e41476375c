import { workerData } from 'node:worker_threads';
import { answerCalls } from '../sqlite/answer-calls.ts';
import { SqliteDatabase } from './sqlite-database.ts';

/** What the history thread is started with. */
export interface SqliteThreadData {
  readonly file: string;
  readonly busyTimeoutMs: number;
}

const { file, busyTimeoutMs } = workerData as SqliteThreadData;
const database = new SqliteDatabase(file, busyTimeoutMs);

/** Between two pieces of work that can wait: others get their turn, and most of the thread's time. */
const LATER_MS = 150;
/** After one that failed. */
const RETRY_AFTER_MS = 10_000;
/** Null until the file has been opened once. */
let later: NodeJS.Timeout | null = null;

answerCalls(database, {
  done: () => {
    if (!later) indexLater(0);
  },
  closed: () => {
    if (later) clearTimeout(later);
  },
});

/** Makes what an older version has stored searchable, piece by piece. */
function indexLater(afterMs: number): void {
  later = setTimeout(() => {
    try {
      if (database.indexSome()) indexLater(LATER_MS);
    } catch {
      // The disk is full, say. Those who write are told.
      indexLater(RETRY_AFTER_MS);
    }
  }, afterMs);
}
