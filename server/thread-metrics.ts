import { Counter, Gauge, type Registry } from 'prom-client';
import { CPU_PARTS, type CpuPart, ThreadCpu } from './thread-cpu.ts';

/** The pools of threads. */
export const POOLS = ['recognizer', 'vad'] as const;
export type PoolName = (typeof POOLS)[number];

/** What a pool tells when it is asked. */
export interface WatchedThreads {
  /** Threads that were given up and live on. */
  readonly abandoned: number;
  /** Numbers in the operating system. */
  readonly osThreadIds: readonly number[];
}

const NO_THREADS: WatchedThreads = { abandoned: 0, osThreadIds: [] };

/** Metrics of the threads: which were lost, and what all of them cost. */
export class ThreadMetrics {
  readonly #crashes: Counter;
  readonly #hangs: Counter;
  #pools: Readonly<Record<PoolName, WatchedThreads>> = { recognizer: NO_THREADS, vad: NO_THREADS };

  /** @param cpu null where it cannot be had: the metric is absent then. */
  constructor(registry: Registry, cpu: ThreadCpu | null = ThreadCpu.ofProcess()) {
    const options = { labelNames: ['pool'], registers: [registry] };
    this.#crashes = new Counter({
      name: 'roundtable_thread_crashes_total',
      help: 'Threads that died and were replaced.',
      ...options,
    });
    this.#hangs = new Counter({
      name: 'roundtable_thread_hangs_total',
      help: 'Threads that were given up because they did not answer.',
      ...options,
    });
    const pools = () => this.#pools;
    new Gauge({
      name: 'roundtable_abandoned_threads',
      help: 'Threads that were given up and live on, because they cannot be ended.',
      ...options,
      collect() {
        for (const pool of POOLS) this.set({ pool }, pools()[pool].abandoned);
      },
    });
    for (const pool of POOLS) {
      this.#crashes.inc({ pool }, 0);
      this.#hangs.inc({ pool }, 0);
    }
    if (cpu) cpuCounter(registry, cpu, pools);
  }

  /** From here on the pools are asked for what they know. */
  watch(pools: Readonly<Record<PoolName, WatchedThreads>>): void {
    this.#pools = pools;
  }

  crashed(pool: PoolName): void {
    this.#crashes.inc({ pool });
  }

  hung(pool: PoolName): void {
    this.#hangs.inc({ pool });
  }
}

function cpuCounter(
  registry: Registry,
  cpu: ThreadCpu,
  pools: () => Readonly<Record<PoolName, WatchedThreads>>,
): void {
  new Counter({
    name: 'roundtable_cpu_seconds_total',
    help: 'Processor time, by what it was spent on.',
    labelNames: ['part'],
    registers: [registry],
    collect() {
      const { recognizer, vad } = pools();
      const parts = new Map<number, CpuPart>([[process.pid, 'sockets']]);
      for (const id of recognizer.osThreadIds) parts.set(id, 'inference');
      for (const id of vad.osThreadIds) parts.set(id, 'vad');
      const seconds = cpu.read((id) => parts.get(id) ?? 'other');
      this.reset();
      for (const part of CPU_PARTS) this.inc({ part }, seconds[part]);
    },
  });
}
