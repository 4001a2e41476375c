import type { Device } from '../device.ts';
import { moonshineCapabilities } from '../moonshine/capabilities.ts';
import type { MoonshineGraphs } from '../moonshine/moonshine-files.ts';
import {
  type DecodeResult,
  type Recognizer,
  type RecognizerCapabilities,
  RecognizerError,
  SAMPLE_RATE,
  type SpeechSegment,
  validateBatch,
} from '../recognizer.ts';
import type { RecognizerThreadData } from './recognizer-thread.ts';
import { ThreadCrashError, ThreadPool } from './thread-pool.ts';

/** What the threads run, and where. */
export interface ThreadedRecognizerOptions {
  /** The compiled `recognizer-thread` module. */
  readonly workerUrl: URL;
  readonly graphs: MoonshineGraphs;
  /** One thread for each: `['cpu', 'cpu']` is two threads on the CPU. */
  readonly devices: readonly Device[];
  /** Called for each thread that dies. */
  readonly onCrash?: () => void;
}

type DevicePool = ThreadPool<readonly SpeechSegment[], DecodeResult>;

/**
 * The model on a pool of threads, one model set each: a piscina pool for every device, since threads of one pool
 * are interchangeable. `decode` takes the first pool with an idle thread, in the order the devices were named.
 */
export class ThreadedRecognizer implements Recognizer {
  readonly capabilities: RecognizerCapabilities;
  readonly #pools: readonly { readonly pool: DevicePool; inFlight: number }[];
  #closed = false;

  private constructor(pools: readonly DevicePool[], kind: MoonshineGraphs['kind']) {
    this.#pools = pools.map((pool) => ({ pool, inFlight: 0 }));
    this.capabilities = {
      ...moonshineCapabilities(kind),
      concurrency: pools.reduce((sum, pool) => sum + pool.threads, 0),
    };
  }

  /**
   * Starts, loads and warms every thread.
   * @throws when a thread cannot load the model on its device.
   */
  static async start({
    workerUrl,
    graphs,
    devices,
    onCrash,
  }: ThreadedRecognizerOptions): Promise<ThreadedRecognizer> {
    const pools = [...countEach(devices)].map(
      ([device, threads]): DevicePool =>
        new ThreadPool({
          workerUrl,
          workerData: { graphs, device } satisfies RecognizerThreadData,
          threads,
          ...(onCrash && { onCrash }),
        }),
    );
    try {
      // A second of silence runs both graphs once, so that the first caption does not pay for it.
      const silence = { samples: new Float32Array(SAMPLE_RATE), language: null };
      await Promise.all(pools.map((pool) => pool.warmUp([silence])));
    } catch (error) {
      await Promise.all(pools.map((pool) => pool.close()));
      throw error;
    }

    return new ThreadedRecognizer(pools, graphs.kind);
  }

  async decode(batch: readonly SpeechSegment[]): Promise<DecodeResult> {
    if (this.#closed) throw new RecognizerError('closed', 'The recogniser has been closed.');
    validateBatch(batch, this.capabilities);
    const slot = this.#pools.find(({ pool, inFlight }) => inFlight < pool.threads) ?? this.#pools[0]!;
    slot.inFlight++;
    try {
      return await slot.pool.run(batch);
    } catch (error) {
      if (this.#closed)
        throw new RecognizerError('closed', 'The recogniser has been closed.', { cause: error });
      const reason = error instanceof ThreadCrashError ? 'crashed' : 'failed';
      throw new RecognizerError(reason, (error as Error).message, { cause: error });
    } finally {
      slot.inFlight--;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#pools.map(({ pool }) => pool.close()));
  }
}

function countEach(devices: readonly Device[]): Map<Device, number> {
  const counts = new Map<Device, number>();
  for (const device of devices) counts.set(device, (counts.get(device) ?? 0) + 1);

  return counts;
}
