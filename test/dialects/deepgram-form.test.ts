import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  asAlternative,
  readReplacement,
  type TranscriptForm,
} from '../../server/dialects/deepgram/transcript-form.ts';

const PUNCTUATED: TranscriptForm = { punctuated: true, replacements: [] };
const PLAIN: TranscriptForm = { punctuated: false, replacements: [] };

function write(text: string, form: TranscriptForm) {
  return asAlternative({ text, startMs: 1000, endMs: 3000, confidence: 0.8 }, form);
}

describe('A transcript in Deepgram’s form', () => {
  it('is as the model writes it where punctuation is asked for', () => {
    expect(write("It's $5, Mr. O'Neil - really?", PUNCTUATED)).toMatchObject({
      transcript: "It's $5, Mr. O'Neil - really?",
      words: [
        { word: "it's", punctuated_word: "It's" },
        { word: '$5', punctuated_word: '$5,' },
        { word: 'mr', punctuated_word: 'Mr.' },
        { word: "o'neil", punctuated_word: "O'Neil" },
        { word: 'really', punctuated_word: 'really?' },
      ],
    });
  });

  it('has neither punctuation nor capitals otherwise', () => {
    const { transcript, words } = write("It's “50%”, Mr. O'Neil - well-known.", PLAIN);
    expect(transcript).toBe("it's 50% mr o'neil well-known");
    expect(words.every((word) => !('punctuated_word' in word))).toBe(true);
  });

  it('shares time among words, and the confidence of them all with each', () => {
    expect(write('yes sir', PLAIN).words).toEqual([
      { word: 'yes', start: 1, end: 2, confidence: 0.8 },
      { word: 'sir', start: 2, end: 3, confidence: 0.8 },
    ]);
  });

  it('has the times and confidences of words that the recogniser timed', () => {
    const said = {
      ...{ text: 'One, two.', startMs: 1000, endMs: 3000, confidence: 0.6 },
      words: [
        { text: 'One,', startMs: 1040, endMs: 1200, confidence: 0.7 },
        { text: 'two.', startMs: 1600, endMs: 1900, confidence: 0.5 },
      ],
    };
    expect(asAlternative(said, PUNCTUATED)).toMatchObject({
      confidence: 0.6,
      words: [
        { word: 'one', start: 1.04, end: 1.2, confidence: 0.7, punctuated_word: 'One,' },
        { word: 'two', start: 1.6, end: 1.9, confidence: 0.5, punctuated_word: 'two.' },
      ],
    });
    const replaced = asAlternative(said, { punctuated: false, replacements: [readReplacement('two:three')] });
    expect(replaced.words).toMatchObject([
      { word: 'one', start: 1 },
      { word: 'three', end: 3, confidence: 0.6 },
    ]);
  });

  it('has the words of its transcript, in order of their time, within the stretch', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.boolean(), (text, punctuated) => {
        const { transcript, words } = write(text, { punctuated, replacements: [] });
        if (!punctuated && !/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text))
          expect(words.map(({ word }) => word).join(' ')).toBe(transcript);
        let before = 1;
        for (const { start, end } of words) {
          expect(start).toBeGreaterThanOrEqual(before);
          expect(end).toBeGreaterThanOrEqual(start);
          before = end;
        }
        expect(before).toBeLessThanOrEqual(3);
      }),
    );
  });

  it('says nothing of nothing', () => {
    expect(write('', PUNCTUATED)).toEqual({ transcript: '', confidence: 0, words: [] });
  });
});

describe('Replacements', () => {
  it.each([
    ['Monica:Jessica', 'Monica, and monica.', 'Jessica, and Jessica.'],
    ['new  york:Big Apple', 'In New York', 'In Big Apple'],
    ['um', 'Well, um yes', 'Well, yes'],
    ['a.b:c', 'a.b axb', 'c axb'],
    ['cat:$&', 'cat concat', '$& concat'],
    ['é:e', 'é café', 'e café'],
    [':x', 'nothing', 'nothing'],
    ['a:b:c', 'a', 'b:c'],
  ])('%j make %j into %j', (pair, text, written) => {
    const replacements = [readReplacement(pair)];
    expect(write(text, { punctuated: true, replacements }).transcript).toBe(written);
  });

  it('come one after the other', () => {
    const replacements = ['a:b', 'b:c'].map(readReplacement);
    expect(write('a b', { punctuated: true, replacements }).transcript).toBe('c c');
  });
});
