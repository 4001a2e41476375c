import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FinalMessage } from '../client-sdk/protocol.ts';
import { hitOf, isFound, readSearch } from '../server/history/search.ts';
import { indexText, termsOf } from '../server/history/terms.ts';
import { final } from './support/history.ts';

const texts = fc.string({ unit: 'grapheme', maxLength: 60 });
const words = (text: string) => termsOf(text).map(({ term }) => term);

describe('Terms of a text', () => {
  test.each([
    ['Good morning, everyone.', ['good', 'morning', 'everyone']],
    ["Don't e-mail 3.14 to a_b!", ['don', 't', 'e', 'mail', '3', '14', 'to', 'a', 'b']],
    ['東京タワー 2026年', ['東', '京', 'タ', 'ワ', 'ー', '2026', '年']],
    ['ｶﾞｽ ｔａｂ ㍿', ['ガ', 'ス', 'tab', '株', '式', '会', '社']],
    ['안녕하세요 여러분', ['안녕하세요', '여러분']],
    ['Größe GRÖSSE', ['grösse', 'grösse']],
    ['ΟΔΥΣΣΕΥΣ Οδυσσευς', ['οδυσσευσ', 'οδυσσευσ']],
    ['हिन्दी में', ['हिन्दी', 'में']],
    ['السلام عليكم', ['السلام', 'عليكم']],
    ['กาแฟ', ['ก', 'า', 'แ', 'ฟ']],
    ['🙂 – … !', []],
  ])('of %j are %j', (text, expected) => {
    expect(words(text)).toEqual(expected);
  });

  test('lie in it one behind the other, without blanks or signs', () => {
    fc.assert(
      fc.property(texts, (text) => {
        let before = 0;
        for (const { term, start, end } of termsOf(text)) {
          expect(term).toMatch(/^[\p{L}\p{N}][\p{L}\p{N}\p{M}]*$/u);
          // Of what is written as one character, such as ㍿, several may be.
          expect(start).toBeGreaterThanOrEqual(before);
          expect(end).toBeGreaterThan(start);
          expect(end).toBeLessThanOrEqual(text.length);
          before = start;
        }
      }),
    );
  });

  test('are the same however the text is composed', () => {
    fc.assert(
      fc.property(texts, (text) => {
        for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD'] as const)
          expect(words(text.normalize(form))).toEqual(words(text));
      }),
    );
  });

  test('are the same by the short way for English as by the long one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
        expect([...termsOf(text), { term: 'é', start: text.length + 1, end: text.length + 2 }]).toEqual(
          termsOf(`${text} é`),
        );
      }),
    );
  });
});

describe('A search', () => {
  const captionOf = (text: string): FinalMessage => final(0, { text });

  test('finds a text by any piece of it that blanks divide, and by the beginning of its last', () => {
    fc.assert(
      fc.property(texts, fc.nat({ max: 60 }), (text, cut) => {
        const beginning = text.slice(0, cut).replaceAll('"', ' ');
        const last = words(beginning).at(-1) ?? '';
        for (const piece of text.replaceAll('"', ' ').split(/\s+/u)) {
          const search = readSearch(`${piece} `);
          if (search.length > 0) expect(isFound(indexText(text), search)).toBe(true);
        }
        // A word of one letter is no beginning.
        const search = readSearch(beginning);
        if (
          search.length > 0 &&
          Array.from(last).length > 1 &&
          words(text).join(' ').startsWith(words(beginning).join(' '))
        )
          expect(isFound(indexText(text), search)).toBe(true);
      }),
    );
  });

  test('marks something exactly where it finds something', () => {
    const few = fc.array(fc.constantFrom('a', 'ab', 'abc', 'b', '東', '京', '"', ' ', ', ', '.'), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(few, few, (said, asked) => {
        const search = readSearch(asked.join(''));
        const hit = hitOf(captionOf(said.join('')), search);
        expect(hit !== null).toBe(isFound(indexText(said.join('')), search));
        let before = -1;
        for (const [start, end] of hit?.marks ?? []) {
          expect(start).toBeGreaterThan(before);
          expect(end).toBeGreaterThan(start);
          before = end;
        }
      }),
    );
  });
});
