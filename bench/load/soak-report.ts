import { formatRows } from '../table.ts';
import { ON_TIME } from './judge.ts';
import type { Line, LinePanel } from './line-chart.ts';
import type { SoakSample } from './soak-bench.ts';
import type { SoakFigures } from './soak-figures.ts';

/** A soak as a table of figures. */
export function soakTable(figures: SoakFigures): string {
  const { finals, partials, errors, killsAsked } = figures;
  const told = Object.entries(errors).map(([code, count]) => `${count} × ${code}`);
  const rows: readonly (readonly [figure: string, value: string])[] = [
    ['memory, MB/h', figures.rssMBPerHour.toFixed(1)],
    ['heap, MB/h', figures.heapMBPerHour.toFixed(1)],
    ['most memory, MB', figures.mostRssMB.toFixed(0)],
    ['finals p95, first quarter, ms', finals.firstQuarterP95Ms.toFixed(0)],
    ['finals p95, last quarter, ms', finals.lastQuarterP95Ms.toFixed(0)],
    ['finals p95, ms/h', finals.msPerHour.toFixed(1)],
    ['partials p95, first quarter, ms', partials.firstQuarterP95Ms.toFixed(0)],
    ['partials p95, last quarter, ms', partials.lastQuarterP95Ms.toFixed(0)],
    ['partials p95, ms/h', partials.msPerHour.toFixed(1)],
    ['word errors, %', figures.wordErrorRate.toFixed(2)],
    ['captions lost', String(figures.lostCaptions)],
    ['audio dropped, ms', String(figures.droppedMs)],
    ['streams with books that do not balance', String(figures.unbalancedStreams)],
    ["the server's books, samples", String(figures.imbalanceSamples)],
    ['streams closed before their end', String(figures.streamsClosed)],
    ['errors', told.length > 0 ? told.join(', ') : '0'],
    ...(killsAsked > 0
      ? ([
          ['threads told to die', String(killsAsked)],
          ['threads that died', String(figures.threadCrashes)],
        ] as const)
      : []),
    ['server', figures.alive ? 'alive' : 'dead'],
  ];
  const { hours } = figures;
  const length = hours < 1 ? `${(60 * hours).toFixed(1)} minutes` : `${hours.toFixed(1)} hours`;
  const heading = `${figures.streams} streams for ${length}`;

  return `\n${heading}\n${formatRows(rows.map(([figure, value]) => ({ figure, value })))}`;
}

/** Memory, delays and CPU over the run. */
export function soakPanels(
  { finals, partials, hours }: SoakFigures,
  samples: readonly SoakSample[],
): readonly LinePanel[] {
  const [unit, unitSeconds] = hours < 1 ? ['minutes', 60] : ['hours', 3600];
  const over = (of: (sample: SoakSample) => number): Line['points'] =>
    samples.map((sample) => [sample.atSeconds / unitSeconds, of(sample)]);
  const parts = (points: Line['points']): Line['points'] => points.map(([at, ms]) => [at / unitSeconds, ms]);

  return [
    {
      title: 'Memory, MB',
      x: unit,
      lines: [
        { label: 'resident', colour: 'own', points: over(({ rssBytes }) => rssBytes / 1e6) },
        { label: 'heap', colour: 'blue', points: over(({ heapBytes }) => heapBytes / 1e6) },
        { label: 'buffers', colour: 'purple', points: over(({ externalBytes }) => externalBytes / 1e6) },
      ],
    },
    {
      title: '95th percentile of delays, ms',
      x: unit,
      limits: [
        { label: 'finals on time', at: ON_TIME.finalP95Ms },
        { label: 'partials on time', at: ON_TIME.partialP95Ms },
      ],
      lines: [
        { label: 'finals', colour: 'own', points: parts(finals.parts) },
        { label: 'partials', colour: 'blue', points: parts(partials.parts) },
      ],
    },
    {
      title: 'CPU of the server, cores',
      x: unit,
      lines: [{ label: 'server', colour: 'own', points: over(({ cores }) => cores) }],
    },
    {
      title: 'Audio that is not final yet, s',
      x: unit,
      lines: [
        { label: 'all streams', colour: 'own', points: over(({ bufferedSeconds }) => bufferedSeconds) },
      ],
    },
  ];
}
