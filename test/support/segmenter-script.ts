import {
  type EndpointingOptions,
  Segmenter,
  type SegmenterEvent,
  type SegmentRange,
} from '../../server/stream/segmenter.ts';

/** Samples in a window of 32 ms. */
export const WINDOW = 512;

/** All times are whole windows of 32 ms, so that expectations can be counted in windows. */
export const OPTIONS: EndpointingOptions = {
  startThreshold: 0.5,
  stopThreshold: 0.35,
  minSpeechMs: 96,
  minSilenceMs: 640,
  maxSegmentMs: 6400,
  prefixPaddingMs: 128,
  tailPaddingMs: 256,
  partialIntervalMs: 480,
};

/** Some windows alike; of power 1 unless told otherwise. */
export type Run = readonly [windows: number, probability: number, power?: number];

/** Has a segmenter hear one run after another. */
export function feed(segmenter: Segmenter, ...runs: readonly Run[]): SegmenterEvent[] {
  return runs.flatMap(([windows, probability, power = 1]) =>
    Array.from({ length: windows }, () => segmenter.accept({ samples: WINDOW, probability, power })).flat(),
  );
}

/** What a new segmenter makes of some runs and a flush. */
export function listen(runs: readonly Run[], options: Partial<EndpointingOptions> = {}): SegmenterEvent[] {
  const segmenter = new Segmenter({ ...OPTIONS, ...options });

  return [...feed(segmenter, ...runs), ...segmenter.flush()];
}

/** The finished segments among some events. */
export function segments(events: readonly SegmenterEvent[]) {
  return events.filter((event) => event.type === 'segment');
}

/** The snapshots among some events. */
export function snapshots(events: readonly SegmenterEvent[]) {
  return events.filter((event) => event.type === 'snapshot');
}

/** Start and end in windows. */
export function inWindows(ranges: readonly SegmentRange[]): (readonly [number, number])[] {
  return ranges.map(({ startSample, endSample }) => [startSample / WINDOW, endSample / WINDOW]);
}
