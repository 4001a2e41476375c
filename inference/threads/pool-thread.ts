import { Piscina } from 'piscina';
import { forbidTelemetry } from '../telemetry.ts';
import type { TaskOutcome } from './task-handler.ts';
import { type LinkedWorkerData, ThreadLink } from './thread-link.ts';

/** What a thread runs. */
export interface PoolThreadOptions {
  /** The compiled module; its default export handles a task. */
  readonly workerUrl: URL;
  /** Handed to it as it starts, with the link to its pool beside it. */
  readonly workerData: object;
  /** How large its JavaScript heap may grow; onnxruntime's memory is outside. */
  readonly maxHeapMegabytes: number;
}

/** What a thread tells, once each. */
export interface PoolThreadListener {
  loaded(): void;
  /** Not called for a thread that was ended. @param fault what it threw outside a task, where it did. */
  died(fault: Error | null): void;
}

/** One thread, from its start to its end: a piscina of one, which is given up with it. */
export class PoolThread<Task, Result> {
  /** Fulfilled when it has loaded, died or been abandoned. */
  readonly settled: Promise<void>;
  /** Fulfilled when it is no more. */
  readonly exited: Promise<void>;
  readonly #piscina: Piscina<Task, TaskOutcome<Result>>;
  readonly #link = new ThreadLink();
  #state: 'loading' | 'idle' | 'busy' | 'gone' = 'loading';
  #ending = false;
  #settle: () => void = () => {};

  constructor({ workerUrl, workerData, maxHeapMegabytes }: PoolThreadOptions, listener: PoolThreadListener) {
    // Here and not on the thread: what it sets in its environment stays its own.
    forbidTelemetry();
    const link: LinkedWorkerData = { link: this.#link.memory };
    this.#piscina = new Piscina<Task, TaskOutcome<Result>>({
      filename: workerUrl.href,
      workerData: { ...workerData, ...link },
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMegabytes },
      minThreads: 1,
      maxThreads: 1,
      concurrentTasksPerWorker: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      recordTiming: false,
    });
    const [worker] = this.#piscina.threads;
    this.exited = new Promise((resolve) => worker!.once('exit', () => resolve()));
    this.settled = new Promise((resolve) => {
      this.#settle = resolve;
      // Piscina's own word that the module is loaded is the first message of every thread.
      worker!.once('message', () => {
        if (this.#state === 'loading') {
          this.#state = 'idle';
          listener.loaded();
        }
        resolve();
      });
      worker!.once('exit', () => resolve());
    });
    this.#watchDeath(listener);
  }

  /** `gone` from the moment that it died, was told to end or was abandoned. */
  get state(): 'loading' | 'idle' | 'busy' | 'gone' {
    return this.#state;
  }

  /** Its number in the operating system; 0 where it has not said so or is not on Linux. */
  get osThreadId(): number {
    return this.#link.osThreadId;
  }

  /**
   * Runs a task on the thread, which has to be idle.
   * @throws when the thread died of it, and is then `gone`; when the task cannot be copied there.
   */
  async run(task: Task): Promise<TaskOutcome<Result>> {
    this.#state = 'busy';
    try {
      return await this.#piscina.run(task);
    } finally {
      if (this.#state === 'busy') this.#state = 'idle';
    }
  }

  /** Ends the thread, which must be outside native code. Fulfilled when it is no more. */
  async end(): Promise<void> {
    this.#state = 'gone';
    if (!this.#ending) {
      this.#ending = true;
      void this.#piscina.destroy();
    }
    await this.exited;
  }

  /**
   * Gives the thread up in the middle of its task, or of loading, and ends it where that is safe. Otherwise it goes on until it comes
   * out of native code, which may be never; a process that has such a thread can only be ended by a signal, because
   * node waits for its threads.
   * @returns whether it is ending.
   */
  abandon(): boolean {
    this.#state = 'gone';
    this.#settle();
    const outside = this.#link.giveUp();
    if (outside) void this.end();

    return outside;
  }

  #watchDeath(listener: PoolThreadListener): void {
    let fault: Error | null = null;
    // What the thread threw outside a task; without a listener the process would end.
    this.#piscina.on('error', (error: Error) => {
      fault = error;
    });
    this.#piscina.on('workerDestroy', () => {
      const expected = this.#state === 'gone';
      // Keeps piscina from putting another in its place: when a thread is started is the pool's to say.
      void this.end();
      // By then piscina has emitted `error`.
      if (!expected) queueMicrotask(() => listener.died(fault));
    });
  }
}
