import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { greedyCtc } from '../inference/sensevoice/greedy-ctc.ts';
import { type CtcSearch, hotWordCtc, USUAL_SEARCH } from '../inference/sensevoice/hot-word-ctc.ts';
import { HotWordGraph, type Phrase } from '../inference/sensevoice/hot-word-graph.ts';

const BLANK = 0;
const VOCABULARY = 4;
const EVERYTHING: CtcSearch = { beam: 100_000, tokens: VOCABULARY, reach: Number.POSITIVE_INFINITY };
/** Of the tokens 1 to 3, the first begins words. */
const startsWord = (token: number) => token === 1;

const positions = (most: number) =>
  fc.array(fc.array(fc.integer({ min: -80, max: 80 }), { minLength: VOCABULARY, maxLength: VOCABULARY }), {
    minLength: 1,
    maxLength: most,
  });
const phrases = fc.uniqueArray(
  fc.record({
    tokens: fc.array(fc.integer({ min: 1, max: VOCABULARY - 1 }), { minLength: 1, maxLength: 3 }),
    bonus: fc.integer({ min: 1, max: 100 }).map((tenths) => tenths / 10),
    endsWord: fc.boolean(),
  }),
  { selector: ({ tokens }) => tokens.join(), maxLength: 4 },
);

function flat(rows: readonly (readonly number[])[]): Float32Array {
  return Float32Array.from(rows.flat(), (tenths) => tenths / 10);
}

function decode(rows: readonly (readonly number[])[], graph: HotWordGraph, search = EVERYTHING) {
  return hotWordCtc(flat(rows), VOCABULARY, 0, rows.length, BLANK, graph, search);
}

/** What a sequence gains, by looking for each phrase at each place. */
function gained(tokens: readonly number[], all: readonly Phrase[]): number {
  let sum = 0;
  for (const phrase of all)
    for (let at = 0; at + phrase.tokens.length <= tokens.length; at++) {
      const next = tokens[at + phrase.tokens.length];
      const isThere = phrase.tokens.every((token, i) => tokens[at + i] === token);
      if (isThere && (!phrase.endsWord || next === undefined || startsWord(next))) sum += phrase.bonus;
    }

  return sum;
}

/** The best score of an alignment of each sequence, by trying all of them. */
function alignments(rows: readonly (readonly number[])[]): ReadonlyMap<string, number> {
  const best = new Map<string, number>();
  const follow = (position: number, score: number, last: number, tokens: readonly number[]) => {
    if (position === rows.length) {
      const key = tokens.join();
      best.set(key, Math.max(best.get(key) ?? Number.NEGATIVE_INFINITY, score));
      return;
    }
    for (let token = 0; token < VOCABULARY; token++) {
      const isNew = token !== BLANK && token !== last;
      const next = score + rows[position]![token]! / 10;
      follow(position + 1, next, token, isNew ? [...tokens, token] : tokens);
    }
  };
  follow(0, 0, BLANK, []);

  return best;
}

describe('Decoding with hot words', () => {
  test('finds the best of all sequences, as trying all alignments does', () => {
    fc.assert(
      fc.property(positions(5), phrases, (rows, hot) => {
        const found = decode(rows, new HotWordGraph(hot, startsWord)).map(({ id }) => id);
        const best = alignments(rows);
        const value = (key: string) =>
          best.get(key)! + gained(key === '' ? [] : key.split(',').map(Number), hot);
        const most = Math.max(...[...best.keys()].map(value));
        expect(value(found.join())).toBeCloseTo(most, 4);
      }),
      { numRuns: 300 },
    );
  });

  test('is greedy decoding where nothing is preferred, tokens, times and probabilities alike', () => {
    fc.assert(
      fc.property(positions(40), (rows) => {
        // No two tokens of a position are equally likely: which of them is taken is nobody's promise.
        fc.pre(rows.every((row) => new Set(row).size === row.length));
        const graph = new HotWordGraph([], startsWord);
        const greedy = greedyCtc(flat(rows), VOCABULARY, 0, rows.length, BLANK);
        expect(decode(rows, graph, USUAL_SEARCH)).toEqual(greedy);
        expect(decode(rows, graph, { ...USUAL_SEARCH, beam: 1 })).toEqual(greedy);
      }),
    );
  });

  test('leaves nothing of a phrase that was only begun', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: VOCABULARY - 1 }), { maxLength: 12 }),
        phrases,
        (tokens, hot) => {
          const graph = new HotWordGraph(hot, startsWord);
          let state: number = HotWordGraph.ROOT;
          let sum = 0;
          for (const token of tokens) {
            const next = graph.next(state, token);
            sum += graph.gain(state, token, next);
            state = next;
          }
          expect(sum + graph.gainAtEnd(state)).toBeCloseTo(gained(tokens, hot), 9);
        },
      ),
    );
  });

  test('prefers a phrase that is less likely by less than its bonus, and no other', () => {
    // 2 and then 3 are likelier than 1 by 1.5 each.
    const rows = [
      [0, -40, 40, 0],
      [40, 0, 0, 0],
      [0, 25, 0, 40],
    ];
    const phrase = { tokens: [2, 1], endsWord: false };
    const ids = (bonus: number) =>
      decode(rows, new HotWordGraph([{ ...phrase, bonus }], startsWord)).map(({ id }) => id);
    expect(ids(1.4)).toEqual([2, 3]);
    expect(ids(1.6)).toEqual([2, 1]);
  });

  test('does not take the beginning of another word for a word', () => {
    const graph = new HotWordGraph([{ tokens: [1, 2], bonus: 5, endsWord: true }], startsWord);
    // A word of 1 and 2, or of 3, which is likelier by 2; what follows goes on with the word.
    const begin = [
      [0, 20, 0, 40],
      [0, 0, 40, 20],
    ];
    expect(decode(begin, graph).map(({ id }) => id)).toEqual([1, 2]);
    expect(decode([...begin, [0, 0, 0, 90]], graph).map(({ id }) => id)).toEqual([3, 2, 3]);
  });

  test('tells when each token was said', () => {
    const rows = [
      [90, 0, 0, 0],
      [0, 90, 0, 0],
      [0, 90, 0, 0],
      [90, 0, 0, 0],
      [0, 90, 0, 0],
      [0, 0, 90, 0],
    ];
    const graph = new HotWordGraph([{ tokens: [1, 2], bonus: 2, endsWord: false }], startsWord);
    const heard = decode(rows, graph, USUAL_SEARCH);
    expect(heard.map(({ id, begin, end }) => [id, begin, end])).toEqual([
      [1, 1, 3],
      [1, 4, 5],
      [2, 5, 6],
    ]);
    for (const { logProb } of heard) expect(logProb).toBeCloseTo(0, 2);
  });

  test('goes on with a phrase whose next token is not among the likeliest', () => {
    const rows = [
      [0, 90, 0, 0],
      [0, 0, 12, 20],
    ];
    const graph = new HotWordGraph([{ tokens: [1, 2], bonus: 2, endsWord: false }], startsWord);
    expect(decode(rows, graph, { ...USUAL_SEARCH, tokens: 1 }).map(({ id }) => id)).toEqual([1, 2]);
  });
});
