import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Segmenter, type SegmenterEvent, type SegmentRange } from '../server/stream/segmenter.ts';
import {
  feed,
  inWindows,
  listen,
  OPTIONS,
  type Run,
  segments,
  snapshots,
  WINDOW,
} from './support/segmenter-script.ts';

/** A segmenter after 15 windows of speech, and the snapshot it took then. */
function withSnapshot() {
  const segmenter = new Segmenter(OPTIONS);
  const [snapshot] = snapshots(feed(segmenter, [15, 0.9]));

  return { segmenter, snapshot: snapshot! };
}

const revisions = (ranges: readonly SegmentRange[]) => ranges.map(({ revision }) => revision);

describe('Segmenter grows a snapshot', () => {
  test('to what has been spoken by now, with the next revision', () => {
    const { segmenter, snapshot } = withSnapshot();
    feed(segmenter, [3, 0.9]);
    const grown = segmenter.grow(snapshot);
    expect(grown).toEqual({ segmentId: 0, revision: 1, startSample: 0, endSample: 18 * WINDOW });
    expect(segmenter.endOf(snapshot)).toBe(grown.endSample);
    feed(segmenter, [2, 0.9]);
    expect(segmenter.grow(grown)).toMatchObject({ revision: 2, endSample: 20 * WINDOW });
  });

  test('not where nothing was heard since', () => {
    const { segmenter, snapshot } = withSnapshot();
    expect(segmenter.grow(snapshot)).toBe(snapshot);
    expect(revisions(snapshots(feed(segmenter, [15, 0.9])))).toEqual([1]);
  });

  test('not when its segment has ended, nor to the length of another', () => {
    const { segmenter, snapshot } = withSnapshot();
    segmenter.flush();
    expect(segmenter.grow(snapshot)).toBe(snapshot);
    feed(segmenter, [10, 0.9]);
    expect(segmenter.endOf(snapshot)).toBeNull();
    expect(segmenter.grow(snapshot)).toBe(snapshot);
  });

  test('never to less than it was, where a marker reached beyond the last window', () => {
    const { segmenter } = withSnapshot();
    const [marked] = snapshots(segmenter.snapshot(15 * WINDOW + 77));
    expect(segmenter.grow(marked!)).toBe(marked);
    feed(segmenter, [1, 0.9]);
    expect(segmenter.grow(marked!)).toMatchObject({ endSample: 16 * WINDOW });
  });

  test('in a pause up to its tail, which is then the final and no other snapshot is taken', () => {
    const { segmenter, snapshot } = withSnapshot();
    feed(segmenter, [2, 0.9], [8, 0]);
    const grown = segmenter.grow(snapshot);
    expect(inWindows([grown])).toEqual([[0, 25]]);
    const events = feed(segmenter, [40, 0]);
    expect(snapshots(events)).toEqual([]);
    const [{ type, endpoint, ...final }] = segments(events) as [SegmenterEvent & { type: 'segment' }];
    expect([type, endpoint]).toEqual(['segment', 'silence']);
    expect(final).toEqual(grown);
  });

  test('early in a pause to now, and still takes the snapshot of the pause, with a revision of its own', () => {
    const { segmenter, snapshot } = withSnapshot();
    feed(segmenter, [2, 0.9], [3, 0]);
    expect(inWindows([segmenter.grow(snapshot)])).toEqual([[0, 20]]);
    const events = feed(segmenter, [40, 0]);
    expect(snapshots(events)).toMatchObject([{ pause: true, revision: 2, endSample: 25 * WINDOW }]);
    expect(segments(events)).toMatchObject([{ revision: 2, endSample: 25 * WINDOW }]);
  });

  test('and takes the next one a whole interval of new audio later', () => {
    const { segmenter, snapshot } = withSnapshot();
    feed(segmenter, [10, 0.9]);
    segmenter.grow(snapshot);
    expect(inWindows(snapshots(feed(segmenter, [20, 0.9])))).toEqual([[0, 40]]);
  });
});

