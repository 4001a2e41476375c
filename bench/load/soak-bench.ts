import { describeProgress } from './capacity-bench.ts';
import type { LoadClips } from './clips.ts';
import type { LoadReport } from './run-load.ts';
import { runLoad } from './run-load.ts';
import { roundtableCommand, SABOTEUR, type ServerProcess, startServerProcess } from './server-process.ts';

/** A load that is held for long. */
export interface SoakOptions {
  readonly clips: LoadClips;
  readonly streams: number;
  readonly participants: number;
  readonly seconds: number;
  readonly seed: number;
  readonly tailPaddingMs: number;
  /** An inference thread is killed so often; 0 for never. */
  readonly killEverySeconds: number;
  readonly serverFlags: readonly string[];
  readonly progress: (text: string) => void;
}

/** What a server held and used at one moment. */
export interface SoakSample {
  /** Since the load began. */
  readonly atSeconds: number;
  readonly rssBytes: number;
  /** V8's heap in use. */
  readonly heapBytes: number;
  /** Outside it, for objects in it. */
  readonly externalBytes: number;
  /** Seconds of CPU a second since the sample before; NaN of the first. */
  readonly cores: number;
  readonly eventLoopDelayP99Ms: number;
  /** Audio in and not final yet, over all streams. */
  readonly bufferedSeconds: number;
}

/** A soak, as it was seen from both sides. */
export interface SoakRun {
  readonly report: LoadReport;
  readonly samples: readonly SoakSample[];
  /** Threads that were told to die. */
  readonly killsAsked: number;
  /** The server's metrics once all streams were done. */
  readonly atEnd: ReadonlyMap<string, number>;
  /** Whether the server still ran then. */
  readonly alive: boolean;
}

const SAMPLE_MS = 10_000;
/** A short run has at least so many samples. */
const LEAST_SAMPLES = 20;

/** Starts a server, holds meetings with it, and looks at it again and again. */
export async function runSoak(options: SoakOptions): Promise<SoakRun> {
  const { clips, streams, participants, seconds, seed, tailPaddingMs, killEverySeconds, progress } = options;
  const nodeFlags = killEverySeconds > 0 ? SABOTEUR : [];
  const server = await startServerProcess(roundtableCommand(options.serverFlags, nodeFlags));
  const watch = new SoakWatch(
    server,
    Math.min(SAMPLE_MS, (1000 * seconds) / LEAST_SAMPLES),
    killEverySeconds,
  );
  try {
    const report = await runLoad({
      ...{ url: `${server.socketUrl}/v1/stream`, clips, streams, participants, seconds, seed, tailPaddingMs },
      onProgress: (at) => progress(`${describeProgress(at)}${watch.describe()}`),
      onWindow: (edge) => (edge === 'begin' ? watch.begin() : watch.end()),
    });
    const atEnd = await server.metrics().catch(() => new Map<string, number>());

    return { report, samples: watch.samples, killsAsked: watch.kills, atEnd, alive: atEnd.size > 0 };
  } finally {
    watch.end();
    await server.stop();
  }
}

/** Samples a server, and kills its threads, while a load's window is open. */
class SoakWatch {
  readonly samples: SoakSample[] = [];
  kills = 0;
  readonly #server: ServerProcess;
  readonly #sampleMs: number;
  readonly #killMs: number;
  readonly #timers: NodeJS.Timeout[] = [];
  #startedMs = 0;
  #lastCpuSeconds = Number.NaN;

  constructor(server: ServerProcess, sampleMs: number, killEverySeconds: number) {
    this.#server = server;
    this.#sampleMs = sampleMs;
    this.#killMs = 1000 * killEverySeconds;
  }

  begin(): void {
    this.#startedMs = performance.now();
    this.#sample();
    this.#timers.push(setInterval(() => this.#sample(), this.#sampleMs));
    if (this.#killMs > 0) this.#timers.push(setInterval(() => this.#kill(), this.#killMs));
  }

  /** Idempotent. */
  end(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  describe(): string {
    const rssBytes = this.samples.at(-1)?.rssBytes;
    const memory = rssBytes === undefined ? '' : `, ${(rssBytes / 1e6).toFixed(0)} MB`;

    return this.kills > 0 ? `${memory}, ${this.kills} threads killed` : memory;
  }

  #kill(): void {
    this.kills++;
    this.#server.killThread();
  }

  #sample(): void {
    // A server that has ended gives no more samples; the report tells that it has.
    this.#read().catch(() => {});
  }

  async #read(): Promise<void> {
    const atSeconds = (performance.now() - this.#startedMs) / 1000;
    const [metrics, { rssBytes }, cpu] = await Promise.all([
      this.#server.metrics(),
      this.#server.memory(),
      this.#server.cpu(),
    ]);
    const metric = (name: string) => metrics.get(name) ?? Number.NaN;
    const before = this.samples.at(-1);
    this.samples.push({
      atSeconds,
      rssBytes,
      heapBytes: metric('nodejs_heap_size_used_bytes'),
      externalBytes: metric('nodejs_external_memory_bytes'),
      cores: before ? (cpu.total - this.#lastCpuSeconds) / (atSeconds - before.atSeconds) : Number.NaN,
      eventLoopDelayP99Ms: 1000 * metric('roundtable_event_loop_delay_seconds{quantile="0.99"}'),
      bufferedSeconds: metric('roundtable_buffered_audio_seconds'),
    });
    this.#lastCpuSeconds = cpu.total;
  }
}
