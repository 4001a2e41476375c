import { describe, expect, test } from 'vitest';
import { SharedAudio } from '../server/stream/shared-audio.ts';

describe('SharedAudio', () => {
  test('lends shared memory of the length asked for, up to the longest segment', () => {
    const memory = new SharedAudio(1000);
    expect(memory.lend(1)).toHaveLength(1);
    const longest = memory.lend(1000);
    expect(longest).toHaveLength(1000);
    expect(longest.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(() => memory.lend(1001)).toThrow('1001 samples are longer than the longest segment');
  });

  test('lends no block to two at a time, and has no more of them than were lent at once', () => {
    const memory = new SharedAudio(1000);
    const blocks = new Set<SharedArrayBuffer>();
    for (let round = 0; round < 5; round++) {
      const lent = [10, 1000, 500].map((samples) => memory.lend(samples));
      expect(new Set(lent.map(({ buffer }) => buffer)).size).toBe(3);
      for (const each of lent) {
        blocks.add(each.buffer);
        memory.takeBack(each);
      }
    }
    expect(blocks.size).toBe(3);
    expect(memory.bytes).toBe(3 * 4000);
  });
});