describe('Segmenter, at a slower pace of partials,', () => {
  const paced = (partialPace: number, ...runs: Run[]) => {
    const segmenter = new Segmenter(OPTIONS);
    segmenter.partialPace = partialPace;

    return feed(segmenter, ...runs);
  };

  test('takes snapshots at twice the interval, and as ever in pauses', () => {
    const ends = inWindows(snapshots(paced(2, [70, 0.9], [40, 0]))).map(([, end]) => end);
    expect(ends).toEqual([30, 60, 78]);
  });

  test('takes only those of pauses where the pace is infinite', () => {
    const events = paced(Number.POSITIVE_INFINITY, [70, 0.9], [9, 0], [50, 0.9], [40, 0]);
    expect(snapshots(events).map(({ pause }) => pause)).toEqual([true, true]);
    expect(inWindows(segments(events))).toEqual([[0, 137]]);
    expect(inWindows(segments(events))).toEqual(
      inWindows(
        segments(
          listen([
            [70, 0.9],
            [9, 0],
            [50, 0.9],
            [40, 0],
          ]),
        ),
      ),
    );
  });

  test('goes back to its usual pace as soon as it may', () => {
    const segmenter = new Segmenter(OPTIONS);
    segmenter.partialPace = Number.POSITIVE_INFINITY;
    expect(snapshots(feed(segmenter, [40, 0.9]))).toEqual([]);
    segmenter.partialPace = 1;
    expect(inWindows(snapshots(feed(segmenter, [15, 0.9])))).toEqual([[0, 41]]);
  });
});

type Step = Run | 'grow' | 'flush' | number;

/** Speech and silence, growing, flushes, and changes of pace. */
const script: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.tuple(fc.integer({ min: 1, max: 25 }), fc.constantFrom(0, 0.9, 0.9), fc.nat(9)),
    },
    { weight: 4, arbitrary: fc.constant('grow' as const) },
    { weight: 1, arbitrary: fc.constant('flush' as const) },
    { weight: 1, arbitrary: fc.constantFrom(1, 2, Number.POSITIVE_INFINITY) },
  ),
  { maxLength: 60 },
);

describe('Segmenter, whenever a snapshot grows,', () => {
  test('counts revisions strictly up, keeps to the longest segment, and ends none before its partials but by a cut', () =>
    fc.assert(
      fc.property(script, (steps) => {
        const segmenter = new Segmenter(OPTIONS);
        let last: SegmentRange | null = null;
        const take = (event: SegmenterEvent) => {
          if (event.type === 'speech-start') return;
          const { segmentId, revision, startSample, endSample } = event;
          expect(endSample - startSample).toBeLessThanOrEqual(OPTIONS.maxSegmentMs * 16);
          expect(endSample).toBeLessThanOrEqual(segmenter.positionSample);
          const before = last?.segmentId === segmentId ? last : null;
          const isLast = event.type === 'segment' && revision === before?.revision;
          if (isLast)
            expect({ startSample, endSample }).toEqual({ startSample, endSample: before.endSample });
          else expect(revision).toBe((before?.revision ?? -1) + 1);
          const cut = event.type === 'segment' && event.endpoint === 'max-duration';
          if (before && !cut) expect(endSample).toBeGreaterThanOrEqual(before.endSample);
          last = event;
        };
        for (const step of [...steps, 'flush' as const]) {
          if (step === 'flush') segmenter.flush().forEach(take);
          else if (typeof step === 'number') segmenter.partialPace = step;
          else if (step !== 'grow') for (const event of feed(segmenter, step)) take(event);
          else if (last) {
            const grown: SegmentRange = segmenter.grow(last);
            if (grown !== last) take({ type: 'snapshot', pause: false, ...grown });
          }
        }
      }),
      { numRuns: 500 },
    ));
});
