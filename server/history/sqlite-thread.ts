import { parentPort, workerData } from 'node:worker_threads';
import { SqliteDatabase } from './sqlite-database.ts';

/** What the history thread is started with. */
export interface SqliteThreadData {
  readonly file: string;
  readonly busyTimeoutMs: number;
}

/** What a thread can be asked to do. */
export type SqliteMethod = Exclude<keyof SqliteDatabase, symbol>;

/** A call of a method; its arguments are copied. */
export interface SqliteCall {
  /** The answer has the same. */
  readonly id: number;
  readonly method: SqliteMethod;
  readonly args: readonly unknown[];
}

/** What came of a call. An error's `code` would be lost in a copy. */
export type SqliteAnswer =
  | { readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly id: number; readonly ok: false; readonly code: string; readonly message: string };

const { file, busyTimeoutMs } = workerData as SqliteThreadData;
const port = parentPort!;
const database = new SqliteDatabase(file, busyTimeoutMs);

/** Between two pieces of work that can wait: others get their turn, and most of the thread's time. */
const LATER_MS = 150;
/** After one that failed. */
const RETRY_AFTER_MS = 10_000;
/** Null until the file has been opened once. */
let later: NodeJS.Timeout | null = null;

port.on('message', (call: SqliteCall) => {
  const answered = answer(call);
  port.postMessage(answered);
  if (answered.ok && !later) indexLater(0);
  if (call.method !== 'close') return;
  // With nothing left to wait for the thread ends by itself. From outside it must not be ended: in the middle of a call
  // of libsql that aborts the process.
  port.close();
  if (later) clearTimeout(later);
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

function answer({ id, method, args }: SqliteCall): SqliteAnswer {
  try {
    const run = database[method] as (...args: readonly unknown[]) => unknown;

    return { id, ok: true, result: run.apply(database, [...args]) };
  } catch (error) {
    const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };

    return { id, ok: false, code: String(code ?? ''), message: String(message ?? error) };
  }
}
