import { describe, expect, test } from 'vitest';
import { endsWord, HotWordTokens } from '../inference/sensevoice/hot-word-tokens.ts';
import { Vocabulary } from '../inference/sensevoice/vocabulary.ts';

const PIECES = [
  '<blank>',
  '<s>',
  '▁',
  '▁round',
  '▁Round',
  'table',
  't',
  'able',
  '▁a',
  'b',
  '微',
  '信',
  '▁app',
  '<0x41>',
  ',',
  '한',
  '▁한',
];
const pieces = new HotWordTokens(new Vocabulary(PIECES, false), false);

function written(word: string, tokens = pieces): readonly string[] {
  return tokens.spellings(word).map((ids) => ids.map((id) => PIECES[id]).join('|'));
}

describe('Hot words as tokens', () => {
  test('are put together in the fewest pieces first, in small letters and with a capital too', () => {
    expect(written('roundtable')).toEqual(['▁round|table', '▁Round|table', '▁round|t|able', '▁Round|t|able']);
    expect(written('Roundtable').toSorted()).toEqual(written('roundtable').toSorted());
  });

  test('have no blank before them in a script that has none', () => {
    expect(written('微信')).toEqual(['微|信']);
    expect(written('微信 app')).toEqual(['微|信|▁app']);
  });

  test('are none where the vocabulary lacks a letter, and never spelled byte by byte', () => {
    expect(written('Привет')).toEqual([]);
    expect(written('A')).toEqual(['▁a']);
    expect(written('微博')).toEqual([]);
    for (const word of ['Привет', 'A', '微博', '微信 app', 'roundtables'])
      expect(pieces.canWrite(word)).toBe(written(word).length > 0);
  });

  test('are found among pieces that are bytes', () => {
    const base64 = (text: string) => Buffer.from(text, 'latin1').toString('base64');
    const utf8 = Buffer.from('微').toString('latin1');
    const vocabulary = new Vocabulary(
      [utf8.slice(0, 2), utf8.slice(2), ' ro', 'ro', 'und'].map(base64),
      true,
    );
    const tokens = new HotWordTokens(vocabulary, true);
    expect(tokens.spellings('微')).toEqual([[0, 1]]);
    expect(tokens.spellings('round')).toEqual([
      [2, 4],
      [3, 4],
    ]);
  });

  test('end where a blank, a mark or a script without blanks follows', () => {
    const starts = (piece: string) => pieces.startsWord(PIECES.indexOf(piece));
    expect(['▁a', '微', ','].map(starts)).toEqual([true, true, true]);
    expect(['table', 'b', '한'].map(starts)).toEqual([false, false, false]);
    expect(['round', '微信', 'app', '한국', 'C++'].map(endsWord)).toEqual([true, false, true, false, false]);
  });

  test('take a bounded time and space, however many ways there are to put one together', () => {
    const letters = new Vocabulary(['▁', ...Array.from({ length: 12 }, (_, i) => 'a'.repeat(i + 1))], false);
    const spellings = new HotWordTokens(letters, false).spellings('a'.repeat(63));
    expect(spellings).toHaveLength(8);
    expect(spellings[0]).toHaveLength(7);
  });
});
