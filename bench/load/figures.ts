import { percentile } from '../statistics.ts';
import { wordErrorRate } from '../word-error-rate.ts';
import type { LoadClip } from './clips.ts';
import type { CaptionRecord, StreamRecord } from './records.ts';
import type { LoadReport } from './run-load.ts';
import type { StreamPlan, Window } from './script.ts';
import { turnErrors, type WordErrorsByStream } from './spoken-words.ts';

/** Percentiles over captions, in ms; NaN of none. */
export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** What a run comes to. Delays are of captions whose audio was spoken in the window, whenever they came. */
export interface LoadFigures {
  readonly streams: number;
  /** Finals that ended by silence, from the end of speech. */
  readonly finals: Percentiles;
  readonly partials: Percentiles;
  /** The greatest 95th percentile of a single stream. */
  readonly worstFinalP95Ms: number;
  readonly worstPartialP95Ms: number;
  /** Finals cut by their length: not judged. */
  readonly cutFinals: number;
  readonly partialsPerSpokenSecond: number;
  readonly dutyCycle: number;
  /** In percent, over all whole turns, or of streams that were heard alone over those of them heard then; NaN of none. */
  readonly wordErrorRate: number;
  /** The same of each of these streams alone; NaN when they were not heard. */
  readonly aloneWordErrorRate: number;
  readonly wholeTurns: number;
  readonly plannedTurns: number;
  /** Over all streams. */
  readonly droppedMs: number;
  /** Streams without `done`, or whose books in it do not add up to what they sent. */
  readonly unbalanced: number;
  readonly errors: Readonly<Record<string, number>>;
  /** Streams that were told of less than full service, or to wait, or that came too late. */
  readonly lessThanFull: number;
  readonly generatorLagP99Ms: number;
  readonly generatorCpuSeconds: number;
}

/** A stream in the meetings' part of a run. */
interface Spoken {
  readonly plan: StreamPlan;
  readonly record: StreamRecord;
}

/** @param alone what the server makes of the same streams alone; empty when nobody asked it. */
export function loadFigures(
  report: LoadReport,
  clips: readonly LoadClip[],
  alone: WordErrorsByStream = new Map(),
): LoadFigures {
  const { window, spokenSeconds, dutyCycle, generator } = report;
  const spoken = meetingStreams(report);
  const partials = spoken.map(({ record }) => delays(record, window, isPartial));
  const finals = spoken.map(({ record }) => delays(record, window, endedBySilence));
  const heard = spoken.map(({ plan, record }) => turnErrors(plan, record, clips));
  // A stream has further turns in a run that lasts longer: who was heard alone in a shorter one is compared on that.
  const turns = heard.flatMap((stream, index) => stream.slice(0, alone.get(index)?.length));
  const same = heard.flatMap((stream, index) => alone.get(index)?.slice(0, stream.length));

  return {
    streams: spoken.length,
    finals: percentiles(finals.flat()),
    partials: percentiles(partials.flat()),
    worstFinalP95Ms: worstP95(finals),
    worstPartialP95Ms: worstP95(partials),
    cutFinals: spoken.flatMap(({ record }) => delays(record, window, cutByLength)).length,
    partialsPerSpokenSecond: partials.flat().length / spokenSeconds,
    dutyCycle,
    wordErrorRate: turns.length === 0 ? Number.NaN : wordErrorRate(turns),
    aloneWordErrorRate:
      turns.length > 0 && same.every((errors) => errors !== undefined) ? wordErrorRate(same) : Number.NaN,
    wholeTurns: heard.flat().length,
    plannedTurns: spoken.reduce((sum, { plan }) => sum + plan.turns.length, 0),
    droppedMs: spoken.reduce((sum, { record }) => sum + (record.done?.droppedMs ?? 0), 0),
    unbalanced: spoken.filter(({ record }) => !isBalanced(record)).length,
    errors: errorCounts(spoken.map(({ record }) => record)),
    lessThanFull: spoken.filter(({ record }) => !hadFullService(record)).length,
    generatorLagP99Ms: generator.lagP99Ms,
    generatorCpuSeconds: generator.cpuSeconds,
  };
}

/** The meetings' streams, without hogs. */
export function meetingStreams({ plans, streams, count }: LoadReport): readonly Spoken[] {
  return plans.slice(0, count).map((plan, i) => ({ plan, record: streams[i]! }));
}

/** Delays of captions that `keep` picks and whose audio was spoken in the window. */
export function delays(
  { captions }: StreamRecord,
  { fromMs, toMs }: Window,
  keep: (caption: CaptionRecord) => boolean,
): readonly number[] {
  return captions
    .filter((caption) => caption.spokenMs >= fromMs && caption.spokenMs < toMs && keep(caption))
    .map(({ delayMs }) => delayMs);
}

export const isPartial = ({ endpoint }: CaptionRecord) => endpoint === null;
export const endedBySilence = ({ endpoint }: CaptionRecord) => endpoint === 'silence';
const cutByLength = ({ endpoint }: CaptionRecord) => endpoint === 'max-duration';

export function percentiles(values: readonly number[]): Percentiles {
  const at = (share: number) => percentile(values, share);

  return { count: values.length, p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99), max: at(1) };
}

function worstP95(streams: readonly (readonly number[])[]): number {
  const all = streams.filter(({ length }) => length > 0).map((values) => percentile(values, 0.95));

  return all.length === 0 ? Number.NaN : Math.max(...all);
}

/** Milliseconds are whole on the wire, so that three of them may round away one. */
function isBalanced({ done, sentMs }: StreamRecord): boolean {
  if (!done) return false;
  const settledMs = done.transcribedMs + done.silenceMs + done.droppedMs;

  return settledMs === done.receivedMs && Math.abs(done.receivedMs - sentMs) <= 1;
}

function hadFullService({ zeroMs, missedMs, waited, service }: StreamRecord): boolean {
  return zeroMs !== null && missedMs === 0 && !waited && service.every(({ level }) => level === 'full');
}

/** Errors that streams were told of, by code. */
export function errorCounts(streams: readonly StreamRecord[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { errors } of streams)
    for (const [code, count] of Object.entries(errors)) counts[code] = (counts[code] ?? 0) + count;

  return counts;
}
