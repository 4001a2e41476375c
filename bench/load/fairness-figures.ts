import type { ServiceLevel } from '../../client-sdk/protocol.ts';
import { jainIndex, percentile } from '../statistics.ts';
import { delays, errorCounts, isPartial, meetingStreams } from './figures.ts';
import type { CaptionRecord, StreamRecord } from './records.ts';
import type { LoadReport } from './run-load.ts';
import { type StreamPlan, spokenWithin, type Window } from './script.ts';

/** What one talking stream got for its speech in the window. */
export interface Service {
  /** Share of it that stood in a caption, partial or final, within 2 s of being said. */
  readonly shown: number;
  /** Share of it that is in finals, if they came within 5 s of its end. */
  readonly captioned: number;
  /** Partials for a second of it. */
  readonly partialsPerSecond: number;
}

/** How evenly streams were served. */
export interface Evenness {
  readonly jain: number;
  /** The same with those who were shut out, as having got nothing. */
  readonly jainOfAll: number;
  /** The worst served stream over the median one; 1 is even. */
  readonly worstOverMedian: number;
  readonly median: number;
}

/** Who follows a talk by its captions may be so far behind. */
const SHOWN_MS = 2000;
/** Finals that come later than this after their speech are no live captions any more. */
const LIVE_MS = 5000;
/** A stream that spoke less in the window is not counted: a word would decide what it got. */
const LEAST_SPOKEN_MS = 2000;

/**
 * What each stream got that talked in the window; one that was let in late counts from then on, and one that was not let
 * in is left out.
 * @param tailPaddingMs silence at the end of finals that ended by silence.
 */
export function serviceOfStreams(report: LoadReport, tailPaddingMs: number): readonly Service[] {
  return meetingStreams(report).flatMap(({ plan, record }) => {
    if (record.zeroMs === null) return [];
    const window = presence(record, report.window);
    const spokenMs = spokenWithin(plan, window);
    if (spokenMs < LEAST_SPOKEN_MS) return [];
    const shown = record.captions.map((caption) => shownInTime(caption, tailPaddingMs));
    const live = record.captions.filter(({ endpoint, delayMs }) => endpoint !== null && delayMs <= LIVE_MS);
    const finals = live.map(({ startMs, endMs }): Stretch => [startMs, endMs]);
    // Captions count from the first sample that was sent, turns from the first that was planned.
    const share = (stretches: readonly Stretch[]) =>
      speechWithin(
        plan,
        stretches.map(([from, to]) => [from + record.missedMs, to + record.missedMs]),
        window,
      ) / spokenMs;

    return [
      {
        shown: share(shown),
        captioned: share(finals),
        partialsPerSecond: (1000 * delays(record, window, isPartial).length) / spokenMs,
      },
    ];
  });
}

/** @param shutOut how many more got nothing, because they were never let in, or too late to say anything. */
export function evenness(shares: readonly number[], shutOut = 0): Evenness {
  const median = percentile(shares, 0.5);
  const none = new Array<number>(shutOut).fill(0);

  return {
    jain: jainIndex(shares),
    jainOfAll: jainIndex([...shares, ...none]),
    worstOverMedian: Math.min(...shares) / median,
    median,
  };
}

/** Who came in, and what they were told of the service. */
export interface Admission {
  /** Let in sooner or later, of all streams of the meetings. */
  readonly letIn: number;
  readonly streams: number;
  /** Told to wait, whether they were let in then or not. */
  readonly waited: number;
  /** Told to come again later. */
  readonly refused: number;
  /** Streams that would have talked for long enough to count, were not let in by then, and so got nothing. */
  readonly shutOut: number;
  /** By level, how many streams were told of it; those that were told of none had full service throughout. */
  readonly toldLevels: Readonly<Partial<Record<ServiceLevel, number>>>;
  /** Segments that clients were told are lost. */
  readonly lostCaptions: number;
  /** Streams that were let in and never had their `done`. */
  readonly unfinished: number;
  /** By code; to be refused is no error. */
  readonly errors: Readonly<Record<string, number>>;
}

const REFUSALS = ['busy', 'too-many-streams'];

export function admissionOf(report: LoadReport): Admission {
  const spoken = meetingStreams(report);
  const records = spoken.map(({ record }) => record);
  const inside = records.filter(({ zeroMs }) => zeroMs !== null);
  const isRefused = ({ zeroMs, errors }: StreamRecord) =>
    zeroMs === null && REFUSALS.some((code) => (errors[code] ?? 0) > 0);
  const toldLevels: Partial<Record<ServiceLevel, number>> = {};
  for (const { service } of records)
    for (const level of new Set(service.map((told) => told.level)))
      toldLevels[level] = (toldLevels[level] ?? 0) + 1;
  // Whoever could not even connect, or was thrown out of the waiting room, has had an error.
  const errors = errorCounts(records.filter((record) => !isRefused(record)));

  return {
    letIn: inside.length,
    streams: records.length,
    waited: records.filter(({ waited }) => waited).length,
    refused: records.filter(isRefused).length,
    shutOut: spoken.filter(
      ({ plan, record }) =>
        spokenWithin(plan, report.window) >= LEAST_SPOKEN_MS &&
        !(spokenWithin(plan, presence(record, report.window)) >= LEAST_SPOKEN_MS),
    ).length,
    toldLevels,
    lostCaptions: errors['segment-lost'] ?? 0,
    unfinished: inside.filter(({ done }) => done === null).length,
    errors,
  };
}

/** The part of the window in which a stream was there; empty for one that was not let in. */
function presence({ zeroMs }: StreamRecord, { fromMs, toMs }: Window): Window {
  return { fromMs: Math.max(fromMs, zeroMs ?? toMs), toMs };
}

/** A part of a stream's audio, in ms. */
type Stretch = readonly [startMs: number, endMs: number];

/** The end of a caption's audio that was not yet too long ago when the caption came; empty when all of it was. */
function shownInTime({ endpoint, startMs, endMs, delayMs }: CaptionRecord, tailPaddingMs: number): Stretch {
  const arrivedMs = endMs - (endpoint === 'silence' ? tailPaddingMs : 0) + delayMs;

  return [Math.max(startMs, arrivedMs - SHOWN_MS), endMs];
}

/** Milliseconds of a stream's turns in the window that lie in at least one of the stretches. */
function speechWithin(
  { joinMs, turns }: StreamPlan,
  stretches: readonly Stretch[],
  { fromMs, toMs }: Window,
): number {
  const sorted = [...stretches].sort(([a], [b]) => a - b);
  let sum = 0;
  for (const turn of turns) {
    let reachedMs = Math.max(turn.startMs, fromMs - joinMs);
    const turnEndMs = Math.min(turn.startMs + turn.durationMs, toMs - joinMs);
    for (const [startMs, endMs] of sorted) {
      const beginMs = Math.max(startMs, reachedMs);
      const stopMs = Math.min(endMs, turnEndMs);
      if (stopMs <= beginMs) continue;
      sum += stopMs - beginMs;
      reachedMs = stopMs;
    }
  }

  return sum;
}
