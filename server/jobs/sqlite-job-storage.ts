import { Worker } from 'node:worker_threads';
import type { JobDatabase } from './job-database.ts';
import type { JobResult } from './job-queue.ts';
import type { JobChange, JobStorage, StoredJob } from './job-storage.ts';
import type { JobAnswer, JobCall, JobMethod } from './job-storage-thread.ts';

/** Why the storage could not do its work. */
export class JobStorageError extends Error {
  override readonly name = 'JobStorageError';
  /** `SQLITE_FULL` and the like, the operating system's, or `QUEUE_TAKEN`; empty where there is none. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

interface Pending {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Jobs in a SQLite file, on a thread of its own: other files of the data folder have theirs to wait for. A thread that dies is
 * replaced at the next call; what it was asked is rejected, and may or may not have been done.
 */
export class SqliteJobStorage implements JobStorage {
  readonly maxFinished = 10_000;
  readonly #workerUrl: URL;
  readonly #file: string;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | null = null;
  #calls = 0;
  #closing: Promise<void> | null = null;

  /** @param workerUrl the compiled module of the thread. @param file made if need be; its folder has to be there. */
  constructor(workerUrl: URL, file: string) {
    this.#workerUrl = workerUrl;
    this.#file = file;
  }

  load(): Promise<readonly StoredJob[]> {
    return this.#ask('load');
  }

  write(changes: readonly JobChange[]): Promise<void> {
    return this.#ask('write', changes);
  }

  result(id: string): Promise<JobResult | null> {
    return this.#ask('result', id);
  }

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

  #ask<Method extends JobMethod>(
    method: Method,
    ...args: Parameters<JobDatabase[Method]>
  ): Promise<ReturnType<JobDatabase[Method]>> {
    if (this.#closing) return Promise.reject(new Error('The queue has been closed.'));

    return this.#post(method, args);
  }

  #post<Result>(method: JobMethod, args: readonly unknown[]): Promise<Result> {
    this.#worker ??= this.#start();
    const call: JobCall = { id: this.#calls++, method, args };
    const worker = this.#worker;

    return new Promise<Result>((resolve, reject) => {
      worker.postMessage(call);
      this.#pending.set(call.id, { resolve, reject });
    });
  }

  #start(): Worker {
    const worker = new Worker(this.#workerUrl, { workerData: { file: this.#file } });
    let fault: Error | null = null;
    worker.on('message', (answer: JobAnswer) => this.#answered(answer));
    worker.on('error', (error: Error) => {
      fault = error;
    });
    worker.on('exit', () => {
      this.#worker = null;
      const died = new Error(`The queue's thread died: ${fault?.message ?? 'it ended without a word.'}`);
      for (const { reject } of this.#pending.values()) reject(died);
      this.#pending.clear();
    });

    return worker;
  }

  #answered(answer: JobAnswer): void {
    const pending = this.#pending.get(answer.id)!;
    this.#pending.delete(answer.id);
    if (answer.ok) pending.resolve(answer.result as never);
    else pending.reject(new JobStorageError(answer.code, answer.message));
  }
}
