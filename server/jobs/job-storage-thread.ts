import { parentPort, workerData } from 'node:worker_threads';
import { JobDatabase } from './job-database.ts';

/** What the thread is started with. */
export interface JobThreadData {
  readonly file: string;
}

/** What it can be asked to do. */
export type JobMethod = Exclude<keyof JobDatabase, symbol>;

/** A call of a method; its arguments are copied. */
export interface JobCall {
  /** The answer has the same. */
  readonly id: number;
  readonly method: JobMethod;
  readonly args: readonly unknown[];
}

/** What came of a call. An error's `code` would be lost in a copy. */
export type JobAnswer =
  | { readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly id: number; readonly ok: false; readonly code: string; readonly message: string };

const port = parentPort!;
const database = new JobDatabase((workerData as JobThreadData).file);

port.on('message', (call: JobCall) => {
  port.postMessage(answer(call));
  // With nothing left to wait for the thread ends by itself; from outside it must not be ended.
  if (call.method === 'close') port.close();
});

function answer({ id, method, args }: JobCall): JobAnswer {
  try {
    const run = database[method] as (...args: readonly unknown[]) => unknown;

    return { id, ok: true, result: run.apply(database, [...args]) };
  } catch (error) {
    const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };

    return { id, ok: false, code: String(code ?? ''), message: String(message ?? error) };
  }
}
