import type { CaptionTiming } from '../../client-sdk/protocol.ts';
import { formatRows, type Row } from '../table.ts';
import type { Contender } from './contenders.ts';
import {
  endedBySilence,
  type LoadFigures,
  meetingStreams,
  type Percentiles,
  percentiles,
} from './figures.ts';
import type { Colour, LinePanel } from './line-chart.ts';
import type { CaptionRecord } from './records.ts';
import type { LoadReport } from './run-load.ts';
import type { StabilityBySight } from './stability-report.ts';

/** What a caption's time is divided into, in the order it passes. */
const PARTS: Readonly<Record<keyof CaptionTiming, string>> = {
  audioWaitMs: 'audio wait',
  queueWaitMs: 'queue wait',
  batchWaitMs: 'batch wait',
  inferenceMs: 'inference',
  sendWaitMs: 'send wait',
};
const WAY = 'message and way';
const END_TO_END = 'end to end';
const COLOURS: readonly Colour[] = ['blue', 'orange', 'purple', 'red', 'other', 'yellow', 'own'];
/** Percentiles that are drawn. */
const DRAWN = [...Array.from({ length: 19 }, (_, i) => (i + 1) * 5), 97, 98, 99];

/** One part of the time of captions of one kind, in ms, one value for each caption. */
export interface Part {
  readonly name: string;
  readonly valuesMs: readonly number[];
}

/** Of partials and of finals; a server that tells no timings has only the way from end to end. */
export interface ContenderLatency {
  readonly name: Contender['name'];
  readonly partials: readonly Part[];
  readonly finals: readonly Part[];
  readonly figures: LoadFigures;
  readonly stability: StabilityBySight;
}

/**
 * Captions spoken in the window, divided.
 * @param tailPaddingMs of a final, counted from the end of speech, by how much its end lies behind it.
 */
export function latencyParts(
  report: LoadReport,
  tailPaddingMs: number,
): Pick<ContenderLatency, 'partials' | 'finals'> {
  const { fromMs, toMs } = report.window;
  const captions = meetingStreams(report)
    .flatMap(({ record }) => record.captions)
    .filter(({ spokenMs }) => spokenMs >= fromMs && spokenMs < toMs);

  return {
    partials: divide(
      captions.filter(({ endpoint }) => endpoint === null),
      0,
    ),
    finals: divide(captions.filter(endedBySilence), tailPaddingMs),
  };
}

function divide(captions: readonly CaptionRecord[], beforeMs: number): readonly Part[] {
  const endToEnd = { name: END_TO_END, valuesMs: captions.map(({ delayMs }) => delayMs) };
  const timed = captions.flatMap(({ timing, delayMs }) => (timing ? [{ timing, delayMs }] : []));
  if (timed.length === 0) return [endToEnd];
  const names = Object.keys(PARTS) as (keyof CaptionTiming)[];
  const parts = names.map((name) => ({
    name: PARTS[name],
    valuesMs: timed.map(({ timing }) => timing[name]),
  }));
  // What the server cannot know of: its clock begins when the audio is there, and ends when the socket has the caption.
  const wayMs = timed.map(
    ({ timing, delayMs }) => delayMs - beforeMs - names.reduce((sum, name) => sum + timing[name], 0),
  );

  return [...parts, { name: WAY, valuesMs: wayMs }, endToEnd];
}

/** Rows of percentiles of each part, of partials and of finals. */
export function latencyTable({ name, partials, finals }: ContenderLatency): string {
  const rows = (parts: readonly Part[]) => formatRows(parts.map(partRow));

  return `\n${name}: partials, ms from the moment their newest audio was spoken\n${rows(partials)}\n\n${name}: finals, ms from the end of speech\n${rows(finals)}`;
}

function partRow({ name, valuesMs }: Part): Row {
  const { p50, p90, p95, p99, count } = percentiles(valuesMs);
  const ms = (value: number) => (Number.isNaN(value) ? '-' : Math.round(value));

  return { part: name, captions: count, p50: ms(p50), p90: ms(p90), p95: ms(p95), p99: ms(p99) };
}

/** For JSON: percentiles of each part by its name. */
export function partFigures(parts: readonly Part[]): Readonly<Record<string, Percentiles>> {
  return Object.fromEntries(parts.map(({ name, valuesMs }) => [name, percentiles(valuesMs)]));
}

/** How long the parts take, from the quickest caption to the slowest. */
export function latencyPanels(latencies: readonly ContenderLatency[]): LinePanel[] {
  return (['partials', 'finals'] as const).map((kind) => ({
    title: kind === 'partials' ? 'Partials, ms' : 'Finals from the end of speech, ms',
    x: 'percentile of captions',
    lines: latencies.flatMap((latency) => {
      const parts = latency[kind];

      return parts.map(({ name, valuesMs }) => ({
        label: latencies.length > 1 ? `${latency.name}: ${name}` : name,
        points: drawnPercentiles(valuesMs),
        colour: latency.name === 'peer' ? ('other' as const) : colourOf(name),
        dashed: latency.name === 'peer',
      }));
    }),
  }));
}

function drawnPercentiles(values: readonly number[]): readonly (readonly [number, number])[] {
  const sorted = [...values].sort((a, b) => a - b);

  return DRAWN.map((percent) => [percent, sorted[Math.ceil((percent / 100) * sorted.length) - 1] ?? NaN]);
}

function colourOf(name: string): Colour {
  const place = [...Object.values(PARTS), WAY].indexOf(name);

  return name === END_TO_END ? 'own' : COLOURS[place % (COLOURS.length - 1)]!;
}
