import { formatRows, type Row } from '../table.ts';
import { type ContenderFairness, type FairnessRun, LADDER_FINAL_BAR_MS } from './fairness-bench.ts';
import type { Line, LinePanel } from './line-chart.ts';

/** A contender's runs as a table, and what hogs cost in a sentence. */
export function fairnessTable({
  name,
  capacity,
  calm,
  hogged,
  ladder,
  overloads,
  hogRatio,
}: ContenderFairness): string {
  const runs = [calm, hogged, ladder, ...overloads];
  const cost = `With hogs the others' finals take ${hogRatio.toFixed(2)} times as long at the 95th percentile.`;
  const { max, p99 } = ladder.figures.finals;
  const slowest = `At ${ladder.load.toFixed(2)} times the capacity the slowest final takes ${max.toFixed(0)} ms (p99 ${p99.toFixed(0)} ms); it may take ${LADDER_FINAL_BAR_MS} ms.`;

  return [
    `\n${name}, capacity ${capacity} streams`,
    formatRows(runs.map(tableRow)),
    '',
    formatRows(runs.map(admissionRow)),
    cost,
    slowest,
  ].join('\n');
}

/** Who came in and what they were told, and how late finals were. */
function admissionRow({ load, hogs, admission, shown, captioned, figures }: FairnessRun): Row {
  const { letIn, streams, waited, refused, shutOut, toldLevels, lostCaptions, unfinished, errors } =
    admission;
  const levels = Object.entries(toldLevels).map(([level, count]) => `${count} ${level}`);

  return {
    load: `${load.toFixed(2)} x`,
    hogs,
    'let in': `${letIn} of ${streams}`,
    waited,
    refused,
    'shut out': shutOut,
    'Jain of all': shown.jainOfAll.toFixed(3),
    'captioned, of all': captioned.jainOfAll.toFixed(3),
    'told of': levels.length === 0 ? 'nothing' : levels.join(', '),
    'finals p99 ms': figures.finals.p99.toFixed(0),
    'slowest ms': figures.finals.max.toFixed(0),
    lost: lostCaptions,
    unfinished,
    errors: Object.values(errors).reduce((sum, count) => sum + count, 0),
  };
}

function tableRow({ streams, load, hogs, services, shown, captioned, partials, figures }: FairnessRun): Row {
  return {
    streams,
    load: `${load.toFixed(2)} x`,
    hogs,
    talking: services.length,
    'shown %': (100 * shown.median).toFixed(1),
    Jain: shown.jain.toFixed(3),
    'worst/median': shown.worstOverMedian.toFixed(2),
    'captioned %': (100 * captioned.median).toFixed(1),
    'Jain ': captioned.jain.toFixed(3),
    'worst/median ': captioned.worstOverMedian.toFixed(2),
    'partials/s': partials.median.toFixed(2),
    'Jain  ': partials.jain.toFixed(3),
    'finals p95 ms': figures.finals.p95.toFixed(0),
  };
}

/** Figures for machines. */
export function fairnessFigures(all: readonly ContenderFairness[]): object {
  const own = all[0]!;
  const { ladder } = own;
  const [twice, thrice] = own.overloads;

  return {
    jainTwice: twice?.shown.jain,
    jainThrice: thrice?.shown.jain,
    worstOverMedianTwice: twice?.shown.worstOverMedian,
    worstOverMedianThrice: thrice?.shown.worstOverMedian,
    jainTwiceOfAll: twice?.shown.jainOfAll,
    jainThriceOfAll: thrice?.shown.jainOfAll,
    jainCaptionedTwice: twice?.captioned.jain,
    jainCaptionedThrice: thrice?.captioned.jain,
    letInTwice: twice?.admission.letIn,
    streamsTwice: twice?.admission.streams,
    letInThrice: thrice?.admission.letIn,
    streamsThrice: thrice?.admission.streams,
    ladderSlowestFinalMs: ladder.figures.finals.max,
    ladderFinalP99Ms: ladder.figures.finals.p99,
    ladderFinalBarMs: LADDER_FINAL_BAR_MS,
    ladderLoad: ladder.load,
    ladderAdmission: ladder.admission,
    jainCalm: own.calm.shown.jain,
    hogRatio: own.hogRatio,
    contenders: all.map(({ calm, hogged, ladder, overloads, ...rest }) => ({
      ...rest,
      runs: [calm, hogged, ladder, ...overloads].map(({ services: _, finalDelaysMs: __, ...run }) => run),
    })),
  };
}

/** What every stream got, from the worst served to the best, and how late finals came with hogs and without. */
export function fairnessPanels(all: readonly ContenderFairness[]): readonly LinePanel[] {
  return all.flatMap(({ name, calm, hogged, ladder, overloads }): readonly LinePanel[] => {
    const runs: readonly (readonly [run: FairnessRun, colour: Line['colour']])[] = [
      [calm, 'other'],
      [ladder, 'purple'],
      ...overloads.map((run, i): [FairnessRun, Line['colour']] => [run, i === 0 ? 'own' : 'orange']),
    ];
    const ranked = (of: (run: FairnessRun) => readonly number[]): readonly Line[] =>
      runs.map(([run, colour]) => ({
        label: `${run.load.toFixed(1)} × capacity`,
        colour,
        points: ranks(of(run)),
      }));
    const x = 'streams, from the worst served to the best, %';

    return [
      {
        title: `${name}: share of speech shown within 2 s`,
        x,
        yAtLeast: 1,
        lines: ranked(({ services }) => services.map(({ shown }) => shown)),
      },
      {
        title: `${name}: share of speech in finals within 5 s`,
        x,
        yAtLeast: 1,
        lines: ranked(({ services }) => services.map(({ captioned }) => captioned)),
      },
      {
        title: `${name}: partials per second of speech`,
        x,
        lines: ranked(({ services }) => services.map(({ partialsPerSecond }) => partialsPerSecond)),
      },
      {
        title: `${name}: final latency at ${calm.load.toFixed(1)} × capacity, ms`,
        x: 'finals, from the soonest to the latest, %',
        lines: [
          { label: 'without hogs', colour: 'own', points: ranks(calm.finalDelaysMs) },
          { label: `${hogged.hogs} hogs besides`, colour: 'orange', points: ranks(hogged.finalDelaysMs) },
        ],
      },
    ];
  });
}

/** Values in rising order, over the share of them that lies below. */
function ranks(values: readonly number[]): readonly (readonly [number, number])[] {
  return [...values]
    .sort((a, b) => a - b)
    .map((value, i) => [(100 * i) / Math.max(1, values.length - 1), value] as const);
}
