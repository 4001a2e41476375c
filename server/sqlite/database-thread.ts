import { Worker } from 'node:worker_threads';
import type { DatabaseAnswer, DatabaseCall } from './answer-calls.ts';

/** Why a database could not do its work. */
export class SqliteError extends Error {
  override readonly name = 'SqliteError';
  /** `SQLITE_FULL` and the like, the operating system's, or one of the database's own; empty where there is none. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

type Method = (...args: never[]) => unknown;
/** Names of a database's methods. */
type MethodName<Database> = {
  [Name in keyof Database]: Database[Name] extends Method ? Name : never;
}[keyof Database] &
  string;

/** Where a database is, and what it is called. */
export interface DatabaseThreadOptions {
  /** The compiled module of the thread, which answers by `answerCalls`. */
  readonly workerUrl: URL;
  readonly workerData: object;
  /** As in "The queue's thread died". */
  readonly name: string;
}

interface Pending {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A SQLite file on a thread of its own: a slow disk holds up nobody but those who ask it. A thread that dies is replaced at the
 * next call; what it was asked is rejected, and may or may not have been done. How many calls are under way is for those who
 * ask to bound.
 *
 * @typeParam Database what the thread has: its methods are asked by their names.
 */
export class DatabaseThread<Database> {
  readonly #options: DatabaseThreadOptions;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | null = null;
  #calls = 0;
  #closing: Promise<void> | null = null;

  constructor(options: DatabaseThreadOptions) {
    this.#options = options;
  }

  /** @param args copied. @throws {SqliteError} when the database could not do it. @throws {Error} when its thread died, or it was closed. */
  ask<Name extends MethodName<Database>>(
    method: Name,
    ...args: Parameters<Extract<Database[Name], Method>>
  ): Promise<ReturnType<Extract<Database[Name], Method>>> {
    if (this.#closing) return Promise.reject(new Error(`The ${this.#options.name} has been closed.`));

    return this.#post(method, args);
  }

  /** Fulfilled when the thread is no more. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#end();

    return this.#closing;
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    if (!worker) return;
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    // The file is whole however this goes: its journal is read at the next start.
    await this.#post('close', []).catch(() => {});
    await exited;
  }

  #post<Result>(method: string, args: readonly unknown[]): Promise<Result> {
    this.#worker ??= this.#start();
    const call: DatabaseCall = { id: this.#calls++, method, args };
    const worker = this.#worker;

    return new Promise<Result>((resolve, reject) => {
      worker.postMessage(call);
      this.#pending.set(call.id, { resolve, reject });
    });
  }

  #start(): Worker {
    const { workerUrl, workerData, name } = this.#options;
    const worker = new Worker(workerUrl, { workerData });
    let fault: Error | null = null;
    worker.on('message', (answer: DatabaseAnswer) => this.#answered(answer));
    worker.on('error', (error: Error) => {
      fault = error;
    });
    worker.on('exit', () => {
      this.#worker = null;
      const died = new Error(`The ${name}'s thread died: ${fault?.message ?? 'it ended without a word.'}`);
      for (const { reject } of this.#pending.values()) reject(died);
      this.#pending.clear();
    });

    return worker;
  }

  #answered(answer: DatabaseAnswer): void {
    const pending = this.#pending.get(answer.id)!;
    this.#pending.delete(answer.id);
    if (answer.ok) pending.resolve(answer.result as never);
    else pending.reject(new SqliteError(answer.code, answer.message));
  }
}
