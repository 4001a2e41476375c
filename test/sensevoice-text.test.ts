import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { greedyCtc } from '../inference/sensevoice/greedy-ctc.ts';
import { runGroups } from '../inference/sensevoice/run-groups.ts';
import { spokenText } from '../inference/sensevoice/spoken-text.ts';
import { readTags } from '../inference/sensevoice/tags.ts';
import { Vocabulary } from '../inference/sensevoice/vocabulary.ts';
import { TINY_PIECES } from './support/tiny-sensevoice.ts';

/** Tokens of these pieces, one after the other, each as sure as the last. */
function speak(pieces: readonly string[], base64 = false) {
  const vocabulary = new Vocabulary(pieces, base64);
  const heard = pieces.map((_, id) => ({ id, begin: 2 * id, end: 2 * id + 1, logProb: -0.5 }));

  return spokenText(heard, vocabulary, (position) => 60 * position);
}

const wordsOf = (pieces: readonly string[]) => speak(pieces).words.map(({ text }) => text);

describe('Greedy CTC', () => {
  const row = (...scores: readonly number[]) => scores;
  const decode = (...rows: readonly (readonly number[])[]) =>
    greedyCtc(Float32Array.from(rows.flat()), rows[0]!.length, 0, rows.length, 0);

  test('takes a run for one token, leaves blanks out, and hears a token again behind a blank', () => {
    const [blank, a, b] = [row(5, 0, 0), row(0, 5, 0), row(0, 0, 5)];
    const tokens = decode(a, a, blank, a, b, b, blank);
    expect(tokens.map(({ id, begin, end }) => [id, begin, end])).toEqual([
      [1, 0, 2],
      [1, 3, 4],
      [2, 4, 6],
    ]);
  });

  test('tells the probability where the score is highest', () => {
    const [token] = decode(row(0, 1, 0), row(0, 3, 0), row(0, 2, 0));
    expect(token!.logProb).toBeCloseTo(3 - Math.log(Math.exp(3) + 2), 2);
  });

  test('says the same of logits and of log probabilities', () => {
    const logits = row(0.3, 4, -2, 1);
    const sum = Math.log(logits.reduce((total, score) => total + Math.exp(score), 0));
    const [fromLogits] = decode(logits);
    const [fromLogProbs] = decode(logits.map((score) => score - sum));
    expect(fromLogProbs!.logProb).toBeCloseTo(fromLogits!.logProb, 2);
    expect(fromLogits!.logProb).toBeCloseTo(4 - sum, 2);
  });

  test('agrees with collapsing what each position likes best, whatever the scores', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 4, maxLength: 4 }), {
          minLength: 1,
          maxLength: 30,
        }),
        (rows) => {
          const best = rows.map((scores) => scores.indexOf(Math.max(...scores)));
          const collapsed = best.filter((id, i) => id !== 0 && id !== best[i - 1]);
          const tokens = decode(...rows);
          expect(tokens.map(({ id }) => id)).toEqual(collapsed);
          for (const { begin, end, id, logProb } of tokens) {
            expect(best.slice(begin, end).every((other) => other === id)).toBe(true);
            expect(logProb).toBeLessThanOrEqual(0);
          }
        },
      ),
    );
  });

  test('reads one row of a batch as if it were alone', () => {
    const scores = Float32Array.from([...row(0, 9), ...row(9, 0), ...row(0, 9)]);
    expect(greedyCtc(scores, 2, 1, 2, 0)).toEqual(greedyCtc(scores.slice(2), 2, 0, 2, 0));
  });
});

