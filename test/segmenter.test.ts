import { describe, expect, test } from 'vitest';
import { Segmenter } from '../server/stream/segmenter.ts';
import { feed, inWindows, listen, OPTIONS, segments, snapshots, WINDOW } from './support/segmenter-script.ts';

describe('Segmenter opens a segment', () => {
  test('once there is enough speech, and counts padding from where the speech began', () => {
    const segmenter = new Segmenter(OPTIONS);
    expect(feed(segmenter, [10, 0], [2, 0.9])).toEqual([]);
    expect(feed(segmenter, [1, 0.9])).toEqual([{ type: 'speech-start', segmentId: 0, atSample: 6 * WINDOW }]);
  });

  test('for a probability of exactly the start threshold, not for one below it', () => {
    expect(segments(listen([[5, 0.5]]))).toHaveLength(1);
    expect(segments(listen([[50, 0.499]]))).toHaveLength(0);
  });

  test('not for less speech than the minimum, however often', () => {
    expect(
      listen([
        [2, 0.9],
        [1, 0],
        [2, 0.9],
        [1, 0],
        [2, 0.9],
        [30, 0],
      ]),
    ).toEqual([]);
  });

  test('across a dip that stays above the stop threshold', () => {
    expect(
      inWindows(
        segments(
          listen([
            [6, 0],
            [2, 0.9],
            [1, 0.4],
            [2, 0.9],
            [30, 0],
          ]),
        ),
      ),
    ).toEqual([[2, 19]]);
  });

  test('with no padding from before the stream began', () => {
    expect(
      inWindows(
        segments(
          listen([
            [1, 0],
            [5, 0.9],
            [30, 0],
          ]),
        ),
      ),
    ).toEqual([[0, 14]]);
  });

  test('with no padding from the segment before', () => {
    const events = segments(
      listen(
        [
          [10, 0.9],
          [20, 0],
          [10, 0.9],
          [20, 0],
        ],
        { tailPaddingMs: 608, prefixPaddingMs: 960 },
      ),
    );
    expect(inWindows(events)).toEqual([
      [0, 29],
      [29, 59],
    ]);
  });
});

describe('Segmenter ends a segment', () => {
  test('after the trailing silence, with the tail padding kept', () => {
    const segmenter = new Segmenter(OPTIONS);
    expect(segments(feed(segmenter, [10, 0.9], [19, 0]))).toEqual([]);
    expect(segments(feed(segmenter, [1, 0]))).toEqual([
      {
        type: 'segment',
        endpoint: 'silence',
        segmentId: 0,
        revision: 0,
        startSample: 0,
        endSample: 18 * WINDOW,
      },
    ]);
  });

  test('not while the probability stays at the stop threshold', () => {
    expect(
      segments(
        listen([
          [5, 0.9],
          [60, 0.35],
          [30, 0],
        ]),
      ),
    ).toHaveLength(1);
    expect(
      inWindows(
        segments(
          listen([
            [5, 0.9],
            [60, 0.35],
            [30, 0],
          ]),
        ),
      ),
    ).toEqual([[0, 73]]);
  });

  test('although there is a murmur between the thresholds in the pause', () => {
    expect(
      inWindows(
        segments(
          listen([
            [10, 0.9],
            [1, 0.1],
            [40, 0.45],
          ]),
        ),
      ),
    ).toEqual([[0, 18]]);
  });

  test('later when clear speech comes back in the pause', () => {
    expect(
      inWindows(
        segments(
          listen([
            [10, 0.9],
            [19, 0],
            [1, 0.5],
            [20, 0],
          ]),
        ),
      ),
    ).toEqual([[0, 38]]);
  });

  test('after less and less silence the longer it is', () => {
    const silenceNeeded = (speechWindows: number): number => {
      const segmenter = new Segmenter(OPTIONS);
      feed(segmenter, [speechWindows, 0.9]);
      for (let windows = 1; ; windows++) if (segments(feed(segmenter, [1, 0])).length > 0) return windows;
    };
    const needed = [10, 79, 110, 140, 170, 185].map(silenceNeeded);
    expect(needed[0]).toBe(20);
    expect(needed[1]).toBe(20);
    expect(needed).toEqual(needed.toSorted((a, b) => b - a));
    expect(needed.at(-1)).toBeLessThan(10);
    expect(needed.at(-1)).toBeGreaterThanOrEqual(8);
  });

  test('never before the tail padding is there, unless the silence asked for is shorter still', () => {
    const [short] = inWindows(
      segments(
        listen(
          [
            [10, 0.9],
            [40, 0],
          ],
          { minSilenceMs: 128 },
        ),
      ),
    );
    expect(short).toEqual([0, 14]);
  });
});

describe('Segmenter takes snapshots', () => {
  test('whenever the interval of new audio has passed, with rising revisions', () => {
    const taken = snapshots(listen([[50, 0.9]]));
    expect(inWindows(taken)).toEqual([
      [0, 15],
      [0, 30],
      [0, 45],
    ]);
    expect(taken.map(({ revision }) => revision)).toEqual([0, 1, 2]);
  });

  test('once in a pause: the very range and revision of the final', () => {
    const events = listen([
      [20, 0.9],
      [40, 0],
    ]);
    const [segment] = segments(events);
    expect(snapshots(events).map(({ type, pause, ...range }) => ({ pause, range }))).toContainEqual({
      pause: true,
      range: {
        segmentId: segment!.segmentId,
        revision: segment!.revision,
        startSample: segment!.startSample,
        endSample: segment!.endSample,
      },
    });
    expect(inWindows(snapshots(events))).toEqual([
      [0, 15],
      [0, 28],
    ]);
  });

  test('anew in every pause, and gives the final a revision of its own when speech went on', () => {
    const events = listen([
      [10, 0.9],
      [9, 0],
      [1, 0.9],
      [9, 0],
      [3, 0.9],
    ]);
    expect(inWindows(snapshots(events))).toEqual([
      [0, 18],
      [0, 28],
    ]);
    expect(segments(events)).toMatchObject([{ revision: 2, endSample: 32 * WINDOW }]);
  });

  test('on request up to a sample beyond the last window, and none in silence', () => {
    const segmenter = new Segmenter(OPTIONS);
    expect(segmenter.snapshot(100)).toEqual([]);
    feed(segmenter, [4, 0.9]);
    expect(segmenter.snapshot(4 * WINDOW + 77)).toEqual([
      {
        type: 'snapshot',
        pause: false,
        segmentId: 0,
        revision: 0,
        startSample: 0,
        endSample: 4 * WINDOW + 77,
      },
    ]);
    expect(segmenter.snapshot(0)).toMatchObject([{ revision: 1, endSample: 4 * WINDOW }]);
  });
});
