import { describe, expect, test } from 'vitest';
import { Segmenter } from '../server/stream/segmenter.ts';
import { feed, inWindows, listen, OPTIONS, segments, WINDOW } from './support/segmenter-script.ts';

describe('Segmenter cuts a segment that grew too long', () => {
  test('at the quietest recent point, and goes on from there without a gap', () => {
    const [first, second, ...rest] = segments(
      listen([
        [160, 0.9],
        [3, 0.9, 0.1],
        [60, 0.9],
        [40, 0],
      ]),
    );
    expect(first).toMatchObject({ endpoint: 'max-duration', segmentId: 0, endSample: 162 * WINDOW });
    expect(second).toMatchObject({ endpoint: 'silence', segmentId: 1, startSample: 162 * WINDOW });
    expect(rest).toEqual([]);
  });

  test('not at a quieter point too long ago', () => {
    const [first] = segments(
      listen([
        [50, 0.9],
        [3, 0.9, 0],
        [90, 0.9],
        [3, 0.9, 0.5],
        [100, 0.9],
      ]),
    );
    expect(first!.endSample).toBe(145 * WINDOW);
  });

  test('not at a single quiet window', () => {
    const [first] = segments(
      listen([
        [150, 0.9],
        [1, 0.9, 0.2],
        [20, 0.9],
        [3, 0.9, 0.3],
        [60, 0.9],
      ]),
    );
    expect(first!.endSample).toBe(173 * WINDOW);
  });

  test('again and again while speech goes on', () => {
    const cut = segments(listen([[1000, 0.9]]));
    expect(cut.length).toBeGreaterThan(4);
    expect(cut.slice(1).map(({ startSample }) => startSample)).toEqual(
      cut.slice(0, -1).map(({ endSample }) => endSample),
    );
    expect(cut.at(-1)).toMatchObject({ endpoint: 'flush', endSample: 1000 * WINDOW });
  });

  test('and counts the silence after the cut from where speech ended before it', () => {
    const runs = [
      [180, 0.9],
      [3, 0.9, 0.1],
      [13, 0.9],
      [40, 0],
    ] as const;
    expect(inWindows(segments(listen(runs)))).toEqual([
      [0, 182],
      [182, 204],
    ]);
  });

  test('and opens none when all speech lies before the cut', () => {
    const options = { minSilenceMs: 3200, tailPaddingMs: 1600 };
    const events = listen(
      [
        [170, 0.9],
        [30, 0, 0],
      ],
      options,
    );
    expect(segments(events)).toHaveLength(1);
    expect(segments(events)).toMatchObject([{ endpoint: 'max-duration' }]);
  });
});

describe('Segmenter flushes', () => {
  test('nothing in silence and nothing while speech is too short', () => {
    const segmenter = new Segmenter(OPTIONS);
    expect(segmenter.flush()).toEqual([]);
    feed(segmenter, [2, 0.9]);
    expect(segmenter.flush()).toEqual([]);
    expect(feed(segmenter, [2, 0.9])).toEqual([]);
  });

  test('an open segment up to where the stream is', () => {
    const segmenter = new Segmenter(OPTIONS);
    feed(segmenter, [10, 0.9]);
    expect(segmenter.flush()).toMatchObject([{ endpoint: 'flush', startSample: 0, endSample: 10 * WINDOW }]);
    expect(segmenter.flush()).toEqual([]);
  });

  test('a segment in its pause up to the tail padding', () => {
    expect(
      inWindows(
        segments(
          listen([
            [10, 0.9],
            [3, 0],
          ]),
        ),
      ),
    ).toEqual([[0, 13]]);
    expect(
      inWindows(
        segments(
          listen([
            [10, 0.9],
            [15, 0],
          ]),
        ),
      ),
    ).toEqual([[0, 18]]);
  });

  test('a last window that is not full up to its last sample', () => {
    const segmenter = new Segmenter(OPTIONS);
    feed(segmenter, [10, 0.9]);
    segmenter.accept({ samples: 100, probability: 0.9, power: 1 });
    expect(segmenter.flush()).toMatchObject([{ endSample: 10 * WINDOW + 100 }]);
    expect(segmenter.positionSample).toBe(10 * WINDOW + 100);
  });

  test('and begins the next segment where the flushed one ended', () => {
    const segmenter = new Segmenter(OPTIONS);
    feed(segmenter, [10, 0.9]);
    segmenter.flush();
    expect(feed(segmenter, [3, 0.9])).toEqual([
      { type: 'speech-start', segmentId: 1, atSample: 10 * WINDOW },
    ]);
  });
});
