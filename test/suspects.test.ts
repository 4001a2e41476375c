import { describe, expect, test } from 'vitest';
import { Suspects } from '../server/stream/suspects.ts';

describe('Suspects', () => {
  test('suspect a segment once accused, and hold it guilty when accused again', () => {
    const suspects = new Suspects();
    expect([suspects.has('a', '0'), suspects.isGuilty('a', '0')]).toEqual([false, false]);
    suspects.accuse('a', '0', true);
    expect([suspects.has('a', '0'), suspects.isGuilty('a', '0')]).toEqual([true, false]);
    suspects.accuse('a', '0', true);
    expect([suspects.has('a', '0'), suspects.isGuilty('a', '0')]).toEqual([true, true]);
    expect(suspects.size).toBe(1);
  });

  test('hold no segment guilty that failed in company, however often, until it fails alone', () => {
    const suspects = new Suspects();
    for (let i = 0; i < 3; i++) suspects.accuse('a', '0', false);
    expect([suspects.has('a', '0'), suspects.isGuilty('a', '0')]).toEqual([true, false]);
    suspects.accuse('a', '0', true);
    expect(suspects.isGuilty('a', '0')).toBe(true);
  });

  test('tell segments of one stream apart, and the same segment of two', () => {
    const suspects = new Suspects();
    suspects.accuse('a', '0', true);
    expect([suspects.has('a', '1'), suspects.has('b', '0')]).toEqual([false, false]);
    suspects.accuse('a', '1', true);
    suspects.accuse('b', '0', true);
    expect(suspects.size).toBe(3);
    expect(suspects.isGuilty('a', '0')).toBe(false);
  });

  test('forget what it was accused of when a segment is cleared', () => {
    const suspects = new Suspects();
    suspects.accuse('a', '0', true);
    suspects.accuse('a', '1', true);
    suspects.clear('a', '0');
    suspects.clear('a', 'unknown');
    expect([suspects.has('a', '0'), suspects.has('a', '1'), suspects.size]).toEqual([false, true, 1]);
    suspects.accuse('a', '0', true);
    expect(suspects.isGuilty('a', '0')).toBe(false);
  });

  test('forget all segments of a stream, and of no other', () => {
    const suspects = new Suspects();
    for (const key of ['0', '1', '1']) suspects.accuse('a', key, true);
    suspects.accuse('b', '0', true);
    suspects.forget('a');
    suspects.forget('unknown');
    expect([suspects.has('a', '1'), suspects.has('b', '0'), suspects.size]).toEqual([false, true, 1]);
  });
});
