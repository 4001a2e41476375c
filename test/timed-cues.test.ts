import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { timedCues } from '../server/transcript/timed-cues.ts';

const LONG =
  'We moved the release to Tuesday because the tests are not green. The reader is done, and the rest can wait until the next week.';

function times(text: string, startMs: number, endMs: number, nextStartMs = Number.POSITIVE_INFINITY) {
  return timedCues({ startMs, endMs, speaker: null, text }, nextStartMs).map((cue) => [
    cue.startMs,
    cue.endMs,
  ]);
}

describe('Timed cues', () => {
  test('divide the time of a caption by its characters', () => {
    const [first, second, ...rest] = times(LONG, 10_000, 20_000);
    expect(rest).toEqual([]);
    expect(first![0]).toBe(10_000);
    expect(first![1]).toBe(second![0]);
    expect(first![1]).toBeGreaterThan(14_500);
    expect(first![1]).toBeLessThan(15_500);
    expect(second![1]).toBe(20_000);
  });

  test('begin when their first word is said, where words have times', () => {
    const words = LONG.split(' ').map((text, i) => {
      // A long pause behind the first sentence.
      const startMs = 10_000 + i * 200 + (i > 11 ? 5000 : 0);

      return { text, startMs, endMs: startMs + 200, confidence: 1 };
    });
    const cues = timedCues(
      { startMs: 10_000, endMs: 20_000, speaker: null, text: LONG, words },
      Number.POSITIVE_INFINITY,
    );
    const second = words.find(({ text }) => text === cues[1]!.lines[0]!.split(' ')[0])!;
    expect(cues.map(({ startMs, endMs }) => [startMs, endMs])).toEqual([
      [10_000, second.startMs],
      // Drawn out, to be read.
      [second.startMs, 20_500],
    ]);
    expect(second.startMs).toBe(17_400);
  });

  test('do not go by words that leave no time to read', () => {
    const words = LONG.split(' ').map((text) => ({ text, startMs: 10_000, endMs: 10_100, confidence: 1 }));
    const caption = { startMs: 10_000, endMs: 20_000, speaker: null, text: LONG };
    expect(timedCues({ ...caption, words }, 99_000)).toEqual(timedCues(caption, 99_000));
  });

  test('stay for a second at least, and as long as they take to read, where there is a pause behind', () => {
    expect(times('Yes.', 5000, 5400)).toEqual([[5000, 6000]]);
    expect(times('That was a lot of words at once.', 5000, 5400)).toEqual([[5000, 6600]]);
  });

  test('are not drawn out into the next caption', () => {
    expect(times('Yes.', 5000, 5400, 5700)).toEqual([[5000, 5700]]);
    expect(times('Yes.', 5000, 5400, 5200)).toEqual([[5000, 5400]]);
  });

  test('take time from their neighbours for a short one', () => {
    const cues = times(`Well. ${LONG}`, 0, 9000);
    for (const [startMs, endMs] of cues) expect(endMs! - startMs!).toBeGreaterThanOrEqual(1000);
  });

  test('follow one another without a gap from the beginning of the caption to its end, whatever is said', () => {
    const text = fc
      .array(fc.constantFrom('yes', 'no.', 'certainly,', 'a', '会議'), { minLength: 1, maxLength: 60 })
      .map((words) => words.join(' '));
    fc.assert(
      fc.property(
        text,
        fc.integer({ min: 200, max: 28_000 }),
        fc.integer({ min: 0, max: 40_000 }),
        (said, lengthMs, nextMs) => {
          const cues = times(said, 1000, 1000 + lengthMs, 1000 + nextMs);
          let atMs = 1000;
          for (const [startMs, endMs] of cues) {
            expect(startMs).toBe(atMs);
            expect(endMs).toBeGreaterThan(startMs!);
            expect(Number.isInteger(endMs)).toBe(true);
            atMs = endMs!;
          }
          expect(atMs).toBeGreaterThanOrEqual(1000 + lengthMs);
          expect(atMs).toBeLessThanOrEqual(Math.max(1000 + lengthMs, 1000 + nextMs));
        },
      ),
    );
  });
});
