import type { LoadSample } from '../../server/overload/load.ts';

const TICK_MS = 20;
const SEGMENT_MS = 5000;
const PARTIAL_INTERVAL_MS = 700;
const LAG_WINDOW_MS = 5000;
const THREADS = 2;
/** Work on finals and on partials at full pace for one stream, as a share of one thread: `CAPACITY` streams are both threads. */
const FINAL_SHARE = 0.004;

interface ToyStream {
  nextPartialAtMs: number;
  nextFinalAtMs: number;
  /** Work left of its queued partial. */
  partialMs: number;
}

/** Streams at full pace that keep both threads of a toy server busy. */
export const TOY_CAPACITY = 100;

/**
 * A double of everything the ladder measures: streams that speak without pause, whose segments end every 5 s or so and
 * have partials in between, the newest of which replaces the one that waits; two threads' worth of work done on finals
 * first, then on partials in turn. Its randomness is seeded.
 */
export class ToyServer {
  readonly streams = new Map<number, ToyStream>();
  nowMs = 0;
  /** The longest a final ever took. */
  worstFinalLagMs = 0;
  eventLoopDelayMs = 5;
  readonly #partialCostMs: number;
  readonly #finals: { readonly sinceMs: number; leftMs: number }[] = [];
  readonly #queue = new Set<ToyStream>();
  #lags: { readonly atMs: number; readonly lagMs: number }[] = [];
  #busyMs = { final: 0, partial: 0 };
  #sampledAtMs = 0;
  #nextId = 0;
  #seed: number;

  /** @param partialRatio work on partials at full pace for each unit of work on finals; capacity is meant with 4. */
  constructor(seed: number, partialRatio = 4) {
    this.#seed = seed;
    this.#partialCostMs = FINAL_SHARE * partialRatio * PARTIAL_INTERVAL_MS;
  }

  /** A stream that begins to speak within a segment's time. */
  open(): number {
    const id = this.#nextId++;
    this.streams.set(id, {
      nextPartialAtMs: this.nowMs + this.#random() * SEGMENT_MS,
      nextFinalAtMs: this.nowMs + (1 + this.#random()) * SEGMENT_MS,
      partialMs: 0,
    });

    return id;
  }

  close(id: number): void {
    const stream = this.streams.get(id);
    if (stream) this.#queue.delete(stream);
    this.streams.delete(id);
  }

  /** Lets time pass. @param pace times the interval between partials. */
  run(forMs: number, pace: number): void {
    for (const untilMs = this.nowMs + forMs; this.nowMs < untilMs; ) {
      this.nowMs += TICK_MS;
      for (const stream of this.streams.values()) this.#speak(stream, pace);
      this.#work(THREADS * TICK_MS);
    }
  }

  sample(): LoadSample {
    const spanMs = (this.nowMs - this.#sampledAtMs) * THREADS || 1;
    const busyShare = { final: this.#busyMs.final / spanMs, partial: this.#busyMs.partial / spanMs };
    this.#busyMs = { final: 0, partial: 0 };
    this.#sampledAtMs = this.nowMs;
    this.#lags = this.#lags.filter(({ atMs }) => this.nowMs - atMs <= LAG_WINDOW_MS);
    const lags = this.#lags.map(({ lagMs }) => lagMs).sort((a, b) => a - b);
    const final = this.#finals.reduce((sum, { leftMs }) => sum + leftMs, 0);
    const partial = [...this.#queue].reduce((sum, { partialMs }) => sum + partialMs, 0);

    return {
      backlogMs: { final, total: final + partial },
      threads: THREADS,
      busyShare,
      finalLagMs: lags[Math.floor(lags.length * 0.95)] ?? null,
      eventLoopDelayMs: this.eventLoopDelayMs,
    };
  }

  #speak(stream: ToyStream, pace: number): void {
    if (this.nowMs >= stream.nextFinalAtMs) {
      this.#finals.push({ sinceMs: this.nowMs, leftMs: FINAL_SHARE * SEGMENT_MS });
      stream.nextFinalAtMs += (0.5 + this.#random()) * SEGMENT_MS;
      this.#queue.delete(stream);
    }
    if (this.nowMs >= stream.nextPartialAtMs) {
      const finite = Number.isFinite(pace);
      if (finite && !this.#queue.has(stream)) {
        stream.partialMs = this.#partialCostMs;
        this.#queue.add(stream);
      }
      stream.nextPartialAtMs = this.nowMs + PARTIAL_INTERVAL_MS * (finite ? pace : 1);
    }
  }

  #work(budgetMs: number): void {
    let leftMs = budgetMs;
    while (leftMs > 0 && this.#finals.length > 0) {
      const job = this.#finals[0]!;
      const doneMs = Math.min(leftMs, job.leftMs);
      job.leftMs -= doneMs;
      leftMs -= doneMs;
      this.#busyMs.final += doneMs;
      if (job.leftMs > 0) continue;
      this.#finals.shift();
      const lagMs = this.nowMs - job.sinceMs;
      this.#lags.push({ atMs: this.nowMs, lagMs });
      this.worstFinalLagMs = Math.max(this.worstFinalLagMs, lagMs);
    }
    for (const stream of this.#queue) {
      if (leftMs <= 0) return;
      const doneMs = Math.min(leftMs, stream.partialMs);
      stream.partialMs -= doneMs;
      leftMs -= doneMs;
      this.#busyMs.partial += doneMs;
      if (stream.partialMs <= 0) this.#queue.delete(stream);
    }
  }

  /** Linear congruential generator (Numerical Recipes), 0 to 1. */
  #random(): number {
    this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) >>> 0;

    return this.#seed / 2 ** 32;
  }
}
