/** A token and where it was heard. */
export interface CtcToken {
  readonly id: number;
  /** The first position at which it is the likeliest, and the one behind the last. */
  readonly begin: number;
  readonly end: number;
  /** Natural-log probability at the position where its score is highest; at most 0. */
  readonly logProb: number;
}

/** Exponentials of numbers from 0 down to -30, in steps of 1/256. What is less adds nothing to a sum of floats. */
const STEPS_PER_UNIT = 256;
const EXPONENTIALS = Float64Array.from({ length: 30 * STEPS_PER_UNIT }, (_, i) =>
  Math.exp(-(i + 0.5) / STEPS_PER_UNIT),
);

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
    end = begin + 1;
    while (best[end] === id) end++;
    if (id === blank) continue;
    // There it is the likeliest: that need not be looked for again.
    const surest = surestRow(scores, vocabulary, from, { id, begin, end });
    tokens.push({ id, begin, end, logProb: -logSumAbove(scores, surest, vocabulary, id) });
  }

  return tokens;
}

/** Natural-log probability of a token at the position where its score is highest. */
export function surestLogProb(
  scores: Float32Array,
  vocabulary: number,
  from: number,
  token: Pick<CtcToken, 'id' | 'begin' | 'end'>,
): number {
  const surest = surestRow(scores, vocabulary, from, token);
  const best = likeliest(scores, surest, vocabulary);

  return scores[surest + token.id]! - scores[surest + best]! - logSumAbove(scores, surest, vocabulary, best);
}

/** Where the row begins in which a token's score is highest. */
function surestRow(
  scores: Float32Array,
  vocabulary: number,
  from: number,
  { id, begin, end }: Pick<CtcToken, 'id' | 'begin' | 'end'>,
): number {
  let surest = (from + begin) * vocabulary;
  for (let position = begin + 1; position < end; position++) {
    const row = (from + position) * vocabulary;
    if (scores[row + id]! > scores[surest + id]!) surest = row;
  }

  return surest;
}

/** Index of the largest of `size` numbers from `at` on; the first of several. */
export function likeliest(scores: Float32Array, at: number, size: number): number {
  const end = at + size;
  let best = at;
  let max = scores[at]!;
  let i = at;
  // Eight at a time, which are rarely looked at again: twice as fast.
  for (; i + 7 < end; i += 8) {
    if (
      scores[i]! > max ||
      scores[i + 1]! > max ||
      scores[i + 2]! > max ||
      scores[i + 3]! > max ||
      scores[i + 4]! > max ||
      scores[i + 5]! > max ||
      scores[i + 6]! > max ||
      scores[i + 7]! > max
    ) {
      for (let j = i; j < i + 8; j++) if (scores[j]! > max) [max, best] = [scores[j]!, j];
    }
  }
  for (; i < end; i++) if (scores[i]! > max) [max, best] = [scores[i]!, i];

  return best - at;
}

/**
 * Logarithm of the sum of the exponentials of a row, less the score of `best`, which is its largest. Exponentials of the
 * others are looked up, each right to 0.2 %: computing 25,000 of them for each token took more time than all else here.
 */
function logSumAbove(scores: Float32Array, row: number, size: number, best: number): number {
  const max = scores[row + best]!;
  let sum = 1 - EXPONENTIALS[0]!;
  for (let i = row; i < row + size; i++) {
    const below = (max - scores[i]!) * STEPS_PER_UNIT;
    if (below < EXPONENTIALS.length) sum += EXPONENTIALS[below | 0]!;
  }

  return Math.log(sum);
}
