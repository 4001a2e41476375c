import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type EndpointingOptions, Segmenter, type SegmenterEvent } from '../server/stream/segmenter.ts';

const WINDOW = 512;
const MS = 16;

const endpointing: fc.Arbitrary<EndpointingOptions> = fc.record({
  startThreshold: fc.constant(0.5),
  stopThreshold: fc.constantFrom(0.2, 0.35, 0.5),
  minSpeechMs: fc.constantFrom(32, 100, 160, 400),
  minSilenceMs: fc.constantFrom(100, 300, 600),
  maxSegmentMs: fc.constantFrom(3000, 4000),
  prefixPaddingMs: fc.constantFrom(0, 100, 320, 1000),
  tailPaddingMs: fc.constantFrom(32, 100, 256, 1000),
  partialIntervalMs: fc.constantFrom(200, 500),
});

type Step =
  | { readonly kind: 'windows'; readonly count: number; readonly probability: number; readonly power: number }
  | { readonly kind: 'flush'; readonly samples: number }
  | { readonly kind: 'marker'; readonly beyond: number };

const windows: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('windows' as const),
  count: fc.integer({ min: 1, max: 40 }),
  probability: fc.oneof(fc.constantFrom(0, 0.4, 1), fc.double({ min: 0, max: 1, noNaN: true })),
  power: fc.double({ min: 0, max: 1, noNaN: true }),
});

/** Long stretches that are neither speech nor silence, after one window that is. */
const murmur: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('windows' as const),
  count: fc.integer({ min: 50, max: 150 }),
  probability: fc.constant(0.4),
  power: fc.constant(1),
});

/** A flush comes after a last window that need not be full. */
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: windows },
    { weight: 2, arbitrary: murmur },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('flush' as const),
        samples: fc.integer({ min: 1, max: WINDOW }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('marker' as const),
        beyond: fc.integer({ min: 0, max: WINDOW - 1 }),
      }),
    },
  ),
  { maxLength: 40 },
);

interface Heard {
  readonly events: SegmenterEvent[];
  /** `neededFromSample` after every call. */
  readonly needed: number[];
  /** Stretches of windows with probability 1. */
  readonly speech: { readonly startSample: number; endSample: number }[];
}

function hear(options: EndpointingOptions, script: readonly Step[]): Heard {
  const segmenter = new Segmenter(options);
  const heard: Heard = { events: [], needed: [0], speech: [] };
  const take = (events: readonly SegmenterEvent[]) => {
    heard.events.push(...events);
    heard.needed.push(segmenter.neededFromSample);
  };
  for (const step of [...script, { kind: 'flush', samples: 0 } as const]) {
    if (step.kind === 'windows') {
      const startSample = segmenter.positionSample;
      for (let i = 0; i < step.count; i++) take(segmenter.accept({ samples: WINDOW, ...step }));
      if (step.probability === 1) heard.speech.push({ startSample, endSample: segmenter.positionSample });
    } else if (step.kind === 'flush') {
      if (step.samples > 0) take(segmenter.accept({ samples: step.samples, probability: 0.9, power: 1 }));
      take(segmenter.flush());
    } else {
      take(segmenter.snapshot(segmenter.positionSample + step.beyond));
    }
  }

  return heard;
}

function holds(law: (heard: Heard, options: EndpointingOptions) => void): void {
  fc.assert(
    fc.property(endpointing, steps, (options, script) => law(hear(options, script), options)),
    { numRuns: 300 },
  );
}

function segmentsOf({ events }: Heard) {
  return events.filter((event) => event.type === 'segment');
}

describe('Segmenter, whatever it hears,', () => {
  test('makes segments that are ordered, disjoint, not empty, and numbered from 0', () =>
    holds((heard) => {
      let end = 0;
      for (const [i, { segmentId, startSample, endSample }] of segmentsOf(heard).entries()) {
        expect(segmentId).toBe(i);
        expect(startSample).toBeGreaterThanOrEqual(end);
        expect(endSample).toBeGreaterThan(startSample);
        end = endSample;
      }
    }));

  test('counts revisions up, and a final shares one only with a snapshot of the same audio', () =>
    holds(({ events }) => {
      const snapshots = new Map<number, { revision: number; startSample: number; endSample: number }>();
      for (const event of events) {
        if (event.type === 'speech-start') continue;
        const { segmentId, revision, startSample, endSample } = event;
        const last = snapshots.get(segmentId);
        if (event.type === 'segment' && revision === last?.revision) {
          expect([startSample, endSample]).toEqual([last.startSample, last.endSample]);
        } else {
          expect(revision).toBe((last?.revision ?? -1) + 1);
        }
        snapshots.set(segmentId, { revision, startSample, endSample });
      }
    }));

  test('makes no segment and takes no snapshot that is longer than the longest', () =>
    holds(({ events }, { maxSegmentMs }) => {
      for (const event of events) {
        if (event.type === 'speech-start') continue;
        expect(event.endSample - event.startSample).toBeLessThanOrEqual(maxSegmentMs * MS);
      }
    }));

  test('holds on to no more audio than the longest segment needs', () => {
    // Neither speech nor silence for minutes: the audio of an onset must not pile up until the stream overruns.
    const options = {
      ...fc.sample(endpointing, { numRuns: 1, seed: 1 })[0]!,
      stopThreshold: 0.35,
      minSpeechMs: 160,
    };
    const segmenter = new Segmenter(options);
    segmenter.accept({ samples: WINDOW, probability: 0.9, power: 1 });
    for (let i = 0; i < 2000; i++) segmenter.accept({ samples: WINDOW, probability: 0.4, power: 1 });
    const heldSamples = segmenter.positionSample - segmenter.neededFromSample;
    expect(heldSamples).toBeLessThanOrEqual(options.maxSegmentMs * MS);
  });

  test('never needs audio again that it has let go', () =>
    holds(({ needed }) => {
      expect(needed).toEqual(needed.toSorted((a, b) => a - b));
    }));

  test('takes no segment from before what it said it needed', () =>
    fc.assert(
      fc.property(endpointing, steps, (options, script) => {
        const segmenter = new Segmenter(options);
        for (const step of script) {
          if (step.kind !== 'windows') continue;
          for (let i = 0; i < step.count; i++) {
            const needed = segmenter.neededFromSample;
            for (const event of segmenter.accept({ samples: WINDOW, ...step })) {
              const start = event.type === 'speech-start' ? event.atSample : event.startSample;
              expect(start).toBeGreaterThanOrEqual(needed);
            }
          }
        }
      }),
    ));

  test('has all clear speech of the least length inside segments', () =>
    holds((heard, { minSpeechMs }) => {
      const segments = segmentsOf(heard);
      for (const { startSample, endSample } of heard.speech) {
        if (endSample - startSample < minSpeechMs * MS) continue;
        let at = startSample;
        for (const segment of segments) if (segment.startSample <= at) at = Math.max(at, segment.endSample);
        expect(at).toBeGreaterThanOrEqual(endSample);
      }
    }));

  test('opens a segment before it takes a snapshot of it or ends it', () =>
    holds(({ events }) => {
      const known = new Set<number>();
      let cutFrom = -1;
      for (const event of events) {
        if (event.type === 'speech-start') known.add(event.segmentId);
        else expect(known.has(event.segmentId) || event.segmentId === cutFrom + 1).toBe(true);
        if (event.type === 'segment' && event.endpoint === 'max-duration') cutFrom = event.segmentId;
      }
    }));
});
