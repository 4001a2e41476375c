import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GreedySequence } from '../inference/moonshine/greedy-sequence.ts';
import { findLoop } from '../inference/moonshine/repetition.ts';
import { END_TOKEN, START_TOKEN } from '../inference/moonshine/special-tokens.ts';

/** No marks: ids that stand for text. */
const WORDS = [450, 300, 700, 512, 613, 814, 905];

function repeat<T>(phrase: readonly T[], times: number): T[] {
  return Array.from({ length: times }, () => phrase).flat();
}

function decode(tokens: readonly number[], audioSeconds = 30): GreedySequence {
  const sequence = new GreedySequence(audioSeconds);
  for (const token of tokens) if (!sequence.finished) sequence.accept(token, -0.1);

  return sequence;
}

describe('Loop detection', () => {
  test('keeps what came before the loop and its first phrase', () => {
    expect(findLoop([1, 2, 3, ...repeat([7, 8, 9], 4)])).toBe(6);
    expect(findLoop([1, ...repeat([5], 12)])).toBe(2);
    expect(findLoop(repeat([1, 2, 3, 4, 5], 4))).toBe(5);
  });

  test('lets people repeat themselves', () => {
    expect(findLoop(repeat([5], 11))).toBeNull();
    expect(findLoop(repeat([5, 6], 5))).toBeNull();
    expect(findLoop(repeat([1, 2, 3, 4, 5], 3))).toBeNull();
    expect(findLoop([])).toBeNull();
  });

  test('looks only at the end', () => {
    expect(findLoop([...repeat([5], 12), 6])).toBeNull();
  });

  test('looks for phrases of up to sixteen tokens', () => {
    const phrase = (length: number) => Array.from({ length }, (_, i) => i);
    expect(findLoop(repeat(phrase(16), 4))).toBe(16);
    expect(findLoop(repeat(phrase(17), 4))).toBeNull();
  });

  test('finds every loop, whatever the phrase and what came before it, and never leaves nothing', () => {
    const token = fc.integer({ min: 0, max: 5 });
    fc.assert(
      fc.property(fc.array(token), fc.array(token, { minLength: 1, maxLength: 16 }), (before, phrase) => {
        const times = Math.max(4, Math.ceil(12 / phrase.length));
        const tokens = [...before, ...repeat(phrase, times)];
        const kept = findLoop(tokens);
        expect(kept).not.toBeNull();
        expect(kept).toBeGreaterThan(0);
        expect(kept).toBeLessThan(tokens.length);
      }),
    );
  });
});

describe('Greedy decoding', () => {
  test('starts from the start mark, goes on from its own last token, and ends at the end mark', () => {
    const sequence = new GreedySequence(5);
    expect(sequence.lastToken).toBe(START_TOKEN);
    sequence.accept(WORDS[0]!, -0.1);
    expect(sequence.lastToken).toBe(WORDS[0]);
    expect(sequence.finished).toBe(false);
    sequence.accept(END_TOKEN, -0.1);
    expect(sequence.finished).toBe(true);
    expect(sequence.hypothesis()).toMatchObject({ tokens: [WORDS[0]], cut: null });
  });

  test('gives no text when the model ends at once', () => {
    expect(decode([END_TOKEN]).hypothesis()).toMatchObject({ text: '', tokens: [], cut: null });
  });

  test('stops in a loop, keeps its first phrase, and says so', () => {
    const sequence = decode([...WORDS, ...repeat([31, 32, 33], 10)]);
    expect(sequence.finished).toBe(true);
    expect(sequence.hypothesis()).toMatchObject({ tokens: [...WORDS, 31, 32, 33], cut: 'repetition' });
  });

  test('stops at more tokens than the audio can hold, and says so', () => {
    const many = Array.from({ length: 100 }, (_, i) => 100 + i);
    expect(decode(many, 2).hypothesis()).toMatchObject({ tokens: many.slice(0, 13), cut: 'length' });
    expect(decode(many, 0.1).hypothesis()).toMatchObject({ tokens: many.slice(0, 6), cut: 'length' });
  });

  test('does not say it was cut when it ends by itself just below the limit', () => {
    expect(decode([...WORDS.slice(0, 5), END_TOKEN], 0.1).hypothesis()).toMatchObject({ cut: null });
  });

  test('gives the mean log-probability of its steps, the end mark among them', () => {
    expect(new GreedySequence(5).hypothesis().meanLogProb).toBeNull();
    const sequence = new GreedySequence(5);
    sequence.accept(WORDS[0]!, -0.5);
    sequence.accept(END_TOKEN, -0.1);
    expect(sequence.hypothesis().meanLogProb).toBeCloseTo(-0.3, 6);
  });
});