describe('Spoken text', () => {
  test('joins pieces to words at spaces, and leaves punctuation with the word before it', () => {
    expect(wordsOf(['▁speak', 'er', '▁two', ',', '▁th', 'ree', '.', '▁don', "'", 't'])).toEqual([
      'speaker',
      'two,',
      'three.',
      "don't",
    ]);
  });

  test('takes each character of Chinese and Japanese for a word, and Korean by its spaces', () => {
    expect(wordsOf(['你', '好', '，', '会', '议', '。'])).toEqual(['你', '好，', '会', '议。']);
    expect(wordsOf(['会', '議', 'は', 'です', '。'])).toEqual(['会', '議', 'は', 'です。']);
    expect(wordsOf(['▁안녕', '하', '세요', '▁네'])).toEqual(['안녕하세요', '네']);
  });

  test('parts what is mixed', () => {
    expect(wordsOf(['我', '们', '▁use', '▁web', 'rtc', '开', '会'])).toEqual([
      '我',
      '们',
      'use',
      'webrtc',
      '开',
      '会',
    ]);
    expect(wordsOf(['“', '你', '”', '(', '▁x', ')'])).toEqual(['“你”(', 'x)']);
  });

  test('tells when each word begins and ends, and how sure it is', () => {
    const { words } = speak(['▁a', 'b', '▁c']);
    expect(words).toEqual([
      { text: 'ab', startMs: 0, endMs: 180, confidence: Math.exp(-0.5) },
      { text: 'c', startMs: 240, endMs: 300, confidence: Math.exp(-0.5) },
    ]);
  });

  test('has no tags, marks or doubled spaces in it, nor tokens that say nothing', () => {
    const { text, tokens, words } = speak(['<s>', '▁', '▁hello', '<|HAPPY|>', '<unk>', '▁', '▁you', '</s>']);
    expect(text).toBe('hello you');
    expect(words.map((word) => word.text)).toEqual(['hello', 'you']);
    expect(tokens.map(({ id }) => id)).toEqual([1, 2, 5, 6]);
  });

  test('puts characters together from bytes, and leaves out bytes that make none', () => {
    const bytes = (...numbers: readonly number[]) => Buffer.from(numbers).toString('base64');
    const [first, second, third] = [...Buffer.from('会')] as [number, number, number];
    const { text, words, tokens } = speak(
      [bytes(first), bytes(second, third), bytes(first), Buffer.from(' ok').toString('base64'), bytes(first)],
      true,
    );
    expect(text).toBe('会 ok');
    expect(words).toMatchObject([
      { text: '会', startMs: 0, endMs: 180 },
      { text: 'ok', startMs: 360, endMs: 420 },
    ]);
    expect(tokens.map(({ id }) => id)).toEqual([0, 1, 3]);
    expect(speak(['<0xE4>', '<0xBC>', '<0x9A>']).text).toBe('会');
  });

  test('has the words of the text, all of it and in order, whatever was heard', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...TINY_PIECES), { maxLength: 40 }), (pieces) => {
        const { text, words, tokens } = speak(pieces);
        expect(words.map((word) => word.text).join('')).toBe(text.replaceAll(' ', ''));
        expect(text).toBe(text.trim());
        expect(text).not.toMatch(/ {2}|[<>|▁]/);
        expect(tokens.map(({ id }) => id)).toEqual(
          [...new Set(tokens.map(({ id }) => id))].sort((a, b) => a - b),
        );
        for (const [i, { startMs, endMs }] of words.entries()) {
          expect(endMs).toBeGreaterThan(startMs);
          expect(startMs).toBeGreaterThanOrEqual(words[i - 1]?.endMs ?? 0);
        }
      }),
    );
  });
});

describe('Tags', () => {
  test('become fields by their names, in any order', () => {
    expect(readTags(['yue', 'NEUTRAL', 'Speech', 'withitn'])).toEqual({
      ...{ language: 'yue', emotion: 'neutral', event: 'speech' },
    });
    expect(readTags(['BGM', 'en', 'SURPRISED'])).toEqual({
      ...{ language: 'en', emotion: 'surprised', event: 'music' },
    });
  });

  test('are left out where they say nothing or are not known', () => {
    expect(readTags(['nospeech', 'EMO_UNKNOWN', 'Event_UNK', 'woitn', 'constructor', 'toString'])).toEqual(
      {},
    );
  });
});

describe('Run groups', () => {
  test('hold rows of one length each, all of them that have frames, and no more than fit', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 16 }), (frames) => {
        const groups = runGroups(frames, { sharesRuns: true });
        const expected = frames.flatMap((count, i) => (count > 0 ? [i] : []));
        expect(groups.flat().sort((a, b) => a - b)).toEqual(expected);
        for (const group of groups) {
          expect(new Set(group.map((i) => frames[i])).size).toBe(1);
          expect(group.length === 1 || group.length * frames[group[0]!]! <= 1000).toBe(true);
        }
      }),
    );
    expect(runGroups([4, 9, 4, 0, 4], { sharesRuns: true })).toEqual([[0, 2, 4], [1]]);
    expect(runGroups([4, 9, 4, 0, 4], { sharesRuns: false })).toEqual([[0], [1], [2], [4]]);
    expect(runGroups([500, 500, 500], { sharesRuns: true })).toEqual([[0, 1], [2]]);
    expect(runGroups([4, 9, 17, 0, 16, 32], { sharesRuns: true }, true)).toEqual([
      [0, 1, 4],
      [2, 5],
    ]);
    expect(runGroups([497, 500, 512], { sharesRuns: true }, true)).toEqual([[0], [1], [2]]);
  });
});
