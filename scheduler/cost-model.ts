import type { Costs } from './forming-batch.ts';
import { solveNonNegative } from './least-squares.ts';
import type { Work } from './scheduler.ts';

/** Milliseconds that each feature of a batch adds to its time; none below 0. */
export interface CostLaw {
  /** Once for the batch. */
  readonly perBatchMs: number;
  readonly perJobMs: number;
  /** For each unit of size, over all jobs. */
  readonly perSizeMs: number;
  /** For each fresh unit, over all jobs. */
  readonly perFreshMs: number;
  /** For each fresh unit of the job that has most: a decoder in step takes as many steps as its longest row. */
  readonly perLongestFreshMs: number;
}

/**
 * What is believed of a machine nobody has measured: that of a small speech model on one core, with milliseconds of
 * audio as the unit. It puts all of the decoder on the longest row, and so believes in batches: they are tried, and
 * a machine they do not pay on shows it at once.
 */
export const DEFAULT_LAW: CostLaw = {
  perBatchMs: 5,
  perJobMs: 0,
  perSizeMs: 0.008,
  perFreshMs: 0,
  perLongestFreshMs: 0.004,
};

/**
 * What is believed of a GPU nobody has measured, on which a decoder loops over the longest row: that batches cost little more
 * than what is longest in them. They are then formed at once, and not only when it has been learned.
 */
export const GPU_LAW: CostLaw = {
  perBatchMs: 5,
  perJobMs: 0.1,
  perSizeMs: 0.0002,
  perFreshMs: 0,
  perLongestFreshMs: 0.005,
};

/** Units of size a feature is counted in, so that all features are of like magnitude. */
const SCALE = 10_000;
/** Weight that the past keeps when one batch more is known: the last two hundred or so count. */
const MEMORY = 0.995;
/** Trust in the prior: for each feature, what this share of one batch with just that feature would say. */
const RIDGE = 0.003;
/** One batch is taken to have lasted at most so many times longer or shorter than predicted. */
const MAX_SURPRISE = 3;
/** No batch is predicted to take less. */
const FLOOR_MS = 0.1;
type Features = readonly number[];

/**
 * Predicts how long a batch takes, and learns it while the server runs. Least squares over the batches so far, on
 * relative errors, the past forgotten exponentially, and no coefficient below 0, so that more work never costs less.
 *
 * The prior is not forgotten: what the batches of late say nothing about goes back to it. When none but single jobs
 * have run for a while, it is believed again that batches pay, one is tried, and that settles it. For the same reason
 * nothing grows without bound, as the covariance of recursive least squares does under forgetting.
 */
export class CostModel implements Costs {
  readonly #prior: Features;
  /** Coefficients, in milliseconds per feature. */
  #law: number[];
  /** Normal equations of the batches so far, without the prior. */
  readonly #products = Array.from({ length: 5 }, () => new Array<number>(5).fill(0));
  readonly #targets = new Array<number>(5).fill(0);
  /** Mean of what the batches' equations were scaled by, squared: the prior's are scaled alike. */
  #scale = 0;

  constructor(prior: CostLaw = DEFAULT_LAW) {
    const { perBatchMs, perJobMs, perSizeMs, perFreshMs, perLongestFreshMs } = prior;
    this.#prior = [perBatchMs, perJobMs, perSizeMs * SCALE, perFreshMs * SCALE, perLongestFreshMs * SCALE];
    this.#law = [...this.#prior];
  }

  /** What it believes now. */
  get law(): CostLaw {
    const [perBatchMs = 0, perJobMs = 0, size = 0, fresh = 0, longest = 0] = this.#law;

    return {
      perBatchMs,
      perJobMs,
      perSizeMs: size / SCALE,
      perFreshMs: fresh / SCALE,
      perLongestFreshMs: longest / SCALE,
    };
  }

  /** @returns milliseconds, at least 0.1. What is no number, or below 0, counts as 0. */
  predict(works: readonly Work[]): number {
    const ms = featuresOf(works).reduce((sum, feature, i) => sum + feature * this.#law[i]!, 0);

    return Math.max(FLOOR_MS, ms);
  }

  /** Takes note of a batch. One that is empty, or lasted no time or no finite one, says nothing. */
  learn(works: readonly Work[], tookMs: number): void {
    if (works.length === 0 || !Number.isFinite(tookMs) || tookMs <= 0) return;
    const predictedMs = this.predict(works);
    // Divided by what was predicted: so a long batch counts no more than a short one.
    const features = featuresOf(works).map((feature) => feature / predictedMs);
    const target = Math.min(MAX_SURPRISE, Math.max(1 / MAX_SURPRISE, tookMs / predictedMs));
    const scale = 1 / predictedMs ** 2;
    this.#scale = this.#scale === 0 ? scale : MEMORY * this.#scale + (1 - MEMORY) * scale;
    for (const [i, row] of this.#products.entries()) {
      for (let j = 0; j < row.length; j++) row[j] = MEMORY * row[j]! + features[i]! * features[j]!;
      this.#targets[i] = MEMORY * this.#targets[i]! + features[i]! * target;
    }
    this.#law = this.#solve();
  }

  #solve(): number[] {
    const ridge = RIDGE * this.#scale;
    const matrix = this.#products.map((row, i) => row.map((value, j) => (i === j ? value + ridge : value)));

    return solveNonNegative(
      matrix,
      this.#targets.map((target, i) => target + ridge * this.#prior[i]!),
    );
  }
}

function featuresOf(works: readonly Work[]): Features {
  let [size, fresh, longest] = [0, 0, 0];
  for (const work of works) {
    const freshUnits = units(work.fresh);
    size += units(work.size);
    fresh += freshUnits;
    longest = Math.max(longest, freshUnits);
  }

  return [1, works.length, size / SCALE, fresh / SCALE, longest / SCALE];
}

function units(value: number): number {
  return Number.isFinite(value) && value > 0 ? value : 0;
}
