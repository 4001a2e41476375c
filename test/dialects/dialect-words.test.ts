import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { joinCaptions } from '../../client-sdk/captions/join-captions.ts';
import { spreadWords, wordsOf } from '../../server/dialects/spread-words.ts';

describe('spreadWords', () => {
  test('gives each word a share by its length', () => {
    expect(spreadWords('A long one.', 1000, 2200)).toEqual([
      { text: 'A', startMs: 1000, endMs: 1200 },
      { text: 'long', startMs: 1200, endMs: 1700 },
      { text: 'one.', startMs: 1700, endMs: 2200 },
    ]);
  });

  test('takes each character of a script without blanks for a word, with its marks', () => {
    const words = spreadWords('我用 Vosk，好。', 0, 100).map(({ text }) => text);
    expect(words).toEqual(['我', '用', 'Vosk，', '好。']);
  });

  test('finds none in nothing', () => {
    expect(spreadWords(' ', 0, 100)).toEqual([]);
  });

  test('covers the whole time without gaps, and loses no character, whatever is said', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'é', '.', "'", ' ', '字', '，', 'か', '😀') }),
        fc.nat(100_000),
        fc.nat(30_000),
        (text, startMs, lengthMs) => {
          const words = spreadWords(text, startMs, startMs + lengthMs);
          expect(words.map((word) => word.text).join('')).toBe(text.replaceAll(' ', ''));
          if (words.length === 0) return;
          expect([words[0]!.startMs, words.at(-1)!.endMs]).toEqual([startMs, startMs + lengthMs]);
          for (const [i, word] of words.entries()) {
            expect(word.endMs).toBeGreaterThanOrEqual(word.startMs);
            if (i > 0) expect(word.startMs).toBe(words[i - 1]!.endMs);
          }
        },
      ),
    );
  });
});

describe('wordsOf', () => {
  test('are those that the recogniser timed, and spread ones only where it timed none', () => {
    const caption = { text: 'One, two.', startMs: 1000, endMs: 2000 };
    const words = [{ text: 'One, two.', startMs: 1500, endMs: 1600, confidence: 0.5 }];
    expect(wordsOf({ ...caption, words })).toBe(words);
    expect(wordsOf(caption)).toEqual(spreadWords('One, two.', 1000, 2000));
  });
});

describe('joinCaptions', () => {
  test.each([
    [['One.', 'Two', 'three.'], 'One. Two three.'],
    [['今天。', '好'], '今天。好'],
    [['好', 'yes', '好'], '好yes好'],
    [['', 'one', '', 'two'], 'one two'],
    [['one ', 'two'], 'one two'],
    [['𠮷', '𠮷'], '𠮷𠮷'],
    [[], ''],
  ])('makes one text of %j', (texts, joined) => {
    expect(joinCaptions(texts)).toBe(joined);
  });

  test('is done soon with the captions of many days', () => {
    const texts = Array.from({ length: 100_000 }, () => 'What is said in some seconds of a meeting.');
    expect(joinCaptions(texts)).toBe(texts.join(' '));
  });
});
