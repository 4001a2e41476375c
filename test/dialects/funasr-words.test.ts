import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stampedClauses, timestampOf } from '../../server/dialects/funasr/stamps.ts';
import { spreadWords } from '../../server/dialects/spread-words.ts';

/** Reads a pair for each word of letters, and for each character of any other. @returns whether there were enough. */
function readAsPage(text: string, timestamp: string): boolean {
  const pairs = JSON.parse(timestamp) as [number, number][];
  let at = 0;
  for (const piece of text.replaceAll(/[。？，、?. ]/g, ',').split(',')) {
    if (piece === '') continue;
    if (pairs[at] === undefined) return false;
    at += /^[a-zA-Z]+$/.test(piece) ? 1 : piece.length;
  }

  return true;
}

describe('timestampOf', () => {
  test('has a pair for each word', () => {
    const text = 'It is, so.';
    expect(timestampOf(text, spreadWords(text, 0, 1000))).toBe('[[0,273],[273,636],[636,1000]]');
  });

  test("has pairs enough for FunASR's page, those of the words first", () => {
    const text = "Don't! It's 1984; well-known, I'd say.";
    const words = spreadWords(text, 0, 1000);
    const pairs = JSON.parse(timestampOf(text, words)) as [number, number][];
    expect(pairs.slice(0, words.length)).toEqual(words.map(({ startMs, endMs }) => [startMs, endMs]));
    expect(pairs.length).toBeGreaterThan(words.length);
    expect(pairs.at(-1)).toEqual([1000, 1000]);
  });

  test('has enough for whatever is said', () => {
    const unit = fc.constantFrom('a', 'B', "'", '-', ' ', ' ', '.', '?', '!', '1', '字', '，', '；', 'é');
    fc.assert(
      fc.property(fc.string({ unit }), (text) => {
        expect(readAsPage(text, timestampOf(text, spreadWords(text, 0, 1000)))).toBe(true);
      }),
    );
  });
});

describe('stampedClauses', () => {
  test('part words where there are marks behind them', () => {
    const words = spreadWords('Yes, it is. Good', 0, 1700);
    expect(stampedClauses(words)).toEqual([
      { text_seg: 'Yes', punc: ',', start: 0, end: 500, ts_list: [[0, 500]] },
      {
        ...{ text_seg: 'it is', punc: '.', start: 500, end: 1200 },
        ts_list: [
          [500, 800],
          [800, 1200],
        ],
      },
      { text_seg: 'Good', punc: '', start: 1200, end: 1700, ts_list: [[1200, 1700]] },
    ]);
  });

  test('part characters by blanks', () => {
    expect(stampedClauses(spreadWords('今天，好', 0, 700))).toMatchObject([
      { text_seg: '今 天', punc: '，' },
      { text_seg: '好', punc: '' },
    ]);
  });

  test('are none of nothing', () => {
    expect(stampedClauses([])).toEqual([]);
  });
});
