import { percentile } from '../statistics.ts';
import { wordErrorRate } from '../word-error-rate.ts';
import type { LoadClip } from './clips.ts';
import { delays, endedBySilence, isPartial, loadFigures, meetingStreams } from './figures.ts';
import type { CaptionRecord } from './records.ts';
import type { SoakRun, SoakSample } from './soak-bench.ts';
import { turnErrors } from './spoken-words.ts';
import { slope } from './trend.ts';

/** How a delay changed over a run: its 95th percentile. */
export interface Drift {
  readonly firstQuarterP95Ms: number;
  readonly lastQuarterP95Ms: number;
  /** By least squares over the run's parts. */
  readonly msPerHour: number;
  /** Of each part, over its middle in seconds. */
  readonly parts: readonly (readonly [atSeconds: number, p95Ms: number])[];
}

/** What a soak comes to. */
export interface SoakFigures {
  readonly hours: number;
  readonly streams: number;
  /** By least squares after the warm-up. */
  readonly rssMBPerHour: number;
  readonly heapMBPerHour: number;
  readonly mostRssMB: number;
  readonly finals: Drift;
  readonly partials: Drift;
  /** Segments that were said to be lost. */
  readonly lostCaptions: number;
  readonly droppedMs: number;
  /** Over whole turns, in percent. */
  readonly wordErrorRate: number;
  readonly unbalancedStreams: number;
  /** What the server's own books are out by. */
  readonly imbalanceSamples: number;
  /** Streams that ended otherwise than after their `done`. */
  readonly streamsClosed: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly killsAsked: number;
  /** As the server counts them. */
  readonly threadCrashes: number;
  readonly alive: boolean;
}

/** Beginning of a run in which caches fill and memory still grows for good reason: this share, but no more than … */
const WARM_UP_SHARE = 0.2;
/** … ten minutes. */
const MAX_WARM_UP_SECONDS = 600;
/** Parts a run is divided into for the drift. */
const PARTS = 20;

export function soakFigures(run: SoakRun, clips: readonly LoadClip[]): SoakFigures {
  const { report, samples, atEnd, killsAsked, alive } = run;
  const streams = meetingStreams(report);
  const figures = loadFigures(report, clips);
  const seconds = (report.window.toMs - report.window.fromMs) / 1000;
  const steady = samples.filter(
    ({ atSeconds }) => atSeconds >= Math.min(WARM_UP_SHARE * seconds, MAX_WARM_UP_SECONDS),
  );
  const mbPerHour = (of: (sample: SoakSample) => number) =>
    slope(steady.map((sample) => [sample.atSeconds / 3600, of(sample) / 1e6]));
  const metric = (name: string) => atEnd.get(`roundtable_${name}`) ?? Number.NaN;

  return {
    hours: seconds / 3600,
    streams: streams.length,
    rssMBPerHour: mbPerHour(({ rssBytes }) => rssBytes),
    heapMBPerHour: mbPerHour(({ heapBytes }) => heapBytes),
    mostRssMB: Math.max(...samples.map(({ rssBytes }) => rssBytes)) / 1e6,
    finals: drift(run, endedBySilence),
    partials: drift(run, isPartial),
    lostCaptions: metric('captions_total{type="lost"}'),
    droppedMs: figures.droppedMs,
    wordErrorRate: wordErrorRate(streams.flatMap(({ plan, record }) => turnErrors(plan, record, clips))),
    unbalancedStreams: figures.unbalanced,
    imbalanceSamples: metric('books_imbalance_samples'),
    streamsClosed: streams.filter(({ record }) => record.done === null).length,
    errors: figures.errors,
    killsAsked,
    threadCrashes: metric('thread_crashes_total{pool="recognizer"}'),
    alive,
  };
}

function drift({ report }: SoakRun, keep: (caption: CaptionRecord) => boolean): Drift {
  const { fromMs, toMs } = report.window;
  const streams = meetingStreams(report);
  const p95 = (from: number, to: number) => {
    const window = { fromMs: fromMs + from * (toMs - fromMs), toMs: fromMs + to * (toMs - fromMs) };

    return percentile(
      streams.flatMap(({ record }) => delays(record, window, keep)),
      0.95,
    );
  };
  const parts = Array.from({ length: PARTS }, (_, i): readonly [number, number] => [
    ((i + 0.5) * (toMs - fromMs)) / PARTS / 1000,
    p95(i / PARTS, (i + 1) / PARTS),
  ]);

  return {
    firstQuarterP95Ms: p95(0, 0.25),
    lastQuarterP95Ms: p95(0.75, 1),
    msPerHour: slope(parts.map(([atSeconds, ms]) => [atSeconds / 3600, ms])),
    parts,
  };
}
