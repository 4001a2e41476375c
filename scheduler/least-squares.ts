/**
 * Solves `matrix · x = targets` with no `x[i]` below 0: solves without that bound, sets the lowest negative unknown to
 * 0 for good, and again, until none is negative. That is not always the very best such x, but close, and it takes at
 * most as many passes as there are unknowns. Where something is no number there is no solution, and all are 0.
 * @param matrix symmetric and positive definite. Not changed.
 */
export function solveNonNegative(
  matrix: readonly (readonly number[])[],
  targets: readonly number[],
): number[] {
  const solution = targets.map(() => 0);
  let free = targets.map((_, i) => i);
  while (free.length > 0) {
    const values = solve(
      free.map((i) => free.map((j) => matrix[i]![j]!)),
      free.map((i) => targets[i]!),
    );
    const lowest = Math.min(...values);
    // Equal to nothing, so that nothing would be taken out below.
    if (Number.isNaN(lowest)) break;
    if (lowest >= 0) {
      for (const [k, i] of free.entries()) solution[i] = values[k]!;
      break;
    }
    free = free.filter((_, k) => values[k] !== lowest);
  }

  return solution;
}

/** Gaussian elimination in place; without pivots, which positive definite matrices do not need. */
function solve(matrix: number[][], targets: number[]): number[] {
  for (const [i, row] of matrix.entries()) {
    for (let below = i + 1; below < matrix.length; below++) {
      const factor = matrix[below]![i]! / row[i]!;
      for (let j = i; j < row.length; j++) matrix[below]![j]! -= factor * row[j]!;
      targets[below]! -= factor * targets[i]!;
    }
  }
  for (let i = matrix.length - 1; i >= 0; i--) {
    const row = matrix[i]!;
    for (let j = i + 1; j < row.length; j++) targets[i]! -= row[j]! * targets[j]!;
    targets[i]! /= row[i]!;
  }

  return targets;
}
