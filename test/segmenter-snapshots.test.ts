import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Segmenter } from '../server/stream/segmenter.ts';
import { inWindows, listen, OPTIONS, type Run, snapshots, WINDOW } from './support/segmenter-script.ts';

const MS = 16;
const LEAST_NEW_SPEECH = 4 * WINDOW;

describe('Segmenter spaces its snapshots', () => {
  test('by the interval at first, then by a tenth of the segment, then by twice the interval', () => {
    const ends = inWindows(snapshots(listen([[468, 0.9]], { maxSegmentMs: 15_008 }))).map(([, end]) => end);
    const gaps = ends.map((end, i) => end - (ends[i - 1] ?? 0));
    expect(ends.slice(0, 10)).toEqual([15, 30, 45, 60, 75, 90, 105, 120, 135, 150]);
    // 17 windows are a tenth of 167 to 176; from 300 windows on a tenth would be more than twice 15.
    expect(gaps.slice(10, 14)).toEqual([17, 19, 21, 23]);
    expect(new Set(gaps.slice(18))).toEqual(new Set([30]));
    expect(gaps).toEqual(gaps.toSorted((a, b) => a - b));
  });

  test('so that none comes of a pause until speech has gone on for 128 ms', () => {
    const events = listen(
      [
        [20, 0.9],
        [18, 0],
        [30, 0.9],
      ],
      { partialIntervalMs: 320 },
    );
    expect(inWindows(snapshots(events)).slice(0, 4)).toEqual([
      [0, 10],
      [0, 20],
      [0, 28],
      [0, 42],
    ]);
  });

  test('and takes up the words behind a cut without waiting for new ones', () => {
    const quiet = [3, 0.9, 0.1] as const;
    const events = listen([[170, 0.9], quiet, [40, 0.9]]);
    const afterCut = snapshots(events).filter(({ segmentId }) => segmentId === 1);
    // Cut at 172 when the 200th window is heard.
    expect(inWindows(afterCut)[0]).toEqual([172, 201]);
  });
});

describe('Segmenter takes a snapshot on request', () => {
  test('that is no longer than the longest segment, wherever in a window the marker lies', () => {
    const maxSegmentMs = 6390;
    const segmenter = new Segmenter({ ...OPTIONS, maxSegmentMs });
    const lengths = Array.from({ length: 450 }, () => {
      segmenter.accept({ samples: WINDOW, probability: 0.9, power: 1 });
      const [snapshot] = segmenter.snapshot(segmenter.positionSample + WINDOW - 1);

      return snapshot?.type === 'snapshot' ? snapshot.endSample - snapshot.startSample : 0;
    });
    expect(Math.max(...lengths)).toBeLessThanOrEqual(maxSegmentMs * MS);
    expect(Math.max(...lengths)).toBeGreaterThan(maxSegmentMs * MS - WINDOW);
  });
});

/** Stretches that are clearly speech or clearly silence. */
const runs: fc.Arbitrary<Run[]> = fc.array(
  fc.tuple(
    fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 20, max: 300 })),
    fc.constantFrom(0, 1, 1),
    fc.double({ min: 0, max: 1, noNaN: true }),
  ),
  { maxLength: 30 },
);

const options = fc.record({
  maxSegmentMs: fc.constantFrom(3000, 15_000, 28_000),
  partialIntervalMs: fc.constantFrom(200, 500, 777, 5000),
  tailPaddingMs: fc.constantFrom(32, 256, 1000),
});

/** A snapshot taken while somebody speaks. */
interface Taken {
  readonly lengthSamples: number;
  /** Since the snapshot before it, of either kind, or since the segment began. */
  readonly newSamples: number;
  /** Since the snapshot before it, of whichever segment. */
  readonly newSpeechSamples: number;
}

/** Those of each segment. */
function takenWhileSpeaking(segmenter: Segmenter, script: readonly Run[]): Taken[][] {
  const taken: Taken[][] = [];
  let last = { segmentId: -1, endSample: 0 };
  let speechSince = 0;
  for (const [windows, probability, power = 1] of script) {
    for (let i = 0; i < windows; i++) {
      speechSince += probability * WINDOW;
      for (const event of segmenter.accept({ samples: WINDOW, probability, power })) {
        if (event.type !== 'snapshot') continue;
        const { segmentId, startSample, endSample } = event;
        const newSamples = endSample - (segmentId === last.segmentId ? last.endSample : startSample);
        const one = { lengthSamples: endSample - startSample, newSamples, newSpeechSamples: speechSince };
        taken[segmentId] ??= [];
        if (probability === 1) taken[segmentId].push(one);
        last = event;
        speechSince = 0;
      }
    }
  }

  return taken.filter((segment) => segment?.length);
}

describe('Segmenter, whatever it hears, takes snapshots', () => {
  test('only when enough is new, by the length of the segment', () =>
    fc.assert(
      fc.property(options, runs, (chosen, script) => {
        const { partialIntervalMs } = chosen;
        for (const segment of takenWhileSpeaking(new Segmenter({ ...OPTIONS, ...chosen }), script)) {
          for (const [i, { lengthSamples, newSamples, newSpeechSamples }] of segment.entries()) {
            const due = Math.min(
              Math.max(partialIntervalMs * MS, lengthSamples / 10),
              2 * partialIntervalMs * MS,
            );
            expect(newSamples).toBeGreaterThanOrEqual(due);
            // What is behind a cut is new to its segment, though a snapshot before it had it.
            if (i > 0) expect(newSpeechSamples).toBeGreaterThanOrEqual(LEAST_NEW_SPEECH);
          }
        }
      }),
    ));

  test('of no more audio a second of speech than ten seconds, or its length over two intervals', () =>
    fc.assert(
      fc.property(options, runs, (chosen, script) => {
        for (const segment of takenWhileSpeaking(new Segmenter({ ...OPTIONS, ...chosen }), script)) {
          const { lengthSamples } = segment.at(-1)!;
          const decoded = segment.reduce((sum, one) => sum + one.lengthSamples, 0);
          const share = Math.max(10, lengthSamples / (2 * chosen.partialIntervalMs * MS));
          expect(decoded).toBeLessThanOrEqual(lengthSamples * share);
        }
      }),
    ));
});
