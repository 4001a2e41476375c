import type { LoadFigures } from './figures.ts';

/** What streams have to be held to, to count as on time. */
export interface Bars {
  readonly finalP95Ms: number;
  readonly partialP95Ms: number;
  /** No single stream's 95th percentile beyond so many times these. */
  readonly ownFactor: number;
  /** By how many points the word error rate may differ from one stream's alone. */
  readonly wordErrorPoints: number;
  /** Partials for a second of speech may become so many times fewer than where next to nobody speaks. */
  readonly partialShare: number;
  /** The 99th percentile of how late the generator may send. */
  readonly generatorLagP99Ms: number;
}

export const ON_TIME: Bars = {
  finalP95Ms: 1500,
  partialP95Ms: 1200,
  ownFactor: 2,
  wordErrorPoints: 0.5,
  partialShare: 0.5,
  generatorLagP99Ms: 50,
};

/** Whether all streams of a run were held on time. */
export interface Judgement {
  readonly onTime: boolean;
  /**
   * Whether it says anything about the server under this load: the generator kept its own time, and there were words to
   * compare with.
   */
  readonly valid: boolean;
  /** Failed, but by so little that another run may not: 95th percentiles within twice their bars, nothing lost. */
  readonly nearEdge: boolean;
  /** What was not as it has to be, a clause each. */
  readonly reasons: readonly string[];
}

/** What a run is held against besides the bars. */
export interface JudgedWith {
  /** What the server's own books are out by; 0 of a server that keeps none, NaN of one that should tell and does not. */
  readonly imbalanceSamples?: number;
  /** Partials for a second of speech where next to nobody speaks; 0 where that is not known. */
  readonly usualPartialsPerSecond?: number;
  /** Whether the same streams were asked for alone: their words have to be there to compare with. */
  readonly heardAlone?: boolean;
}

export function judge(
  figures: LoadFigures,
  { imbalanceSamples = 0, usualPartialsPerSecond = 0, heardAlone = false }: JudgedWith = {},
  bars: Bars = ON_TIME,
): Judgement {
  const late = [...lateness(figures, bars), ...rareness(figures, usualPartialsPerSecond, bars)];
  const lost = losses(figures, imbalanceSamples, bars);
  const punctual = figures.generatorLagP99Ms <= bars.generatorLagP99Ms;
  const comparable = !heardAlone || !Number.isNaN(figures.aloneWordErrorRate);
  const reasons = [
    ...late,
    ...lost,
    ...(comparable ? [] : ['the same streams alone were not all heard to their end: invalid']),
    ...(punctual
      ? []
      : [`the load generator itself was late, p99 ${Math.round(figures.generatorLagP99Ms)} ms: invalid`]),
  ];
  const slight =
    figures.finals.p95 <= 2 * bars.finalP95Ms &&
    figures.partials.p95 <= 2 * bars.partialP95Ms &&
    lost.length === 0;

  return {
    onTime: reasons.length === 0,
    valid: punctual && comparable,
    nearEdge: reasons.length > 0 && slight,
    reasons,
  };
}

function lateness(figures: LoadFigures, bars: Bars): string[] {
  const checks: readonly (readonly [name: string, valueMs: number, barMs: number])[] = [
    ['final latency p95', figures.finals.p95, bars.finalP95Ms],
    ['partial lag p95', figures.partials.p95, bars.partialP95Ms],
    ["one stream's final p95", figures.worstFinalP95Ms, bars.ownFactor * bars.finalP95Ms],
    ["one stream's partial p95", figures.worstPartialP95Ms, bars.ownFactor * bars.partialP95Ms],
  ];

  const late = checks
    .filter(([, valueMs, barMs]) => valueMs > barMs)
    .map(([name, valueMs, barMs]) => `${name} ${Math.round(valueMs)} > ${barMs} ms`);

  // Of none there is no percentile that could be late.
  return [
    ...(figures.partials.count === 0 ? ['there were no partials'] : []),
    ...(figures.finals.count === 0 ? ['there were no finals'] : []),
    ...late,
  ];
}

/** Overtaken partials have no lag: a server must not pass by sending few. */
function rareness(
  { partialsPerSpokenSecond }: LoadFigures,
  usualPartialsPerSecond: number,
  { partialShare }: Bars,
): string[] {
  const least = partialShare * usualPartialsPerSecond;

  return partialsPerSpokenSecond >= least
    ? []
    : [`partials ${partialsPerSpokenSecond.toFixed(2)} < ${least.toFixed(2)} a second`];
}

function losses(figures: LoadFigures, imbalanceSamples: number, bars: Bars): string[] {
  const { lessThanFull, unbalanced, droppedMs, errors, wholeTurns, plannedTurns } = figures;
  const points = figures.wordErrorRate - figures.aloneWordErrorRate;
  const told = Object.entries(errors).map(([code, count]) => `${count} × ${code}`);

  return [
    lessThanFull > 0 && `${lessThanFull} streams without full service all the time`,
    unbalanced > 0 && `books of ${unbalanced} streams missing or not balanced`,
    Number.isNaN(imbalanceSamples)
      ? 'the server does not tell whether its books balance'
      : imbalanceSamples !== 0 && `the server's books are out by ${imbalanceSamples} samples`,
    droppedMs > 0 && `${droppedMs} ms of audio dropped`,
    told.length > 0 && `errors: ${told.join(', ')}`,
    wholeTurns < plannedTurns && `${plannedTurns - wholeTurns} turns not spoken to their end`,
    // Fewer errors than alone are no fault; NaN is judged where alone was asked.
    points > bars.wordErrorPoints && `word errors ${points.toFixed(2)} points above one stream alone`,
  ].filter((reason) => reason !== false);
}
