import { type After, systemAfter } from './after.ts';
import { type Job, JobQueue } from './job-queue.ts';
import { PoolThread } from './pool-thread.ts';
import { ThreadCrashError, ThreadHangError } from './thread-errors.ts';

/** What the threads of a pool run, and what the pool tells. */
export interface ThreadPoolOptions {
  /** The compiled module a thread runs; its default export handles a task. */
  readonly workerUrl: URL;
  /** One for each thread, handed to it as it starts, and to the one that replaces it. */
  readonly workerData: readonly object[];
  /** How large the JavaScript heap of a thread may grow before the thread dies. */
  readonly maxHeapMegabytes?: number;
  /** Called for each thread that dies, also of one that dies as it loads. Not called once the pool is closed. */
  readonly onCrash?: () => void;
  /** Called for each thread that is given up because it did not answer in time. */
  readonly onHang?: () => void;
  /** Called once, the first time that as many given-up threads live on as the pool has threads. */
  readonly onExhausted?: () => void;
  /** Called whenever `idle` may have grown. */
  readonly onIdle?: () => void;
  readonly after?: After;
}

/** A place for a thread. */
interface Slot<Task, Result> {
  readonly workerData: object;
  /** Null when its thread is gone and has not been replaced. */
  thread: PoolThread<Task, Result> | null;
}

/** Far more than a thread needs, whose samples, sessions and tensors are all outside its heap. */
const MAX_HEAP_MEGABYTES = 512;

/**
 * A fixed number of threads, one task each at a time. A task is given to the first place whose thread has loaded and is
 * idle; where there is none it waits. It is copied to its thread, but for what lies in shared memory, and never moved:
 * the caller may run it again when its thread dies, so that a thread must leave shared memory as it was.
 *
 * A thread that dies is replaced at once, and its task fails. Where the new one cannot load, the pool goes on with
 * those left, and tries again for a task that finds none idle. When none is left, the tasks that wait fail, and
 * the next one starts a thread afresh: never does a thread start but for a death or a task.
 *
 * A thread that does not answer by a task's deadline is given up and replaced. One that is inside native code lives
 * on; when as many do as the pool has threads, no thread is started any more until one of them has ended.
 */
export class ThreadPool<Task, Result> {
  readonly #options: ThreadPoolOptions;
  readonly #after: After;
  readonly #slots: readonly Slot<Task, Result>[];
  readonly #jobs = new JobQueue<Task, Result, Slot<Task, Result>>();
  /** Given up, and not ended yet. */
  readonly #abandoned = new Set<PoolThread<Task, Result>>();
  #exhaustionTold = false;
  #closing: Promise<void> | null = null;
  #closed = false;

