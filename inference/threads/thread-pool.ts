import { Piscina } from 'piscina';

/** What a thread's module answers to `ping`, sent once to each thread before any work. */
export interface ThreadPoolOptions {
  /** The compiled module a thread runs; its default export handles a task. */
  readonly workerUrl: URL;
  /** Handed to each thread as it starts. */
  readonly workerData: unknown;
  readonly threads: number;
  /** Called for each thread that dies, after which a new one takes its place. */
  readonly onCrash?: () => void;
}

/** A task's thread died, and so did the one that tried again. */
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
 * A task is copied to its thread, not moved: when the thread dies the task is run again, once.
 */
export class ThreadPool<Task, Result> {
  readonly threads: number;
  readonly #piscina: Piscina<Task, TaskOutcome<Result>>;
  readonly #onCrash: () => void;
  /** At most one for each thread, and one more while a dead one is replaced. */
  readonly #running = new Set<Promise<unknown>>();
  #closing: Promise<void> | null = null;

  constructor({ workerUrl, workerData, threads, onCrash }: ThreadPoolOptions) {
    this.threads = threads;
    this.#onCrash = onCrash ?? (() => {});
    this.#piscina = new Piscina({
      filename: workerUrl.href,
      workerData,
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      recordTiming: false,
    });
    // A thread that dies between tasks: piscina replaces it; without a listener the process would end.
    this.#piscina.on('error', this.#onCrash);
  }

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
   * @throws {ThreadCrashError} when two threads in a row died on the task.
   * @throws {Error} what the handler threw, by its message.
   */
  async run(task: Task): Promise<Result> {
    try {
      return await this.#attempt(task);
    } catch (error) {
      if (!(error instanceof ThreadCrashError) || this.closed) throw error;
    }

    return this.#attempt(task);
  }

  /**
   * Ends the threads when they have finished what they run: onnxruntime aborts the whole process when its thread is
   * ended in the middle of a run. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= Promise.allSettled(this.#running).then(() => this.#piscina.destroy());

    return this.#closing;
  }

  async #attempt(task: Task): Promise<Result> {
    const running = this.#piscina.run(task);
    this.#running.add(running);
    let outcome: TaskOutcome<Result>;
    try {
      outcome = await running;
    } catch (error) {
      if (!this.closed) this.#onCrash();
      throw new ThreadCrashError(`The thread died: ${(error as Error).message}`, { cause: error });
    } finally {
      this.#running.delete(running);
    }
    if (!outcome.ok) throw new Error(outcome.message);

    return outcome.result;
  }
}
