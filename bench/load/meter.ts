import type { LoadedServer } from './contenders.ts';
import type { CpuSeconds } from './server-process.ts';

/** What a server used in a run's window. Cores are seconds of CPU a second; NaN of what a server does not tell. */
export interface ServerUse {
  readonly cores: number;
  /** By part, as the server itself divides it: inference, vad, sockets, other. Empty when it does not tell. */
  readonly coresByPart: Readonly<Record<string, number>>;
  /** How late the socket thread came to its timers. */
  readonly eventLoopDelayP99Ms: number;
}

/** What a server spends on anything but models: its sockets and all that has no part of its own. */
const OVERHEAD_PARTS = ['sockets', 'other'];

/**
 * The server's overhead as a share of a whole machine; NaN of a server that does not tell.
 * @param machineCores of the machine that it runs on.
 */
export function overheadShare({ coresByPart }: Pick<ServerUse, 'coresByPart'>, machineCores: number): number {
  return OVERHEAD_PARTS.reduce((sum, part) => sum + (coresByPart[part] ?? Number.NaN), 0) / machineCores;
}

interface Reading {
  readonly atMs: number;
  readonly cpu: CpuSeconds;
}

/** Reads a server's meters at both ends of the window, without holding up the run. */
export class Meter {
  readonly #server: LoadedServer;
  #begin: Promise<Reading> | null = null;
  #end: Promise<Reading> | null = null;
  #eventLoopDelay: Promise<number> = Promise.resolve(Number.NaN);

  constructor(server: LoadedServer) {
    this.#server = server;
  }

  /** For `onWindow` of a run. */
  readonly read = (edge: 'begin' | 'end'): void => {
    if (edge === 'begin') this.#begin = this.#reading();
    else {
      // Before the other reading: it is reset by being read.
      this.#eventLoopDelay = this.#server
        .metrics()
        .then((metrics) => metrics.get('roundtable_event_loop_delay_seconds{quantile="0.99"}') ?? Number.NaN);
      this.#end = this.#eventLoopDelay.then(() => this.#reading());
    }
  };

  /** After the run. */
  async use(): Promise<ServerUse> {
    const [begin, end] = await Promise.all([this.#begin, this.#end]);
    const cores = (to: number | undefined, from: number | undefined) =>
      begin && end && to !== undefined && from !== undefined
        ? (1000 * (to - from)) / (end.atMs - begin.atMs)
        : Number.NaN;
    const parts = Object.keys(end?.cpu.parts ?? {});

    return {
      cores: cores(end?.cpu.total, begin?.cpu.total),
      coresByPart: Object.fromEntries(
        parts.map((part) => [part, cores(end?.cpu.parts[part], begin?.cpu.parts[part])]),
      ),
      eventLoopDelayP99Ms: 1000 * (await this.#eventLoopDelay),
    };
  }

  async #reading(): Promise<Reading> {
    const cpu = await this.#server.cpu();

    return { atMs: performance.now(), cpu };
  }
}
