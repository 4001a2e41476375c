import type { Device } from '../device.ts';
import { hotWordWriter, type RecognizerGraphs, recognizerCapabilities } from '../load-recognizer.ts';
import {
  type DecodeResult,
  type RecognizerCapabilities,
  RecognizerError,
  SAMPLE_RATE,
  type SpeechSegment,
  validateBatch,
} from '../recognizer.ts';
import type { RecognizerPool } from '../recognizer-pool.ts';
import { HotWordPacker } from './packed-hot-words.ts';
import type { RecognizerTask, RecognizerThreadData } from './recognizer-thread.ts';
import { ThreadCrashError, ThreadHangError, ThreadUnavailableError } from './thread-errors.ts';
import { ThreadPool, type ThreadPoolOptions } from './thread-pool.ts';

/** What the threads run, and where. */
export interface ThreadedRecognizersOptions
  extends Pick<ThreadPoolOptions, 'workerUrl' | 'onCrash' | 'onHang' | 'onExhausted' | 'after'> {
  /** All of them are loaded in each thread. */
  readonly models: readonly RecognizerGraphs[];
  /** One thread for each: `['cpu', 'cpu']` is two threads on the CPU. */
  readonly devices: readonly Device[];
}

/**
 * Models on a pool of threads, all of them in each. `decode` takes the first idle thread, in the order the devices were
 * named. A batch whose thread dies or hangs fails; whoever handed it over decides whether to try again.
 */
export class ThreadedRecognizers implements RecognizerPool {
  readonly models: readonly RecognizerCapabilities[];
  readonly #pool: ThreadPool<RecognizerTask, DecodeResult>;
  readonly #packer = new HotWordPacker();
  /** By model. */
  #writers: readonly ((text: string) => boolean)[] = [];
  #idleListener: () => void = () => {};
  #closed = false;

  private constructor({ models, devices, ...poolOptions }: ThreadedRecognizersOptions) {
    this.models = models.map((graphs) => ({
      ...recognizerCapabilities(graphs),
      concurrency: devices.length,
    }));
    this.#pool = new ThreadPool({
      ...poolOptions,
      workerData: devices.map((device): RecognizerThreadData => ({ models, device })),
      onIdle: () => this.#idleListener(),
    });
  }

  /**
   * Starts, loads and warms every thread.
   * @throws when a thread cannot load a model on its device.
   */
  static async start(options: ThreadedRecognizersOptions): Promise<ThreadedRecognizers> {
    const recognizers = new ThreadedRecognizers(options);
    try {
      recognizers.#writers = await Promise.all(options.models.map(hotWordWriter));
      // A second of silence runs all graphs once, so that the first caption does not pay for it.
      const batch = [{ samples: new Float32Array(SAMPLE_RATE), language: null }];
      for (const model of options.models.keys()) await recognizers.#pool.warmUp({ model, batch });
    } catch (error) {
      await recognizers.close();
      throw error;
    }

    return recognizers;
  }

  get concurrency(): number {
    return this.#pool.threads;
  }

  get idle(): number {
    return this.#pool.idle;
  }

  canWrite(model: number, text: string): boolean {
    return this.#writers[model]!(text);
  }

  onIdle(listener: () => void): void {
    this.#idleListener = listener;
  }

  /** Threads that were given up and live on inside native code. */
  get abandoned(): number {
    return this.#pool.abandoned;
  }

  /** Whether so many threads live on that none is started any more. */
  get exhausted(): boolean {
    return this.#pool.exhausted;
  }

  /** Numbers in the operating system of all its threads; none where it is not Linux. */
  get osThreadIds(): readonly number[] {
    return this.#pool.osThreadIds;
  }

  async decode(model: number, batch: readonly SpeechSegment[], deadlineMs?: number): Promise<DecodeResult> {
    if (this.#closed) throw new RecognizerError('closed', 'The recogniser has been closed.');
    validateBatch(batch, this.models[model]!);
    try {
      const packed = batch.map((segment) => this.#packer.packed(segment));

      return await this.#pool.run({ model, batch: packed }, deadlineMs);
    } catch (cause) {
      if (this.#closed) throw new RecognizerError('closed', 'The recogniser has been closed.', { cause });
      throw new RecognizerError(reasonOf(cause), (cause as Error).message, { cause });
    }
  }

  close(): Promise<void> {
    this.#closed = true;

    return this.#pool.close();
  }
}

function reasonOf(error: unknown): RecognizerError['reason'] {
  if (error instanceof ThreadCrashError) return 'crashed';
  if (error instanceof ThreadUnavailableError) return 'unavailable';

  return error instanceof ThreadHangError ? 'hung' : 'failed';
}
