import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { carriedDraft } from '../server/stream/carried-draft.ts';

/** A token for each character. */
function tokens(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0)!);
}

function carried(hypothesis: string, final: string): string {
  return String.fromCodePoint(...carriedDraft(tokens(hypothesis), tokens(final)));
}

describe('A carried draft', () => {
  test('is what follows when the final is a prefix, whatever the tokens', () =>
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 60 }),
        fc.nat(60),
        (hypothesis, length) => {
          expect(carriedDraft(hypothesis, hypothesis.slice(0, length))).toEqual(hypothesis.slice(length));
        },
      ),
    ));

  test('is always the end of the hypothesis', () =>
    fc.assert(
      fc.property(fc.array(fc.nat(5)), fc.array(fc.nat(5)), (hypothesis, final) => {
        const draft = carriedDraft(hypothesis, final);
        expect(hypothesis.slice(hypothesis.length - draft.length)).toEqual(draft);
      }),
    ));

  test.each([
    ['the final closes its sentence', 'the cat sat on the mat', 'the cat sat.', ' on the mat'],
    ['the final hears a word differently', 'the cat sat on the mat', 'the bat sat', ' on the mat'],
    ['the final has a comma that the hypothesis has not', 'well the cat sat on', 'well, the cat', ' sat on'],
    ['the words come again behind the cut', 'no no no no no', 'no no', ' no no no'],
  ])('is what follows when %s', (_, hypothesis, final, draft) => {
    expect(carried(hypothesis, final)).toBe(draft);
  });

  test('is nothing when nothing was heard, or no more than the final says', () => {
    expect(carried('', 'abc')).toBe('');
    expect(carried('abc', 'abcdef')).toBe('');
  });
});
