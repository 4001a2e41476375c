/**
 * Where a curve of latency over load begins to rise: the point that lies deepest below the line from its first to its
 * last point, both axes scaled to 1 (V. Satopää et al., "Finding a 'Kneedle' in a Haystack", 2011, without smoothing).
 * Both count by their logarithms: steps of load are multiples, and it matters little by how much the last point overshoots.
 * @param points by rising load, all above 0; those whose latency is no number, or not above 0, are left out.
 * @returns the point's load; null where fewer than three points are left, or none lies below the line.
 */
export function knee(points: readonly (readonly [load: number, latency: number])[]): number | null {
  const all = points.filter(([, y]) => y > 0).map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const [first, last] = [all[0], all.at(-1)];
  if (!first || !last || all.length < 3 || last[1] <= first[1]) return null;
  let deepest: number | null = null;
  // Above rounding.
  let depth = 1e-9;
  for (const [load, latency] of points.filter(([, latency]) => latency > 0)) {
    const [x, y] = [Math.log(load), Math.log(latency)];
    const below = (x - first[0]) / (last[0] - first[0]) - (y - first[1]) / (last[1] - first[1]);
    if (below > depth) [deepest, depth] = [load, below];
  }

  return deepest;
}
