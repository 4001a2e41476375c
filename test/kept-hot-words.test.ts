import { describe, expect, test } from 'vitest';
import { KeptHotWords } from '../inference/kept-hot-words.ts';
import type { HotWords } from '../inference/recognizer.ts';

function rig() {
  const made: string[] = [];
  const kept = new KeptHotWords(4, (words) => {
    const texts = words.map(({ text }) => text).join(' ');
    made.push(texts);

    return texts;
  });
  const of = (key: string, ...texts: string[]) =>
    kept.of({ key, words: texts.map((text) => ({ text, weight: 1 })) });

  return { made, kept, of };
}

describe('Lists of hot words that are kept ready', () => {
  test('are made once, and their words not looked at again', () => {
    const { made, kept, of } = rig();
    expect(of('a', 'one', 'two')).toBe('one two');
    const unread: HotWords = {
      key: 'a',
      get words(): never {
        throw new Error('looked at');
      },
    };
    expect(kept.of(unread)).toBe('one two');
    expect(made).toEqual(['one two']);
  });

  test('are many where they are short', () => {
    const { made, of } = rig();
    for (let round = 0; round < 2; round++) for (const key of ['a', 'b', 'c', 'd']) of(key, key);
    expect(made).toEqual(['a', 'b', 'c', 'd']);
  });

  test('are given up once there are more words than that, those first that were used longest ago', () => {
    const { made, of } = rig();
    of('a', 'a1', 'a2');
    of('b', 'b1', 'b2');
    of('a', 'a1', 'a2');
    of('c', 'c1');
    expect(made).toEqual(['a1 a2', 'b1 b2', 'c1']);
    of('a', 'a1', 'a2');
    expect(made).toHaveLength(3);
    of('b', 'b1', 'b2');
    expect(made).toHaveLength(4);
  });

  test('are kept while they are used, however long they are', () => {
    const { made, of } = rig();
    const long = ['1', '2', '3', '4', '5', '6'];
    of('long', ...long);
    of('long', ...long);
    expect(made).toHaveLength(1);
    of('a', 'a');
    of('a', 'a');
    of('long', ...long);
    expect(made).toHaveLength(3);
  });
});
