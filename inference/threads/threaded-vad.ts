import { initialVadState } from '../silero/state.ts';
import { type Vad, type VadAnswer, type VadRequest, type VadState, WINDOW_SAMPLES } from '../vad.ts';
import { ThreadPool } from './thread-pool.ts';
import type { VadThreadData } from './vad-thread.ts';

/** What the thread runs. */
export interface ThreadedVadOptions extends VadThreadData {
  /** The compiled `vad-thread` module. */
  readonly workerUrl: URL;
  /** Called for each thread that dies. */
  readonly onCrash?: () => void;
}

/** Silero on a thread of its own: the calling thread only copies windows there and back. */
export class ThreadedVad implements Vad {
  readonly #pool: ThreadPool<readonly VadRequest[], readonly VadAnswer[]>;

  private constructor(pool: ThreadPool<readonly VadRequest[], readonly VadAnswer[]>) {
    this.#pool = pool;
  }

  /** @throws when the model cannot be loaded. */
  static async start({ workerUrl, file, onCrash }: ThreadedVadOptions): Promise<ThreadedVad> {
    const pool = new ThreadPool<readonly VadRequest[], readonly VadAnswer[]>({
      workerUrl,
      workerData: { file } satisfies VadThreadData,
      threads: 1,
      ...(onCrash && { onCrash }),
    });
    try {
      await pool.warmUp([{ windows: new Float32Array(WINDOW_SAMPLES), state: initialVadState() }]);
    } catch (error) {
      await pool.close();
      throw error;
    }

    return new ThreadedVad(pool);
  }

  initialState(): VadState {
    return initialVadState();
  }

  detect(requests: readonly VadRequest[]): Promise<readonly VadAnswer[]> {
    if (this.#pool.closed) return Promise.reject(new Error('The voice activity detector has been closed.'));

    return this.#pool.run(requests);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}
