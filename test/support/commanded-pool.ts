import { ThreadPool } from '../../inference/threads/thread-pool.ts';
import { settle } from './settle.ts';

/** What a thread of `commanded.mjs` is told to do. */
export interface Command {
  readonly command:
    | 'echo'
    | 'who are you'
    | 'crash by exit'
    | 'crash by exception'
    | 'crash by memory'
    | 'throw'
    | 'hold'
    | 'spin'
    | 'hang in native code';
  readonly value?: string;
  /** Counts the threads that ran the task. */
  readonly runs?: Int32Array;
}

/** Where `commanded.mjs` counts. */
export const [CRASHES, LOAD_FAILURES, STARTS, HELD, RELEASED, LOADED, LEAVING] = [
  0, 1, 2, 3, 4, 5, 6,
] as const;

/** The module of a fixture's thread. */
export function fixture(name: string): URL {
  return new URL(`../fixtures/threads/${name}.mjs`, import.meta.url);
}

/** How long a thread may take to load. */
export const LOAD_DEADLINE_MS = 120_000;

/** A pool, and what its threads and the pool itself have told. */
export type Commanded = ReturnType<CommandedPools['start']>;

/** Pools whose threads do as they are told. */
export class CommandedPools {
  readonly #releases: (() => void)[] = [];
  readonly #pools: ThreadPool<Command, string>[] = [];

  /** Starts a pool, whose deadlines pass when the test says so. */
  start({
    crashes = 0,
    threads = 1,
    worker = 'commanded',
    loadFailure = 'exception',
    holdLoading = false,
    maxHeapMegabytes = 64,
  } = {}) {
    const shared = new Int32Array(new SharedArrayBuffer(28));
    shared[CRASHES] = crashes;
    const told = { crashes: 0, hangs: 0, exhausted: 0, idle: [] as number[] };
    const deadlines: { readonly ms: number; pass(): void }[] = [];
    const pool: ThreadPool<Command, string> = new ThreadPool<Command, string>({
      workerUrl: fixture(worker),
      workerData: Array.from({ length: threads }, (_, index) => ({
        shared: shared.buffer,
        loadFailure,
        holdLoading,
        name: `thread ${index}`,
      })),
      maxHeapMegabytes,
      onCrash: () => told.crashes++,
      onHang: () => told.hangs++,
      onExhausted: () => told.exhausted++,
      onIdle: () => told.idle.push(pool.idle),
      after: (ms, pass) => {
        const deadline = { ms, pass };
        deadlines.push(deadline);

        return () => {
          const index = deadlines.indexOf(deadline);
          if (index !== -1) deadlines.splice(index, 1);
        };
      },
    });
    const release = () => {
      Atomics.store(shared, RELEASED, 1);
      Atomics.notify(shared, RELEASED);
    };
    this.#pools.push(pool);
    this.#releases.push(release);

    return { pool, shared, told, deadlines, release };
  }

  /** Lets all threads go, and ends them. */
  async close(): Promise<void> {
    for (const release of this.#releases.splice(0)) release();
    const pools = this.#pools.splice(0);
    await Promise.all(pools.map((pool) => pool.close()));
    await until(() => pools.every(({ abandoned }) => abandoned === 0));
  }
}

/** Fulfilled when the condition holds, whenever that is. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await settle();
}
