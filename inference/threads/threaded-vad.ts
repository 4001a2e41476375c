import { initialVadState } from '../silero/state.ts';
import { type Vad, type VadAnswer, type VadRequest, type VadState, WINDOW_SAMPLES } from '../vad.ts';
import { ThreadCrashError, ThreadHangError, ThreadUnavailableError } from './thread-errors.ts';
import { ThreadPool, type ThreadPoolOptions } from './thread-pool.ts';
import { VadMemory, type VadTask } from './vad-memory.ts';
import type { VadThreadData } from './vad-thread.ts';

/** What the thread runs. */
export interface ThreadedVadOptions
  extends VadThreadData,
    Pick<ThreadPoolOptions, 'workerUrl' | 'onCrash' | 'onHang' | 'onExhausted' | 'after'> {
  /** How long the thread may take to answer before it is given up; for ever by default. */
  readonly deadlineMs?: number;
}

/**
 * Silero on a thread of its own: the calling thread only copies windows there, and answers back. When the thread dies or hangs
 * the windows are tried once more, on the one that takes its place: a lost window would cost its stream.
 */
export class ThreadedVad implements Vad {
  readonly #pool: ThreadPool<VadTask, null>;
  readonly #memory = new VadMemory();
  readonly #deadlineMs: number | undefined;

  private constructor({ file, deadlineMs, ...poolOptions }: ThreadedVadOptions) {
    this.#deadlineMs = deadlineMs;
    this.#pool = new ThreadPool({ ...poolOptions, workerData: [{ file } satisfies VadThreadData] });
  }

  /** @throws when the model cannot be loaded. */
  static async start(options: ThreadedVadOptions): Promise<ThreadedVad> {
    const vad = new ThreadedVad(options);
    try {
      const silence = { windows: new Float32Array(WINDOW_SAMPLES), state: initialVadState() };
      await vad.#pool.warmUp(vad.#memory.pack([silence]));
    } catch (error) {
      await vad.close();
      throw error;
    }

    return vad;
  }

  /** Threads that were given up and live on inside native code. */
  get abandoned(): number {
    return this.#pool.abandoned;
  }

  /** Whether so many threads live on that none is started any more. */
  get exhausted(): boolean {
    return this.#pool.exhausted;
  }

  /** Its thread's number in the operating system; none where it is not Linux. */
  get osThreadIds(): readonly number[] {
    return this.#pool.osThreadIds;
  }

  initialState(): VadState {
    return initialVadState();
  }

  async detect(requests: readonly VadRequest[]): Promise<readonly VadAnswer[]> {
    if (this.#pool.closed) throw new Error('The voice activity detector has been closed.');
    try {
      return await this.#attempt(requests);
    } catch (error) {
      const lost = [ThreadCrashError, ThreadHangError, ThreadUnavailableError];
      if (this.#pool.closed || !lost.some((kind) => error instanceof kind)) throw error;
    }

    return this.#attempt(requests);
  }

  async #attempt(requests: readonly VadRequest[]): Promise<readonly VadAnswer[]> {
    const task = this.#memory.pack(requests);
    await this.#pool.run(task, this.#deadlineMs);
    const answers = this.#memory.unpack(task, requests);
    // Not after a failure: a thread that hangs may still write there.
    this.#memory.takeBack(task);

    return answers;
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}
