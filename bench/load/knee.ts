/**
 * Where a curve of latency over load begins to rise: the point that lies deepest below the line from its first to its
 * last point, both axes scaled to 1 (V. Satopää et al., "Finding a 'Kneedle' in a Haystack", 2011, without smoothing).
 * Latency counts by its logarithm, so that it matters little by how much the last point overshoots.
 * @param points by rising load; those whose latency is no number, or not above 0, are left out.
 * @returns the point's load; null where fewer than three points are left, or none lies below the line.
 */
export function knee(points: readonly (readonly [load: number, latency: number])[]): number | null {
  const all = points.filter(([, y]) => y > 0).map(([x, y]) => [x, Math.log(y)] as const);
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
