import { describe, expect, test } from 'vitest';
import { alignWords } from '../bench/hot-words/aligned-words.ts';
import { isRare, namesOfTheWorld, rareWords, written } from '../bench/hot-words/rare-words.ts';
import { type HeardTwice, scoreHotWords } from '../bench/hot-words/word-scores.ts';

const heard = (reference: string, plain: string, mended: string): HeardTwice => ({
  ...{ reference, plain, mended },
  ...{ plainMs: 100, mendedMs: 110 },
});

describe('Rare words', () => {
  test('are long, and not among those that everybody writes', () => {
    const words = ['apomorphine', 'zarathustra', 'eunuch', 'house', 'houses', 'kine', 'mister', "o'brien"];
    expect(words.filter(isRare)).toEqual(['apomorphine', 'zarathustra', 'eunuch']);
  });

  test('of references come once each, and names of them with a capital', () => {
    const rare = rareWords(['THUS SPAKE ZARATHUSTRA', 'ZARATHUSTRA CEASED, THE GULLET']);
    expect(rare.map(written)).toEqual(
      ['spake', 'Zarathustra', 'ceased', 'gullet'].filter((word) => isRare(word.toLowerCase())),
    );
    expect(rare).toContain('zarathustra');
  });

  test('are filled up with hundreds of names that every machine knows', () => {
    const names = namesOfTheWorld();
    expect(names.length).toBeGreaterThan(400);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('Cameroon');
  });
});

describe('Words that are aligned', () => {
  test('pair what was said with what was heard for it', () => {
    const pairs = alignWords(['one', 'two', 'three', 'four', 'five'], ['won', 'too', 'two', 'three', 'four']);
    expect(pairs.map(({ said, heard }) => `${said ?? ''}:${heard ?? ''}`)).toEqual([
      ':won',
      'one:too',
      'two:two',
      'three:three',
      'four:four',
      'five:',
    ]);
    expect(alignWords([], [])).toEqual([]);
  });
});

describe('What hot words did', () => {
  const isListed = (word: string) => ['gullet', 'emetic', 'spake'].includes(word);

  test('is told of listed words and of the others', () => {
    const score = scoreHotWords(
      [
        heard('the gullet being cut', 'the garage being cut', 'the gullet being cut'),
        heard('the best emetic he spake', 'the best emetic he speak', 'a best emetic he speak'),
        heard('nothing is listed here', 'nothing is listed here', 'nothing spake listed here'),
      ],
      isListed,
    );
    expect(score).toMatchObject({
      ...{ clips: 3, listed: 3, missed: 2, recovered: 1, lost: 0 },
      ...{ recallPlain: 1 / 3, recall: 2 / 3, clipsWithMissed: 2 },
      ...{ recallPlainWhereMissed: 1 / 3, recallWhereMissed: 2 / 3 },
      ...{ elsewherePlain: 0, elsewhere: 20, clipsWithoutListed: 1, putIntoThose: 1 },
      ...{ plainMs: 100, addedMs: 10 },
    });
    expect(score.allPlain).toBeCloseTo((100 * 2) / 13);
    expect(score.all).toBeCloseTo((100 * 3) / 13);
  });

  test('counts a word that was lost', () => {
    const score = scoreHotWords([heard('he spake', 'he spake', 'he speak')], isListed);
    expect(score).toMatchObject({ missed: 0, recovered: 0, lost: 1, recallPlain: 1, recall: 0 });
  });
});
