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

/** Until what was deleted is cleared from the journal, and between two tries: what comes meanwhile goes along. */
const CLEAN_AFTER_MS = 1000;
const RETRY_AFTER_MS = 10_000;
let cleaning: NodeJS.Timeout | null = null;

port.on('message', (call: JobCall) => {
  const answered = answer(call);
  port.postMessage(answered);
  if (answered.ok && !cleaning) cleanAfter(CLEAN_AFTER_MS);
  if (call.method !== 'close') return;
  // With nothing left to wait for the thread ends by itself; from outside it must not be ended.
  port.close();
  if (cleaning) clearTimeout(cleaning);
});

function cleanAfter(ms: number): void {
  cleaning = setTimeout(() => {
    cleaning = null;
    try {
      if (!database.clean()) cleanAfter(RETRY_AFTER_MS);
    } catch {
      // The disk is full, say. Those who write are told.
      cleanAfter(RETRY_AFTER_MS);
    }
  }, ms);
}

function answer({ id, method, args }: JobCall): JobAnswer {
  try {
    const run = database[method] as (...args: readonly unknown[]) => unknown;

    return { id, ok: true, result: run.apply(database, [...args]) };
  } catch (error) {
    const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };

    return { id, ok: false, code: String(code ?? ''), message: String(message ?? error) };
  }
}
