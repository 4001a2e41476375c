import { type After, systemAfter } from './after.ts';
import { type Job, JobQueue } from './job-queue.ts';
import { PoolThread } from './pool-thread.ts';
import { ThreadCrashError, ThreadHangError, ThreadUnavailableError } from './thread-errors.ts';

/** What the threads of a pool run, and what the pool tells. */
export interface ThreadPoolOptions {
  /** The compiled module a thread runs; its default export handles a task. */
  readonly workerUrl: URL;
  /** One for each thread, handed to it as it starts, and to the one that replaces it. */
  readonly workerData: readonly object[];
  /**
   * Asked when the thread of a place has died or been given up: what the ones that take its place are handed from then on.
   * Null, or left out: the same as before. What could not load is loaded at once where it is something else.
   */
  readonly replacement?: (place: number) => object | null;
  /** How large the JavaScript heap of a thread may grow before the thread dies. */
  readonly maxHeapMegabytes?: number;
  /** Called for each thread that dies, also of one that dies as it loads. Not called once the pool is closed. */
  readonly onCrash?: () => void;
  /** Called for each thread that is given up because it did not answer, or load, in time. */
  readonly onHang?: () => void;
  /** Called once, the first time that more given-up threads live on than the pool has threads. */
  readonly onExhausted?: () => void;
  /** Called whenever `idle` may have grown. */
  readonly onIdle?: () => void;
  readonly after?: After;
}

/** A place for a thread. */
interface Slot<Task, Result> {
  workerData: object;
  /** Null when its thread is gone and has not been replaced. */
  thread: PoolThread<Task, Result> | null;
  /** Threads in a row that could not load. */
  failedLoads: number;
  /** Of the deadline of a thread that loads, or of the next try. */
  cancelTimer: () => void;
}

/** Far more than a thread needs, whose samples, sessions and tensors are all outside its heap. */
const MAX_HEAP_MEGABYTES = 512;
/** Far longer than any model takes to load, from a cold disk onto a slow device. */
const LOAD_DEADLINE_MS = 120_000;
/** Until a thread that could not load is tried again: twice as long each time, up to the most. */
const RELOAD_AFTER_MS = 1000;
const MAX_RELOAD_AFTER_MS = 60_000;

