import { jainIndex, percentile } from '../statistics.ts';
import { fairShares } from './fairness.ts';
import type { Outcome } from './simulation.ts';
import type { StreamTally } from './stream-tally.ts';

/** Percentiles, in milliseconds; null of nothing. */
export interface Delays {
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

/** What a kind of streams got. Shares are in [0, 1], and null of nothing. */
export interface ClassFigures {
  readonly streams: number;
  /** How many of them speak at a time, on average. */
  readonly talking: number;
  readonly finals: number;
  readonly finalsOnTime: number | null;
  readonly finalLatencyMs: Delays;
  readonly snapshots: number;
  readonly snapshotsDelivered: number | null;
  readonly snapshotsOnTime: number | null;
  readonly partialLagMs: Delays;
  readonly partialsPerSpokenSecond: number | null;
}

/** What `bench/README.md` defines, in the section on this command. */
export interface Figures {
  /** Of `all` but hogs; of `weight 1` and `weight 4` where there are both; of `hogs` where there are any. */
  readonly classes: Readonly<Record<string, ClassFigures>>;
  readonly utilisation: number;
  readonly meanBatchSize: number | null;
  /** Share of the batches that are of one job. */
  readonly singleBatches: number | null;
  /** Over the streams that spoke for 5 s, hogs left out; the next one too. */
  readonly jain: number | null;
  readonly worstOverMedian: number | null;
}

/** Of a stream that has spoken less, the share it got says little. */
const LEAST_SPOKEN_MS = 5000;

/** Works out the figures of a simulation that lasted `seconds`, warm-up left out. */
export function figuresOf({ streams, batchSizes, utilisation }: Outcome, seconds: number): Figures {
  const speakers = streams.filter(({ hog }) => !hog);
  const preferred = speakers.filter(({ weight }) => weight > 1);
  const kinds = {
    all: speakers,
    'weight 1': preferred.length > 0 ? speakers.filter(({ weight }) => weight === 1) : [],
    'weight 4': preferred,
    hogs: streams.filter(({ hog }) => hog),
  };
  const classes = Object.entries(kinds).filter(([, members]) => members.length > 0);

  return {
    classes: Object.fromEntries(classes.map(([name, members]) => [name, classFigures(members, seconds)])),
    utilisation,
    meanBatchSize: over(sum(batchSizes), batchSizes.length),
    singleBatches: over(batchSizes.filter((size) => size === 1).length, batchSizes.length),
    ...fairnessOf(speakers),
  };
}

/** What each got in a second of speech, over its fair share of what all got. */
function fairnessOf(speakers: readonly StreamTally[]): {
  jain: number | null;
  worstOverMedian: number | null;
} {
  const spoke = speakers.filter(({ spokenMs }) => spokenMs >= LEAST_SPOKEN_MS);
  if (spoke.length === 0) return { jain: null, worstOverMedian: null };
  const shares = spoke.map(({ askedMs, gotMs, spokenMs, weight }) => ({
    asked: askedMs / spokenMs,
    got: gotMs / spokenMs,
    weight,
  }));
  const fair = fairShares(shares);
  const ratios = shares.map(({ got }, i) => (fair[i]! > 0 ? got / fair[i]! : 0));

  return { jain: jainIndex(ratios), worstOverMedian: over(Math.min(...ratios), percentile(ratios, 0.5)) };
}

function classFigures(members: readonly StreamTally[], seconds: number): ClassFigures {
  const total = (of: (member: StreamTally) => number) => sum(members.map(of));
  const finals = total((each) => each.finals);
  const snapshots = total((each) => each.snapshots);
  const delivered = total((each) => each.snapshotsDelivered);
  const spokenS = total((each) => each.spokenMs) / 1000;
  // A hog speaks faster than time passes, and is one talker all the same.
  const talkingS = total(({ spokenMs, speed }) => spokenMs / speed) / 1000;

  return {
    streams: members.length,
    talking: talkingS / seconds,
    finals,
    finalsOnTime: over(
      total((each) => each.finalsOnTime),
      finals,
    ),
    finalLatencyMs: delays(members.flatMap(({ finalLatenciesMs }) => finalLatenciesMs)),
    snapshots,
    snapshotsDelivered: over(delivered, snapshots),
    snapshotsOnTime: over(
      total((each) => each.snapshotsOnTime),
      snapshots,
    ),
    partialLagMs: delays(members.flatMap(({ partialLagsMs }) => partialLagsMs)),
    partialsPerSpokenSecond: over(delivered, spokenS),
  };
}

function delays(valuesMs: readonly number[]): Delays {
  const at = (share: number) => (valuesMs.length === 0 ? null : percentile(valuesMs, share));

  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

function over(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
