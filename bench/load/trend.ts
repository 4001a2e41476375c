/** How much y rises for each unit of x, by least squares; NaN of fewer than two different x. Passes over what is no number. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const known = points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
  const mean = (of: (point: readonly [number, number]) => number) =>
    known.reduce((sum, point) => sum + of(point), 0) / known.length;
  const meanX = mean(([x]) => x);
  const meanY = mean(([, y]) => y);
  const covariance = mean(([x, y]) => (x - meanX) * (y - meanY));
  const variance = mean(([x]) => (x - meanX) ** 2);

  return variance === 0 ? Number.NaN : covariance / variance;
}
