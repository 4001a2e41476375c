import { parentPort } from 'node:worker_threads';

/** A call of a method; its arguments are copied. */
export interface DatabaseCall {
  /** The answer has the same. */
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** What came of a call. An error's `code` would be lost in a copy. */
export type DatabaseAnswer =
  | { readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly id: number; readonly ok: false; readonly code: string; readonly message: string };

/** What a thread does besides. */
export interface DatabaseChores {
  /** The database has done what it was asked, and may have work that can wait. */
  done(): void;
  /** No timer is to keep the thread from its end. */
  closed(): void;
}

/** Answers, on a thread, what its `DatabaseThread` asks, until that closes it. @param database closes its file by `close`. */
export function answerCalls(database: object, chores: DatabaseChores): void {
  const port = parentPort!;
  port.on('message', (call: DatabaseCall) => {
    const answer = answerTo(call, database);
    port.postMessage(answer);
    if (call.method === 'close') {
      // With nothing left to wait for the thread ends by itself. From outside it must not be ended: in the middle of a call
      // of libsql that aborts the process.
      port.close();
      chores.closed();
    } else if (answer.ok) {
      chores.done();
    }
  });
}

function answerTo({ id, method, args }: DatabaseCall, database: object): DatabaseAnswer {
  try {
    const run = database[method as keyof typeof database] as (...args: readonly unknown[]) => unknown;

    return { id, ok: true, result: run.apply(database, [...args]) };
  } catch (error) {
    const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };

    return { id, ok: false, code: String(code ?? ''), message: String(message ?? error) };
  }
}
