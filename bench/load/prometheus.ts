/**
 * Samples of a page in Prometheus' text format, by name and labels as they are written there:
 * `roundtable_cpu_seconds_total{part="vad"}`.
 */
export function parseMetrics(page: string): ReadonlyMap<string, number> {
  const samples = new Map<string, number>();
  for (const line of page.split('\n')) {
    const end = line.lastIndexOf(' ');
    if (end > 0 && !line.startsWith('#')) samples.set(line.slice(0, end), Number(line.slice(end + 1)));
  }

  return samples;
}

/** The value of each `label` of a metric that has that label alone, such as `part` of the CPU's seconds. */
export function byLabel(
  samples: ReadonlyMap<string, number>,
  name: string,
  label: string,
): Readonly<Record<string, number>> {
  const values: Record<string, number> = {};
  for (const [key, value] of samples) {
    const [, metric, only, content] = /^(\w+)\{(\w+)="([^"]*)"\}$/.exec(key) ?? [];
    if (metric === name && only === label) values[content!] = value;
  }

  return values;
}