/**
 * A fixed number of threads, one task each at a time. A task is given to the first place whose thread has loaded and is
 * idle; where there is none it waits. It is copied to its thread, but for what lies in shared memory, and never moved:
 * the caller may run it again when its thread dies, so that a thread must leave shared memory as it was.
 *
 * A thread that dies is replaced at once, and its task fails. Where the new one cannot load, the pool goes on with
 * those left, and tries again after a while, or for a task that finds none idle. When none is left, the tasks that wait
 * are refused.
 *
 * A thread that does not answer by a task's deadline, or takes minutes to load, is given up and replaced. One that is
 * inside native code lives on; when more do than the pool has threads, no thread is started any more until one of them
 * has ended. One more, so that a pool of one survives its first.
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
    this.#slots = options.workerData.map((workerData) => ({
      workerData,
      thread: null,
      failedLoads: 0,
      cancelTimer: () => {},
    }));
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

  /** How many tasks would be taken up at once, by a thread that has loaded and is idle. */
  get idle(): number {
    if (this.#closed) return 0;
    const idle = this.#slots.filter(({ thread }) => thread?.state === 'idle').length;

    return Math.max(0, idle - this.#jobs.length);
  }

  /** The place whose thread would take up a task at once, by its number; null when there is none. */
  get nextPlace(): number | null {
    if (this.idle === 0) return null;
    const place = this.#slots.findIndex(({ thread }) => thread?.state === 'idle');

    return place === -1 ? null : place;
  }

  /** Threads that were given up and live on inside native code. */
  get abandoned(): number {
    return this.#abandoned.size;
  }

  /** Whether so many threads live on that none is started any more. */
  get exhausted(): boolean {
    return this.#abandoned.size > this.threads;
  }

  /** Numbers in the operating system of all threads that live, given up or not; none where it is not Linux. */
  get osThreadIds(): readonly number[] {
    const threads = [...this.#slots.map(({ thread }) => thread), ...this.#abandoned];

    return threads.map((thread) => thread?.osThreadId ?? 0).filter((id) => id !== 0);
  }

  /**
   * Runs one task on every thread at once, which also waits until each has loaded what it needs.
   * @returns what each place's thread answered.
   * @throws what a thread threw while loading.
   */
  async warmUp(task: Task): Promise<readonly Result[]> {
    return Promise.all(this.#slots.map((slot) => this.#submit(task, Number.POSITIVE_INFINITY, slot)));
  }

  /**
   * Runs one task.
   * @param deadlineMs how long its thread may take to answer, from when it is given the task.
   * @throws {ThreadCrashError} when its thread died.
   * @throws {ThreadHangError} when its thread did not answer in time.
   * @throws {ThreadUnavailableError} when no thread could be had: none could load, or too many do not answer.
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
    for (const { thread, cancelTimer } of this.#slots) if (thread === null) cancelTimer();
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
      this.#replace(slot);
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
    slot.cancelTimer();
    let loaded = false;
    const thread = new PoolThread<Task, Result>(
      { workerUrl, workerData: slot.workerData, maxHeapMegabytes },
      {
        loaded: () => {
          loaded = true;
          slot.failedLoads = 0;
          slot.cancelTimer();
          this.#slotChanged();
        },
        died: (fault) => {
          slot.cancelTimer();
          slot.thread = null;
          const isOther = this.#prepareReplacement(slot);
          if (!this.#closed) this.#options.onCrash?.();
          if (loaded || isOther) this.#replace(slot);
          else this.#loadFailed(slot, fault);
        },
      },
    );
    slot.thread = thread;
    slot.cancelTimer = this.#after(LOAD_DEADLINE_MS, () => {
      if (this.#giveUp(slot, thread) && !this.exhausted) this.#replace(slot);
      else this.#loadFailed(slot, new Error(`It has not loaded within ${LOAD_DEADLINE_MS} ms.`));
    });
  }

  /** @returns whether the next thread is handed something else. */
  #prepareReplacement(slot: Slot<Task, Result>): boolean {
    const workerData = this.#options.replacement?.(this.#slots.indexOf(slot));
    if (workerData) slot.workerData = workerData;

    return Boolean(workerData);
  }

  /** Puts a thread in the place of one that died or was given up. */
  #replace(slot: Slot<Task, Result>): void {
    if (this.#closed && this.#jobs.length === 0) return;
    if (!this.exhausted) this.#start(slot);
    else if (this.#lost) this.#refuseAll();
  }

  #loadFailed(slot: Slot<Task, Result>, fault: Error | null): void {
    slot.cancelTimer();
    const message = `A thread could not load: ${fault?.message ?? 'it ended without a word.'}`;
    const none = this.#slots.every(({ thread }) => thread === null);
    this.#jobs.refuse(none ? null : slot, new ThreadUnavailableError(message, { cause: fault }));
    const delayMs = Math.min(MAX_RELOAD_AFTER_MS, RELOAD_AFTER_MS * 2 ** slot.failedLoads++);
    if (!this.#closed) slot.cancelTimer = this.#after(delayMs, () => this.#startIfGone(slot));
    this.#slotChanged();
  }

  #startIfGone(slot: Slot<Task, Result>): void {
    if (!this.#closed && this.#startable(slot)) this.#start(slot);
  }

  /** Starts a thread where one could not load, for a task that has found none idle. */
  #startForTask(): void {
    if (this.#lost) {
      this.#refuseAll();
      return;
    }
    const loading = this.#slots.filter(({ thread }) => thread?.state === 'loading').length;
    const slot = this.#slots.find((candidate) => this.#startable(candidate));
    if (slot && loading < this.#jobs.length) this.#start(slot);
  }

  #startable({ thread }: Slot<Task, Result>): boolean {
    return thread === null && !this.exhausted;
  }

  /** @returns whether the next thread is handed something else. */
  #giveUp(slot: Slot<Task, Result>, thread: PoolThread<Task, Result>): boolean {
    slot.thread = null;
    const isOther = this.#prepareReplacement(slot);
    if (!thread.abandon()) this.#watchAbandoned(thread);
    this.#options.onHang?.();
    if (this.exhausted && !this.#exhaustionTold) {
      this.#exhaustionTold = true;
      this.#options.onExhausted?.();
    }

    return isOther;
  }

  #watchAbandoned(thread: PoolThread<Task, Result>): void {
    this.#abandoned.add(thread);
    void thread.exited.then(() => {
      this.#abandoned.delete(thread);
      for (const slot of this.#slots) this.#startIfGone(slot);
    });
  }

  /** Whether all threads are gone and none may be started. */
  get #lost(): boolean {
    return this.exhausted && this.#slots.every(({ thread }) => thread === null);
  }

  #refuseAll(): void {
    const message = `No thread is left: ${this.abandoned} have not answered and cannot be ended. Restart the server.`;
    this.#jobs.refuse(null, new ThreadUnavailableError(message));
  }

  #slotChanged(): void {
    this.#giveOut();
    if (this.idle > 0) this.#options.onIdle?.();
  }
}
