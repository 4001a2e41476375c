import { describe, expect, test } from 'vitest';
import { CaptionStability } from '../server/stream/caption-stability.ts';

describe('CaptionStability', () => {
  test('counts words that the next revision does not begin with as erased', () => {
    const stability = new CaptionStability();
    stability.partial('s:0', 'The.', 100);
    stability.partial('s:0', 'The dips of the', 200);
    stability.partial('s:0', 'The Egyptian background', 300);
    const { erasedWords, words } = stability.final(
      's:0',
      'The Egyptian background of the bondage.',
      0,
      400,
      500,
    );
    // "The." gives way to "The", and "dips of the" to what follows.
    expect({ erasedWords, words }).toEqual({ erasedWords: 4, words: 6 });
  });

  test('tells how long after it was spoken each word stood', () => {
    const stability = new CaptionStability();
    stability.partial('s:0', 'aa bb', 1200);
    stability.partial('s:0', 'aa cc', 1700);
    // Spoken from 0 to 2000, a third of its characters each: until 667, 1333 and 2000.
    const { stableAfterMs } = stability.final('s:0', 'aa cc dd', 0, 2000, 2900);
    expect(stableAfterMs.map(Math.round)).toEqual([533, 367, 900]);
  });

  test('has a word stand again from when it came back, and no sooner than the words before it', () => {
    const stability = new CaptionStability();
    stability.partial('s:0', 'a b', 100);
    stability.partial('s:0', 'x b', 200);
    stability.partial('s:0', 'a b', 300);
    const { erasedWords, stableAfterMs } = stability.final('s:0', 'a b', 0, 0, 400);
    expect(erasedWords).toBe(4);
    expect(stableAfterMs).toEqual([300, 300]);
  });

  test('counts all that a final takes back, and nothing of a caption that is lost', () => {
    const stability = new CaptionStability();
    stability.partial('s:0', 'a b c', 1);
    expect(stability.final('s:0', '', 0, 2, 2)).toEqual({ erasedWords: 3, words: 0, stableAfterMs: [] });
    stability.partial('s:1', 'a b c', 1);
    stability.lost('s:1');
    expect(stability.final('s:1', 'd', 0, 2, 2)).toMatchObject({ erasedWords: 0, words: 1 });
  });
});
