import { type After, systemAfter } from '../../inference/threads/after.ts';
import type { ThreadedRecognizers } from '../../inference/threads/threaded-recognizers.ts';
import type { Logger } from '../log.ts';
import { type Gpu, queryGpus } from './nvidia-smi.ts';

/** What is watched, and who is told. */
export interface GpuWatchOptions {
  /** Numbers of the GPUs in use. */
  readonly indexes: readonly number[];
  /** Called when a GPU in use gets beyond the share at which batches may soon fail; again only after it was well below it. */
  readonly onNearlyFull: (gpu: Gpu) => void;
  readonly query?: () => Promise<readonly Gpu[] | null>;
  readonly after?: After;
}

/** Between two looks: each starts a program that takes some ten milliseconds of the processor. */
const INTERVAL_MS = 10_000;
/** Shares of a GPU's memory. */
const NEARLY_FULL = 0.9;
const RELIEVED = 0.85;

/** Looks at the memory of the GPUs in use, now and then. Where the driver has no `nvidia-smi` it knows none. */
export class GpuWatch {
  readonly #options: GpuWatchOptions;
  readonly #nearlyFull = new Set<number>();
  #gpus: readonly Gpu[] = [];
  #cancel: () => void = () => {};
  #closed = false;

  constructor(options: GpuWatchOptions) {
    this.#options = options;
  }

  /** Those in use, as they were at the last look. */
  get gpus(): readonly Gpu[] {
    return this.#gpus;
  }

  /** Looks for the first time, and from then on until it is closed. Does nothing when no GPU is in use. */
  async start(): Promise<void> {
    if (this.#options.indexes.length > 0) await this.#look();
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  async #look(): Promise<void> {
    const { indexes, onNearlyFull, query = queryGpus, after = systemAfter } = this.#options;
    const gpus = ((await query()) ?? []).filter(({ index }) => indexes.includes(index));
    if (this.#closed) return;
    this.#gpus = gpus;
    for (const gpu of gpus) {
      const share = gpu.usedBytes / gpu.totalBytes;
      if (share < RELIEVED) this.#nearlyFull.delete(gpu.index);
      if (share <= NEARLY_FULL || this.#nearlyFull.has(gpu.index)) continue;
      this.#nearlyFull.add(gpu.index);
      onNearlyFull(gpu);
    }
    this.#cancel = after(INTERVAL_MS, () => void this.#look());
  }
}

/** A watch, not yet begun, over the GPUs that threads were asked for on. */
export function watchGpus({ places }: Pick<ThreadedRecognizers, 'places'>, log: Logger): GpuWatch {
  const indexes = places.flatMap(({ asked }) =>
    asked === 'cpu' ? [] : [Number(asked.slice('cuda:'.length))],
  );

  return new GpuWatch({
    indexes: [...new Set(indexes)],
    onNearlyFull: ({ index, name, usedBytes, totalBytes }) =>
      log.warn(
        { gpu: index, name, usedBytes, totalBytes },
        'a GPU is nearly full: what finds no memory there is decoded on the processor',
      ),
  });
}
