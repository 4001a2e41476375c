import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findLikenesses } from '../inference/moonshine/hot-words/alike.ts';
import { heardWords } from '../inference/moonshine/hot-words/heard-words.ts';
import { listWords } from '../inference/moonshine/hot-words/hot-word-list.ts';
import { propose } from '../inference/moonshine/hot-words/proposals.ts';
import { soundsOf } from '../inference/moonshine/hot-words/sounds.ts';
import { detokenize, tokenize } from '../inference/moonshine/tokens.ts';

const listed = (...texts: readonly string[]) => listWords(texts.map((text) => ({ text, weight: 1 })));

/** All that a list proposes instead of what was heard. */
function proposals(tokens: readonly number[], ...list: readonly string[]) {
  const heard = heardWords(tokens);

  return listed(...list)
    .flatMap((word) => findLikenesses(word, heard))
    .flatMap((likeness) => propose(likeness, tokens) ?? []);
}

/** Where a word is looked for in a text, the likeliest first: what stands there, and how far it is. */
function likenesses(word: string, text: string) {
  const tokens = tokenize(text);

  return findLikenesses(listed(word)[0]!, heardWords(tokens)).map(({ from, to, distance }) => ({
    stretch: detokenize(tokens.slice(from, to)),
    distance,
  }));
}

const words = fc.constantFrom(
  ...[
    'the',
    'river',
    'ran',
    'quickly',
    'past',
    "Margaret's",
    'old',
    'shop-boy,',
    'and',
    'two',
    'candles.',
    'Why?',
  ],
);

describe('Sounds of a spelling', () => {
  test.each([
    ['Mackenzie', 'McKenzie'],
    ['Philippa', 'Filippa'],
    ['knight', 'night'],
    ['Gwendolyn', 'Gwendolin'],
    ['Zoë', 'Zoe'],
    ['wreck', 'reck'],
    ['Schmitt', 'Shmit'],
  ])('are the same of %s and %s', (one, other) => {
    expect(soundsOf(one)).toEqual(soundsOf(other));
  });

  test('are none of what has no letters, and those of its name of a digit', () => {
    expect(soundsOf('—…!')).toHaveLength(0);
    expect(soundsOf('Area 51')).toEqual(soundsOf('areafiveone'));
  });
});

describe('Stretches that sound like a hot word', () => {
  test.each([
    ['MacKenzie', 'I asked may can zee about it', 'may can zee'],
    ['Ponsonby', 'said Puns and bee, laughing', 'Puns and bee'],
    ['Helstone', 'being shoppy had held sten', 'held sten'],
    ['New South Wales', 'a farm in new salt whales, near', 'new salt whales'],
    ['Donnithorne', "it was Donny Thorn's horse", 'Donny Thorn'],
    ['IBM', 'he works for eye bee em now', 'eye bee em'],
  ])('of %s in "%s" are whole words: "%s"', (word, text, stretch) => {
    expect(likenesses(word, text)[0]?.stretch).toBe(stretch);
  });

  test('are none where nothing sounds alike', () => {
    for (const word of ['Zarathustra', 'Wojciechowski', 'Guadalajara'])
      expect(likenesses(word, 'I really liked that account of himself, better than anything else.')).toEqual(
        [],
      );
  });

  test('are as far as nothing where the word itself stands, wherever that is', () => {
    fc.assert(
      fc.property(fc.array(words), fc.array(words), (before, after) => {
        const [best] = likenesses('Nightingale', [...before, 'Nightingale', ...after].join(' '));
        expect(best).toEqual({ stretch: 'Nightingale', distance: 0 });
      }),
      { numRuns: 50 },
    );
  });

  test('begin and end with words, and are not the word', () => {
    fc.assert(
      fc.property(fc.array(words, { minLength: 1 }), (text) => {
        const tokens = tokenize(text.join(' '));
        const spaced = ` ${text.join(' ')} `;
        for (const { from, to, distance, word } of proposals(tokens, 'candle', 'Rivière', 'Quigley', 'too')) {
          const stretch = detokenize(tokens.slice(from, to));
          expect(from).toBeLessThan(to);
          expect(distance).toBeGreaterThanOrEqual(0);
          expect(spaced).toMatch(new RegExp(`[ ]${stretch.replaceAll(/[.?]/g, '\\$&')}(?=[ ,.?']|-boy)`));
          expect(stretch.toLowerCase()).not.toBe(word.text.toLowerCase());
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('Hot words that are proposed', () => {
  const proposed = (text: string, ...list: readonly string[]) => {
    const tokens = tokenize(text);

    return proposals(tokens, ...list).map(({ from, to, tokens: own }) =>
      detokenize([...tokens.slice(0, from), ...own, ...tokens.slice(to)]),
    );
  };

  test('keep the punctuation and the genitive behind them', () => {
    expect(proposed("Then Mack Kenzie's, too.", 'MacKenzie')).toContain("Then MacKenzie's, too.");
  });

  test('begin with a capital where a sentence does, and only there', () => {
    expect(proposed('Ematic. An ematic.', 'emetic')).toEqual(
      expect.arrayContaining(['Emetic. An ematic.', 'Ematic. An emetic.']),
    );
  });

  test('are not those that stand there, in capitals or not, alone or beside other words', () => {
    expect(proposed('Anna said: anna, and ANNA and', 'anna')).toEqual([]);
  });

  test('are spelled as on the list where the sounds are the same', () => {
    expect(proposed('He saw Sonia there', 'Sonya')).toContain('He saw Sonya there');
  });
});
