/** A token and where it was heard. */
export interface CtcToken {
  readonly id: number;
  /** The first position at which it is the likeliest, and the one behind the last. */
  readonly begin: number;
  readonly end: number;
  /** Natural-log probability at the position where its score is highest; at most 0. */
  readonly logProb: number;
}

/** What is so much less likely than the likeliest adds nothing to a sum of floats, even 25,000 times. */
const NEGLIGIBLE = 30;

/**
 * The likeliest token of each position, runs of the same one taken for one token and blanks left out: greedy
 * connectionist temporal classification (Graves et al. 2006, "Connectionist Temporal Classification: Labelling
 * Unsegmented Sequence Data with Recurrent Neural Networks", best path decoding).
 * @param scores rows of `vocabulary` logits or log probabilities.
 * @param from the first row, `count` how many there are: tokens count positions from there.
 */
export function greedyCtc(
  scores: Float32Array,
  vocabulary: number,
  from: number,
  count: number,
  blank: number,
): readonly CtcToken[] {
  const best = Int32Array.from({ length: count }, (_, position) =>
    likeliest(scores, (from + position) * vocabulary, vocabulary),
  );
  const tokens: CtcToken[] = [];
  for (let begin = 0, end = 0; begin < count; begin = end) {
    const id = best[begin]!;
    let surest = (from + begin) * vocabulary;
    for (end = begin + 1; best[end] === id; end++) {
      const row = (from + end) * vocabulary;
      if (scores[row + id]! > scores[surest + id]!) surest = row;
    }
    if (id !== blank) tokens.push({ id, begin, end, logProb: -logSumAbove(scores, surest, vocabulary, id) });
  }

  return tokens;
}

/** Index of the largest of `size` numbers from `at` on; the first of several. */
export function likeliest(scores: Float32Array, at: number, size: number): number {
  let best = at;
  let max = scores[at]!;
  for (let i = at + 1; i < at + size; i++) {
    const score = scores[i]!;
    if (score > max) [max, best] = [score, i];
  }

  return best - at;
}

/** Logarithm of the sum of the exponentials of a row, less the score of `best`, which is its largest. */
function logSumAbove(scores: Float32Array, row: number, size: number, best: number): number {
  const max = scores[row + best]!;
  let sum = 0;
  for (let i = row; i < row + size; i++) {
    const below = scores[i]! - max;
    if (below > -NEGLIGIBLE) sum += Math.exp(below);
  }

  return Math.log(sum);
}