  constructor(options: ThreadPoolOptions) {
    this.#options = options;
    this.#after = options.after ?? systemAfter;
    this.#slots = options.workerData.map((workerData) => ({ workerData, thread: null }));
    for (const slot of this.#slots) this.#start(slot);
  }

  /** How many there are while all can be had. */
  get threads(): number {
    return this.#slots.length;
  }

  /** Whether `close` has been called. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * How many tasks would be taken up at once: by a thread that is loaded and idle, by starting one in place of one that
   * could not load, or, when nothing can be started any more, by refusing them.
   */
  get idle(): number {
    if (this.#closed) return 0;
    const ready = this.#slots.filter(({ thread }) => thread?.state === 'idle' || this.#startable(thread));
    const places = this.#lost ? this.threads : ready.length;

    return Math.max(0, places - this.#jobs.length);
  }

  /** Threads that were given up and live on inside native code. */
  get abandoned(): number {
    return this.#abandoned.size;
  }

  /** Whether so many threads live on that none is started any more. */
  get exhausted(): boolean {
    return this.#abandoned.size >= this.threads;
  }

  /** Numbers in the operating system of all threads that live, given up or not; none where it is not Linux. */
  get osThreadIds(): readonly number[] {
    const threads = [...this.#slots.map(({ thread }) => thread), ...this.#abandoned];

    return threads.map((thread) => thread?.osThreadId ?? 0).filter((id) => id !== 0);
  }

  /**
   * Runs one task on every thread at once, which also waits until each has loaded what it needs.
   * @throws what a thread threw while loading.
   */
  async warmUp(task: Task): Promise<void> {
    await Promise.all(this.#slots.map((slot) => this.#submit(task, Number.POSITIVE_INFINITY, slot)));
  }

  /**
   * Runs one task.
   * @param deadlineMs how long its thread may take to answer, from when it is given the task.
   * @throws {ThreadCrashError} when its thread died, or none could be had.
   * @throws {ThreadHangError} when its thread did not answer in time, or no thread is left because too many did not.
   * @throws {Error} what the handler threw, by its message; when twice as many tasks as threads are in flight; when
   * the pool is closed.
   */
  async run(task: Task, deadlineMs = Number.POSITIVE_INFINITY): Promise<Result> {
    const limit = 2 * this.threads;
    if (this.#jobs.unanswered.size >= limit)
      throw new Error(`The pool takes ${limit} tasks at once. Wait for one to be answered.`);

    return this.#submit(task, deadlineMs, null);
  }

  /**
   * Ends the threads when they have loaded and have finished what they run: onnxruntime aborts the whole process when
   * its thread is ended in the middle of either. Does not wait for threads that were given up. Idempotent.
   */
  close(): Promise<void> {
    this.#closed = true;
    this.#closing ??= this.#end();

    return this.#closing;
  }

  async #end(): Promise<void> {
    const loading = () => this.#slots.flatMap(({ thread }) => (thread?.state === 'loading' ? [thread] : []));
    while (this.#jobs.unanswered.size + loading().length > 0) {
      await Promise.allSettled([...this.#jobs.unanswered, ...loading().map(({ settled }) => settled)]);
    }
    await Promise.all(this.#slots.map(({ thread }) => thread?.end()));
  }

  #submit(task: Task, deadlineMs: number, slot: Slot<Task, Result> | null): Promise<Result> {
    if (this.#closed) return Promise.reject(new Error('The pool of threads has been closed.'));
    const answer = this.#jobs.add(task, deadlineMs, slot);
    this.#giveOut();
    if (this.#jobs.length > 0) this.#startForTask();

    return answer;
  }

  /** Gives tasks that wait to idle threads, the oldest first. */
  #giveOut(): void {
    for (const slot of this.#slots) {
      if (slot.thread?.state !== 'idle') continue;
      const job = this.#jobs.takeFor(slot);
      if (job) void this.#run(job, slot, slot.thread);
    }
  }

  async #run(
    { task, deadlineMs, resolve, reject }: Job<Task, Result, Slot<Task, Result>>,
    slot: Slot<Task, Result>,
    thread: PoolThread<Task, Result>,
  ): Promise<void> {
    const hang = () => {
      reject(new ThreadHangError(`The thread has not answered within ${deadlineMs} ms.`));
      this.#giveUp(slot, thread);
    };
    const cancel = deadlineMs === Number.POSITIVE_INFINITY ? null : this.#after(deadlineMs, hang);
    try {
      const outcome = await thread.run(task);
      if (outcome.ok) resolve(outcome.result);
      else reject(new Error(outcome.message));
    } catch (cause) {
      const { message } = cause as Error;
      const died = thread.state === 'gone';
      reject(died ? new ThreadCrashError(`The thread died: ${message}`, { cause }) : (cause as Error));
    }
    cancel?.();
    // Abandoned, and has come back after all.
    if (thread !== slot.thread) return thread.end();
    this.#slotChanged();
  }

  #start(slot: Slot<Task, Result>): void {
    const { workerUrl, maxHeapMegabytes = MAX_HEAP_MEGABYTES } = this.#options;
    let loaded = false;
    const thread = new PoolThread<Task, Result>(
      { workerUrl, workerData: slot.workerData, maxHeapMegabytes },
      {
        loaded: () => {
          loaded = true;
          this.#slotChanged();
        },
        died: (fault) => {
          slot.thread = null;
          if (!this.#closed) this.#options.onCrash?.();
          if (loaded) this.#replace(slot);
          else this.#loadFailed(slot, fault);
        },
      },
    );
    slot.thread = thread;
  }

  /** Puts a thread in the place of one that died or was given up. */
  #replace(slot: Slot<Task, Result>): void {
    if (this.#closed && this.#jobs.length === 0) return;
    if (!this.exhausted) this.#start(slot);
    if (!this.#lost) return;
    this.#refuseAll();
    this.#options.onIdle?.();
  }

  #loadFailed(slot: Slot<Task, Result>, fault: Error | null): void {
    const message = `A thread could not load: ${fault?.message ?? 'it ended without a word.'}`;
    const none = this.#slots.every(({ thread }) => thread === null);
    this.#jobs.refuse(none ? null : slot, new ThreadCrashError(message, { cause: fault }));
    this.#slotChanged();
  }

  /** Starts a thread where one could not load, for a task that has found none idle. */
  #startForTask(): void {
    if (this.#lost) {
      this.#refuseAll();
      return;
    }
    const loading = this.#slots.filter(({ thread }) => thread?.state === 'loading').length;
    const slot = this.#slots.find(({ thread }) => this.#startable(thread));
    if (slot && loading < this.#jobs.length) this.#start(slot);
  }

  #startable(thread: PoolThread<Task, Result> | null): boolean {
    return thread === null && !this.exhausted;
  }

  #giveUp(slot: Slot<Task, Result>, thread: PoolThread<Task, Result>): void {
    slot.thread = null;
    if (!thread.abandon()) this.#watchAbandoned(thread);
    this.#options.onHang?.();
    this.#replace(slot);
    if (!this.exhausted || this.#exhaustionTold) return;
    this.#exhaustionTold = true;
    this.#options.onExhausted?.();
  }

  #watchAbandoned(thread: PoolThread<Task, Result>): void {
    this.#abandoned.add(thread);
    void thread.exited.then(() => {
      this.#abandoned.delete(thread);
      const slot = this.#slots.find((candidate) => candidate.thread === null);
      if (slot && !this.#closed) this.#start(slot);
    });
  }

  /** Whether all threads are gone and none may be started. */
  get #lost(): boolean {
    return this.exhausted && this.#slots.every(({ thread }) => thread === null);
  }

  #refuseAll(): void {
    const message = `No thread is left: ${this.abandoned} have not answered and cannot be ended. Restart the server.`;
    this.#jobs.refuse(null, new ThreadHangError(message));
  }

  #slotChanged(): void {
    this.#giveOut();
    if (this.idle > 0) this.#options.onIdle?.();
  }
}
