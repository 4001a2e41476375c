/**
 * Where a curve of latency over load begins to rise: the point that lies deepest below the line from its first to its
 * last point, both axes scaled to 1 (V. Satopää et al., "Finding a 'Kneedle' in a Haystack", 2011, without smoothing).
 * @param points by rising x; those that are no numbers are left out.
 * @returns the point's x; null where fewer than three points are left, or none lies below the line.
 */
export function knee(points: readonly (readonly [x: number, y: number])[]): number | null {
  const all = points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
  const [first, last] = [all[0], all.at(-1)];
  if (!first || !last || all.length < 3 || last[1] <= first[1]) return null;
  let deepest: number | null = null;
  let depth = 0;
  for (const [x, y] of all) {
    const below = (x - first[0]) / (last[0] - first[0]) - (y - first[1]) / (last[1] - first[1]);
    if (below > depth) [deepest, depth] = [x, below];
  }

  return deepest;
}
