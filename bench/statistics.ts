/**
 * The smallest value that at least `share` of the values do not exceed (nearest rank); NaN of none.
 * @param share in (0, 1].
 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);

  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/**
 * How evenly something is shared: 1 when all have the same, 1/n when one of n has all (R. Jain, D. Chiu, W. Hawe, "A
 * quantitative measure of fairness and discrimination for resource allocation in shared computer systems", 1984).
 * @param shares each at least 0. NaN of none, and where nobody has anything.
 */
export function jainIndex(shares: readonly number[]): number {
  const sum = shares.reduce((total, share) => total + share, 0);
  const squares = shares.reduce((total, share) => total + share * share, 0);

  return (sum * sum) / (shares.length * squares);
}
