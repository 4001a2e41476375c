import type { Device } from '../device.ts';
import { hotWordWriter, type RecognizerGraphs, recognizerCapabilities } from '../load-recognizer.ts';
import {
  type DecodeResult,
  type Recognizer,
  type RecognizerCapabilities,
  RecognizerError,
  SAMPLE_RATE,
  type SpeechSegment,
  validateBatch,
} from '../recognizer.ts';
import { HotWordPacker, type PackedSegment } from './packed-hot-words.ts';
import type { RecognizerThreadData } from './recognizer-thread.ts';
import { ThreadCrashError, ThreadHangError, ThreadUnavailableError } from './thread-errors.ts';
import { ThreadPool, type ThreadPoolOptions } from './thread-pool.ts';

/** What the threads run, and where. */
export interface ThreadedRecognizerOptions
  extends Pick<ThreadPoolOptions, 'workerUrl' | 'onCrash' | 'onHang' | 'onExhausted' | 'after'> {
  readonly graphs: RecognizerGraphs;
  /** One thread for each: `['cpu', 'cpu']` is two threads on the CPU. */
  readonly devices: readonly Device[];
}

/**
 * The model on a pool of threads, one model set each. `decode` takes the first idle thread, in the order the devices were
 * named. A batch whose thread dies or hangs fails; whoever handed it over decides whether to try again.
 */
export class ThreadedRecognizer implements Recognizer {
  readonly capabilities: RecognizerCapabilities;
  readonly #pool: ThreadPool<readonly PackedSegment[], DecodeResult>;
  readonly #packer = new HotWordPacker();
  #canWrite: (text: string) => boolean = () => true;
  #idleListener: () => void = () => {};
  #closed = false;

  private constructor({ graphs, devices, ...poolOptions }: ThreadedRecognizerOptions) {
    this.capabilities = { ...recognizerCapabilities(graphs), concurrency: devices.length };
    this.#pool = new ThreadPool({
      ...poolOptions,
      workerData: devices.map((device): RecognizerThreadData => ({ graphs, device })),
      onIdle: () => this.#idleListener(),
    });
  }

  /**
   * Starts, loads and warms every thread.
   * @throws when a thread cannot load the model on its device.
   */
  static async start(options: ThreadedRecognizerOptions): Promise<ThreadedRecognizer> {
    const recognizer = new ThreadedRecognizer(options);
    try {
      recognizer.#canWrite = await hotWordWriter(options.graphs);
      // A second of silence runs all graphs once, so that the first caption does not pay for it.
      await recognizer.#pool.warmUp([{ samples: new Float32Array(SAMPLE_RATE), language: null }]);
    } catch (error) {
      await recognizer.close();
      throw error;
    }

    return recognizer;
  }

  get idle(): number {
    return this.#pool.idle;
  }

  canWrite(text: string): boolean {
    return this.#canWrite(text);
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

  async decode(batch: readonly SpeechSegment[], deadlineMs?: number): Promise<DecodeResult> {
    if (this.#closed) throw new RecognizerError('closed', 'The recogniser has been closed.');
    validateBatch(batch, this.capabilities);
    try {
      return await this.#pool.run(
        batch.map((segment) => this.#packer.packed(segment)),
        deadlineMs,
      );
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
