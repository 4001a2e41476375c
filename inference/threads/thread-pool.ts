import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { forbidTelemetry } from '../telemetry.ts';

/** What the threads of a pool run, and how many there are. */
export interface ThreadPoolOptions {
  /** The compiled module a thread runs; its default export handles a task. */
  readonly workerUrl: URL;
  /** Handed to each thread as it starts. */
  readonly workerData: unknown;
  readonly threads: number;
  /** Called for each thread that dies, also of one that dies as it loads. Not called once the pool is closed. */
  readonly onCrash?: () => void;
}

/** A task's thread died, and so did the one that tried again, or it could not be started. */
export class ThreadCrashError extends Error {
  override readonly name = 'ThreadCrashError';
}

/** An exception inside a task arrives as a value, so that it is never mistaken for the death of a thread. */
export type TaskOutcome<Result> =
  | { readonly ok: true; readonly result: Result }
  | { readonly ok: false; readonly message: string };

/** Wraps a thread's handler so that its exceptions become outcomes. */
export function taskHandler<Task, Result>(
  handle: (task: Task) => Promise<Result>,
): (task: Task) => Promise<TaskOutcome<Result>> {
  return async (task) => {
    try {
      return { ok: true, result: await handle(task) };
    } catch (error) {
      return { ok: false, message: error instanceof Error ? error.message : String(error) };
    }
  };
}

/**
 * A fixed number of threads on piscina, one task each at a time. The caller keeps no more than `threads` tasks in
 * flight, so piscina's own queue stays empty but while a dead thread is being replaced.
 *
 * A task is copied to its thread, but for what lies in shared memory, and never moved: when the thread dies the task is
 * run again, once. So a thread must leave shared memory as it was.
 *
 * A dead thread is replaced at once. Where the new one cannot load, piscina goes on with those left and tries again
 * only for a task that finds none idle. With none left it would keep its tasks for ever, so that it is given up
 * with them, and the next task starts all threads afresh: never does a thread start but for a death or a task.
 */
export class ThreadPool<Task, Result> {
  /** How many there are while all can be had. */
  readonly threads: number;
  readonly #options: ThreadPoolOptions;
  /** Null when every thread is gone. */
  #piscina: Piscina<Task, TaskOutcome<Result>> | null;
  /** Why the last thread of the piscina given up last could not load, where it said so. */
  #loadFault: Error | null = null;
  /** At most two for each thread: one that it runs, one that waits. */
  readonly #running = new Set<Promise<unknown>>();
  readonly #started = new WeakSet<Worker>();
  /** One for each thread that loads, fulfilled when it has loaded or died. */
  readonly #loading = new Set<Promise<unknown>>();
  #closing: Promise<void> | null = null;

  constructor(options: ThreadPoolOptions) {
    this.threads = options.threads;
    this.#options = options;
    this.#piscina = this.#startThreads();
  }

  /** Whether `close` has been called. */
  get closed(): boolean {
    return this.#closing !== null;
  }

  /**
   * Runs one task on every thread at once, which also waits until each has loaded what it needs.
   * @throws what a thread threw while loading.
   */
  async warmUp(task: Task): Promise<void> {
    await Promise.all(Array.from({ length: this.threads }, () => this.#attempt(task)));
  }

  /**
   * Runs one task, a second time when its thread dies.
   * @throws {ThreadCrashError} when two threads in a row died on the task, or the second could not load.
   * @throws {Error} what the handler threw, by its message; when twice as many tasks as threads are in flight; when
   * the pool is closed.
   */
  async run(task: Task): Promise<Result> {
    const limit = 2 * this.threads;
    if (this.#running.size >= limit) {
      throw new Error(`The pool takes ${limit} tasks at once. Wait for one to be answered.`);
    }
    try {
      return await this.#attempt(task);
    } catch (error) {
      if (!(error instanceof ThreadCrashError) || this.closed) throw error;
    }

    return this.#attempt(task);
  }

  /**
   * Ends the threads when they have loaded and have finished what they run: onnxruntime aborts the whole process when
   * its thread is ended in the middle of either. Nothing is run again from here on. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#end();

    return this.#closing;
  }

  async #end(): Promise<void> {
    // Piscina tells of the threads it ends as of any that die; by then the pool has to count as closed.
    await Promise.resolve();
    while (this.#running.size + this.#loading.size > 0) {
      await Promise.allSettled([...this.#running, ...this.#loading]);
    }
    await this.#piscina?.destroy();
  }

  async #attempt(task: Task): Promise<Result> {
    if (this.closed) throw new Error('The pool of threads has been closed.');
    this.#piscina ??= this.#startThreads();
    const piscina = this.#piscina;
    const running = piscina.run(task);
    // Piscina may have started a thread for it.
    this.#watchLoading(piscina);
    this.#running.add(running);
    let outcome: TaskOutcome<Result>;
    try {
      outcome = await running;
    } catch (error) {
      const cause = (piscina === this.#piscina ? null : this.#loadFault) ?? (error as Error);
      throw new ThreadCrashError(`The thread died: ${cause.message}`, { cause });
    } finally {
      this.#running.delete(running);
    }
    if (!outcome.ok) throw new Error(outcome.message);

    return outcome.result;
  }

  #startThreads(): Piscina<Task, TaskOutcome<Result>> {
    // Here and not on the threads: what they set in their environment stays their own.
    forbidTelemetry();
    const { workerUrl, workerData, threads, onCrash } = this.#options;
    const piscina = new Piscina<Task, TaskOutcome<Result>>({
      filename: workerUrl.href,
      workerData,
      minThreads: threads,
      maxThreads: threads,
      maxQueue: threads,
      concurrentTasksPerWorker: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      recordTiming: false,
    });
    let fault: Error | null = null;
    piscina.on('workerDestroy', () => {
      if (!this.closed) onCrash?.();
      fault = null;
      // By then piscina has taken the thread off its list, put another in its place, and emitted `error`.
      queueMicrotask(() => {
        this.#watchLoading(piscina);
        if (piscina.threads.length === 0) this.#giveUp(piscina, fault);
      });
    });
    // What a thread threw outside a task; without a listener the process would end.
    piscina.on('error', (error: Error) => {
      fault = error;
    });
    this.#watchLoading(piscina);

    return piscina;
  }

  /** Keeps account of the threads that have been started since it was last called. */
  #watchLoading(piscina: Piscina<Task, TaskOutcome<Result>>): void {
    for (const thread of piscina.threads) {
      if (this.#started.has(thread)) continue;
      this.#started.add(thread);
      const loading: Promise<unknown> = new Promise((resolve) => {
        // Piscina's own word that the module is loaded is the first message of every thread.
        thread.once('message', resolve).once('exit', resolve);
      }).then(() => this.#loading.delete(loading));
      this.#loading.add(loading);
    }
  }

  /** Fails the tasks that wait in a piscina that has no threads. */
  #giveUp(piscina: Piscina<Task, TaskOutcome<Result>>, fault: Error | null): void {
    if (piscina !== this.#piscina) return;
    this.#piscina = null;
    this.#loadFault = fault;
    void piscina.destroy();
  }
}
