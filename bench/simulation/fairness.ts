/** What one of those who share something asked for, what it got of it, and its weight. */
export interface Share {
  readonly asked: number;
  readonly got: number;
  readonly weight: number;
}

/**
 * What each would have got of the same total by weighted max–min fairness: nobody more than was asked, and whoever
 * did not get all that was asked as much over his weight as any other such, and no less than anyone.
 */
export function fairShares(shares: readonly Share[]): number[] {
  const total = shares.reduce((sum, { got }) => sum + got, 0);
  const order = shares.map((_, i) => i).sort((a, b) => level(shares[a]!) - level(shares[b]!));
  const fair = shares.map(() => 0);
  let left = total;
  let weightLeft = shares.reduce((sum, { weight }) => sum + weight, 0);
  for (const i of order) {
    const { asked, weight } = shares[i]!;
    fair[i] = Math.min(asked, (left * weight) / weightLeft);
    left -= fair[i]!;
    weightLeft -= weight;
  }

  return fair;
}

/** How high the water stands when all that was asked is got. */
function level({ asked, weight }: Share): number {
  return asked / weight;
}
