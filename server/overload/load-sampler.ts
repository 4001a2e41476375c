import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../clock.ts';
import type { Dispatcher } from '../stream/dispatcher.ts';
import type { LoadSample } from './load.ts';

/** How often the event loop's delay is sampled. */
const LOOP_RESOLUTION_MS = 10;
/** Finals that are looked back on: those of this time, and at most so many. */
const FINALS_WINDOW_MS = 5000;
const MAX_FINALS = 1000;

/** What the load is read from. */
export type LoadSource = Pick<Dispatcher, 'backlogMs' | 'busyMs' | 'threads'>;

/** Measures the load, from sample to sample. */
export class LoadSampler {
  readonly #source: LoadSource;
  readonly #clock: Clock;
  readonly #loopDelay: IntervalHistogram = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  readonly #finals: { readonly atMs: number; readonly lagMs: number }[] = [];
  #sampledAtMs: number;
  #busyMs = { final: 0, partial: 0 };

  constructor(source: LoadSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
    this.#sampledAtMs = clock.now();
    this.#loopDelay.enable();
  }

  /** A final was handed to the socket. @param lagMs after its segment's end was decided. */
  finalSent(lagMs: number): void {
    this.#finals.push({ atMs: this.#clock.now(), lagMs });
    if (this.#finals.length > MAX_FINALS) this.#finals.shift();
  }

  /** What happened since the last time. */
  sample(): LoadSample {
    const nowMs = this.#clock.now();
    const { backlogMs, busyMs, threads } = this.#source;
    const before = this.#busyMs;
    const availableMs = Math.max(1, (nowMs - this.#sampledAtMs) * threads);
    this.#busyMs = { final: busyMs.final + busyMs.candidate, partial: busyMs.partial };
    this.#sampledAtMs = nowMs;
    const sample = {
      backlogMs,
      threads,
      busyShare: {
        final: (this.#busyMs.final - before.final) / availableMs,
        partial: (this.#busyMs.partial - before.partial) / availableMs,
      },
      finalLagMs: this.#finalLagMs(nowMs),
      eventLoopDelayMs: Math.max(0, this.#loopDelay.percentile(99) / 1e6 - LOOP_RESOLUTION_MS),
    };
    this.#loopDelay.reset();

    return sample;
  }

  /** Measures no more. Idempotent. */
  close(): void {
    this.#loopDelay.disable();
  }

  #finalLagMs(nowMs: number): number | null {
    while (this.#finals[0] && this.#finals[0].atMs < nowMs - FINALS_WINDOW_MS) this.#finals.shift();
    if (this.#finals.length < 2) return null;
    const sorted = this.#finals.map(({ lagMs }) => lagMs).sort((a, b) => a - b);

    // One slow caption is not a trend, however few there are.
    return sorted[Math.min(Math.ceil(0.95 * sorted.length) - 1, sorted.length - 2)]!;
  }
}
