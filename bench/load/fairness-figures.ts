import { percentile } from '../statistics.ts';
import { delays, isPartial, meetingStreams } from './figures.ts';
import { jainIndex } from './jain.ts';
import type { CaptionRecord } from './records.ts';
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
 * What each stream got that talked in the window; one that was let in late counts from then on.
 * @param tailPaddingMs silence at the end of finals that ended by silence.
 */
export function serviceOfStreams(report: LoadReport, tailPaddingMs: number): readonly Service[] {
  return meetingStreams(report).flatMap(({ plan, record }) => {
    if (record.zeroMs === null) return [];
    const { fromMs, toMs } = report.window;
    const window = { fromMs: Math.max(fromMs, record.zeroMs), toMs };
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

export function evenness(shares: readonly number[]): Evenness {
  const median = percentile(shares, 0.5);

  return { jain: jainIndex(shares), worstOverMedian: Math.min(...shares) / median, median };
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
