import { PADDED_ANYHOW } from './job-kind.ts';
import type { Job, Work } from './scheduler.ts';

/** What predicts and learns how long batches take. */
export interface Costs {
  /** @returns milliseconds a batch of these occupies its thread, above 0. */
  predict(works: readonly Work[]): number;
  /** Takes note of how long one did. */
  learn(works: readonly Work[], tookMs: number): void;
}

/** Bounds of a batch. */
export interface BatchLimits {
  readonly maxSize: number;
  /** Predicted; a single job may exceed it. */
  readonly maxMs: number;
  readonly nowMs: number;
  /** Of the longest to the shortest. */
  readonly maxLengthRatio: number;
}

/**
 * What a job has to save by joining a batch, as a share of its time alone. It pays for waiting for the whole batch,
 * and is more than what a prediction is commonly wrong by.
 */
const LEAST_GAIN = 0.05;

/** A batch while it is put together. Decides what may join it; knows no flows and no turns. */
export class FormingBatch<T> {
  readonly #costs: Costs;
  readonly #limits: BatchLimits;
  readonly #jobs: Job<T>[] = [];
  readonly #works: Work[] = [];
  #costMs = 0;
  #shortest = Number.POSITIVE_INFINITY;
  #longest = 0;

  constructor(costs: Costs, limits: BatchLimits) {
    this.#costs = costs;
    this.#limits = limits;
  }

  get jobs(): readonly Job<T>[] {
    return this.#jobs;
  }

  get works(): readonly Work[] {
    return this.#works;
  }

  /** Predicted, of all of it together. */
  get costMs(): number {
    return this.#costMs;
  }

  get full(): boolean {
    return this.#jobs.length >= this.#limits.maxSize || this.#jobs[0]?.alone === true;
  }

  /**
   * Takes a job in, if it is the first or may and should join the others.
   * @returns predicted milliseconds of the job alone, or null when it stays out.
   */
  add(job: Job<T>): number | null {
    const first = this.#jobs[0];
    if (first && (this.full || job.alone || !isAlike(job, first))) return null;
    const work = job.work();
    const [shortest, longest] = this.#lengthsWith(work);
    if (longest > this.#limits.maxLengthRatio * shortest) return null;
    const aloneMs = this.#costs.predict([work]);
    const togetherMs = first ? this.#costs.predict([...this.#works, work]) : aloneMs;
    if (first && !this.#isWorthIt(aloneMs, togetherMs)) return null;
    this.#jobs.push(job);
    this.#works.push(work);
    this.#costMs = togetherMs;
    [this.#shortest, this.#longest] = [shortest, longest];

    return aloneMs;
  }

  #lengthsWith({ size }: Work): readonly [number, number] {
    const length = Math.max(size, PADDED_ANYHOW);

    return [Math.min(this.#shortest, length), Math.max(this.#longest, length)];
  }

  #isWorthIt(aloneMs: number, togetherMs: number): boolean {
    const { maxMs, nowMs } = this.#limits;
    if (togetherMs > maxMs || togetherMs > this.#costMs + (1 - LEAST_GAIN) * aloneMs) return false;
    const isMadeLate = ({ dueAtMs }: Job<T>) =>
      dueAtMs >= nowMs + this.#costMs && dueAtMs < nowMs + togetherMs;

    return !this.#jobs.some(isMadeLate);
  }
}

function isAlike<T>(job: Job<T>, other: Job<T>): boolean {
  return job.kind === other.kind && job.batchClass === other.batchClass;
}
