import { formatRows, type Row } from '../table.ts';
import { type CapacityOptions, type CapacityStep, type ContenderCapacity, curve } from './capacity-bench.ts';
import { type Bars, ON_TIME } from './judge.ts';
import type { LinePanel } from './line-chart.ts';

/** Latencies are drawn up to so many times their bar: what lies beyond has failed by any measure. */
const DRAWN = 4;
const NONE = '-';

/** What `bench capacity` writes. */
export function capacityFigures(capacities: readonly ContenderCapacity[], options: CapacityOptions): object {
  const { seconds, participants, messageMs, clips } = options;
  const [own, peer] = capacities;

  return {
    onTimeStreams: own!.onTimeStreams,
    peerOnTimeStreams: peer?.onTimeStreams ?? null,
    dutyCycle: highest(own!)?.figures.dutyCycle ?? Number.NaN,
    overheadShare: highest(own!)?.overheadShare ?? Number.NaN,
    kneeStreams: own!.kneeStreams,
    peerKneeStreams: peer?.kneeStreams ?? null,
    seconds,
    participants,
    messageMs,
    clips: clips.clips.length,
    bars: ON_TIME,
    steps: own!.steps.map(flatten),
    peerSteps: peer?.steps.map(flatten) ?? null,
  };
}

/** The step that decides; the first one when none was held. */
function highest({ steps, onTimeStreams }: ContenderCapacity): CapacityStep | undefined {
  return steps.find(({ streams, judgement }) => streams === onTimeStreams && judgement.onTime) ?? steps[0];
}

function flatten({ judgement, figures, ...rest }: CapacityStep): object {
  return { ...rest, ...judgement, ...figures };
}

/** A contender's steps by rising numbers of streams, and why those failed that did. */
export function capacityTable({ name, steps, onTimeStreams, kneeStreams }: ContenderCapacity): string {
  const sorted = [...steps].sort((a, b) => a.streams - b.streams || a.attempt - b.attempt);
  const failed = sorted.filter(({ judgement }) => !judgement.onTime);
  const lines = [
    `\n${name}: ${onTimeStreams} streams on time${kneeStreams === null ? '' : `, knee at ${kneeStreams}`}`,
    formatRows(sorted.map(captionsRow)),
    '',
    formatRows(sorted.map(useRow)),
    ...failed.map(({ streams, judgement }) => `  ${streams} streams: ${judgement.reasons.join('; ')}`),
  ];

  return lines.join('\n');
}

function captionsRow({ streams, figures, judgement }: CapacityStep): Row {
  const { finals, partials } = figures;

  return {
    streams,
    'on time': judgement.onTime ? 'yes' : 'no',
    'final p50': number(finals.p50),
    'final p95': number(finals.p95),
    'of one stream': number(figures.worstFinalP95Ms),
    'partial p50': number(partials.p50),
    'partial p95': number(partials.p95),
    'of one stream ': number(figures.worstPartialP95Ms),
    'partials/s': number(figures.partialsPerSpokenSecond, 2),
    'word errors %': number(figures.wordErrorRate, 2),
    'alone %': number(figures.aloneWordErrorRate, 2),
  };
}

function useRow({ streams, figures, use, overheadShare, generatorCores }: CapacityStep): Row {
  const parts = Object.entries(use.coresByPart).map(([part, cores]) => [part, number(cores, 2)]);

  return {
    streams,
    'server cores': number(use.cores, 2),
    ...Object.fromEntries(parts),
    'overhead %': number(100 * overheadShare, 1),
    'loop p99 ms': number(use.eventLoopDelayP99Ms, 1),
    'generator cores': number(generatorCores, 2),
    'late p99 ms': number(figures.generatorLagP99Ms, 1),
  };
}

function number(value: number, digits = 0): string {
  return Number.isNaN(value) ? NONE : value.toFixed(digits);
}

/** Latencies over streams with their bars, and where the CPU goes. */
export function capacityPanels(capacities: readonly ContenderCapacity[], bars: Bars = ON_TIME): LinePanel[] {
  const { name, onTimeStreams } = capacities[0]!;
  const moments = onTimeStreams > 0 ? [{ label: `${name}: ${onTimeStreams}`, at: onTimeStreams }] : [];
  const latency = (title: string, barMs: number, of: (step: CapacityStep) => number): LinePanel => ({
    title,
    x: 'streams',
    logX: true,
    yAtMost: DRAWN * barMs,
    limits: [{ label: `${barMs} ms`, at: barMs }],
    moments,
    lines: capacities.map(({ name, steps, onTimeStreams }) => ({
      label: `${name}, ${onTimeStreams} on time`,
      points: curve(steps, of),
      colour: name === 'peer' ? 'other' : 'own',
    })),
  });

  return [
    latency(
      'Final latency after the end of speech, p95, ms',
      bars.finalP95Ms,
      ({ figures }) => figures.finals.p95,
    ),
    latency('Partial lag, p95, ms', bars.partialP95Ms, ({ figures }) => figures.partials.p95),
    cpuPanel(capacities),
  ];
}

function cpuPanel(capacities: readonly ContenderCapacity[]): LinePanel {
  const own = capacities[0]!.steps;
  const parts = [...new Set(own.flatMap(({ use }) => Object.keys(use.coresByPart)))];
  const colours = ['blue', 'orange', 'purple', 'red'] as const;

  return {
    title: 'CPU, cores',
    x: 'streams',
    logX: true,
    lines: [
      ...capacities.map(({ name, steps }) => ({
        label: name,
        points: curve(steps, ({ use }) => use.cores),
        colour: name === 'peer' ? ('other' as const) : ('own' as const),
      })),
      ...parts.slice(0, colours.length).map((part, i) => ({
        label: part,
        points: curve(own, ({ use }) => use.coresByPart[part] ?? Number.NaN),
        colour: colours[i]!,
      })),
      {
        label: 'load generator',
        points: curve(own, ({ generatorCores }) => generatorCores),
        colour: 'own',
        dashed: true,
      },
    ],
  };
}
