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

port.on('message', (call: SqliteCall) => {
  port.postMessage(answer(call));
  // With nothing left to wait for the thread ends by itself. From outside it must not be ended: in the middle of a call
  // of libsql that aborts the process.
  if (call.method === 'close') port.close();
});

function answer({ id, method, args }: SqliteCall): SqliteAnswer {
  try {
    const run = database[method] as (...args: readonly unknown[]) => unknown;

    return { id, ok: true, result: run.apply(database, [...args]) };
  } catch (error) {
    const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };

    return { id, ok: false, code: String(code ?? ''), message: String(message ?? error) };
  }
}
