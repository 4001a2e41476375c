import type { Device } from '../device.ts';
import type { Standing } from '../devices/fallback-recognizer.ts';
import {
  hotWordWriter,
  type ModelGraphs,
  type RecognizerGraphs,
  recognizerCapabilities,
} from '../load-recognizer.ts';
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
import type { RecognizerAnswer, RecognizerTask, RecognizerThreadData } from './recognizer-thread.ts';
import { ThreadCrashError, ThreadHangError, ThreadUnavailableError } from './thread-errors.ts';
import { ThreadPool, type ThreadPoolOptions } from './thread-pool.ts';

/** What the threads run, and where. */
export interface ThreadedRecognizersOptions
  extends Pick<ThreadPoolOptions, 'workerUrl' | 'onCrash' | 'onHang' | 'onExhausted' | 'after'> {
  /** All of them are loaded in each thread. Those for processors alone do where no GPU is asked for. */
  readonly models: readonly (ModelGraphs | RecognizerGraphs)[];
  /** One thread for each: `['cpu', 'cpu']` is two threads on the CPU. */
  readonly devices: readonly Device[];
  /** Called when a place that was asked for on a GPU has moved, and with where it runs now. Not before all have started. */
  readonly onMove?: (place: DevicePlace) => void;
}

/** A thread's place. */
export interface DevicePlace extends Standing {
  readonly asked: Device;
}

const THREAD_LOST = 'Its thread died, or did not answer.';

/**
 * Models on a pool of threads, all of them in each. `decode` takes the first idle thread, in the order the devices were
 * named. A batch whose thread dies or hangs fails; whoever handed it over decides whether to try again.
 */
export class ThreadedRecognizers implements RecognizerPool {
  readonly models: readonly RecognizerCapabilities[];
  readonly #pool: ThreadPool<RecognizerTask, RecognizerAnswer>;
  readonly #places: DevicePlace[];
  /** Where each model runs, by place. */
  readonly #runs: (readonly Device[])[];
  readonly #hasGpus: boolean;
  readonly #onMove: (place: DevicePlace) => void;
  #started = false;
  readonly #packer = new HotWordPacker();
  /** By model. */
  #writers: readonly ((text: string) => boolean)[] = [];
  #idleListener: () => void = () => {};
  #closed = false;

  private constructor({ models, devices, onMove = () => {}, ...poolOptions }: ThreadedRecognizersOptions) {
    const graphs = models.map(modelGraphs);
    this.#hasGpus = devices.some((device) => device !== 'cpu');
    this.#onMove = onMove;
    this.models = graphs.map((model) => ({
      ...capabilitiesOn(model, this.#hasGpus),
      concurrency: devices.length,
    }));
    this.#places = devices.map((device) => ({ asked: device, runs: device, why: null }));
    this.#runs = devices.map((device) => graphs.map(() => device));
    const dataFor = (place: number): RecognizerThreadData => {
      const { runs, why } = this.#places[place]!;

      return { models: graphs, device: runs, place, why };
    };
    this.#pool = new ThreadPool({
      ...poolOptions,
      workerData: devices.map((_, place) => dataFor(place)),
      // What killed a thread on a GPU would most likely kill the next one there.
      replacement: (place) => {
        const { asked, why } = this.#places[place]!;
        if (asked === 'cpu' || why === THREAD_LOST) return null;
        this.#stands(
          place,
          graphs.map(() => ({ runs: 'cpu', why: THREAD_LOST })),
        );

        return dataFor(place);
      },
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
      recognizers.#writers = await Promise.all(
        options.models.map((model) => hotWordWriter(modelGraphs(model).processor)),
      );
      // A second of silence runs all graphs once, so that the first caption does not pay for it.
      const batch = [{ samples: new Float32Array(SAMPLE_RATE), language: null }];
      for (const model of options.models.keys()) {
        for (const { place, standings } of await recognizers.#pool.warmUp({ model, batch }))
          recognizers.#stands(place, standings);
      }
      recognizers.#started = true;
    } catch (error) {
      await recognizers.close();
      throw error;
    }

    return recognizers;
  }

  /** Where each thread runs, or some of its models at least, in the order the devices were named. */
  get places(): readonly DevicePlace[] {
    return this.#places;
  }

  nextSort(model: number): number {
    const place = this.#hasGpus ? this.#pool.nextPlace : null;

    return place !== null && this.#runs[place]![model] === 'cpu' ? 1 : 0;
  }

  get threadsBySort(): readonly number[] {
    if (!this.#hasGpus) return [this.#places.length];
    const onProcessor = this.#places.filter(({ runs }) => runs === 'cpu').length;

    return [this.#places.length - onProcessor, onProcessor];
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
      const { place, standings, ...result } = await this.#pool.run({ model, batch: packed }, deadlineMs);
      this.#stands(place, standings);

      return result;
    } catch (cause) {
      if (this.#closed) throw new RecognizerError('closed', 'The recogniser has been closed.', { cause });
      throw new RecognizerError(reasonOf(cause), (cause as Error).message, { cause });
    }
  }

  /** A place is where the first of its models is that is not where it was asked for. */
  #stands(number: number, standings: readonly Standing[]): void {
    this.#runs[number] = standings.map(({ runs }) => runs);
    const { runs, why } = standings.find((standing) => standing.why !== null) ?? standings[0]!;
    const { asked, ...before } = this.#places[number]!;
    if (before.runs === runs && before.why === why) return;
    const place = { asked, runs, why };
    this.#places[number] = place;
    if (this.#started) this.#onMove(place);
  }

  close(): Promise<void> {
    this.#closed = true;

    return this.#pool.close();
  }
}

function modelGraphs(model: ModelGraphs | RecognizerGraphs): ModelGraphs {
  return 'processor' in model ? model : { processor: model, gpu: model };
}

/** What a model can do in a pool: on its GPUs, where there are any, and on the processor where they fail. */
function capabilitiesOn(
  { processor, gpu }: ModelGraphs,
  onGpus: boolean,
): Omit<RecognizerCapabilities, 'concurrency'> {
  const spare = recognizerCapabilities(processor);
  if (!onGpus) return spare;
  const first = recognizerCapabilities(gpu);

  return {
    ...first,
    maxBatchSize: Math.max(first.maxBatchSize, spare.maxBatchSize),
    // For the processor, which is the slower.
    drafts: spare.drafts,
  };
}

function reasonOf(error: unknown): RecognizerError['reason'] {
  if (error instanceof ThreadCrashError) return 'crashed';
  if (error instanceof ThreadUnavailableError) return 'unavailable';

  return error instanceof ThreadHangError ? 'hung' : 'failed';
}
