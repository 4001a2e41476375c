import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { edited } from '../server/text/edit.ts';
import { MaskList } from '../server/text/mask-list.ts';

function masked(text: string, ...words: string[]): string {
  return edited(text, MaskList.of(words).edits(text));
}

function settled(text: string, ...words: string[]): string {
  return text.slice(0, MaskList.of(words).settled(text));
}

describe('A list of masked words', () => {
  test.each([
    ['a damn shame', ['damn'], 'a *** shame'],
    ['DAMN! Damnation.', ['damn'], '***! Damnation.'],
    ['damn', ['Damn'], '***'],
    ['goddamn', ['damn'], 'goddamn'],
    ['damn-it', ['damn'], '***-it'],
    ["damn's", ['damn'], "***'s"],
    ['Straße STRASSE', ['straße'], '*** STRASSE'],
    ['ÉCOLE école', ['école'], '*** ***'],
    ['Йод йод', ['йод'], '*** ***'],
    ['foo, bar and foo-bar', ['foo bar'], '*** and ***'],
    ['foo bar baz', ['foo bar', 'bar baz'], '***'],
    ['foo bar baz', ['foo bar', 'foo'], '*** baz'],
    ['foo bar fool food', ['foo', 'foo bar', 'food'], '*** fool ***'],
    ['food fool foo', ['food', 'fool', 'foo'], '*** *** ***'],
    ['abcd abce abc', ['abcd', 'abce'], '*** *** abc'],
    ['你这个笨蛋啊', ['笨蛋'], '你这个***啊'],
    ['我说damn了', ['damn'], '我说***了'],
    ['ばか野郎', ['ばか'], '***野郎'],
    ['바보야', ['바보'], '***야'],
    ['call 911 now', ['911'], 'call *** now'],
    ['call 9110 now', ['911'], 'call 9110 now'],
    ['a𝐛c 😀', ['😀'], 'a𝐛c ***'],
    ['f*ck that', ['f*ck'], '*** that'],
    ['笨b蛋', ['笨,蛋', 'b'], '笨***蛋'],
    ['你真是个 笨 蛋 啊', ['笨蛋'], '你真是个 *** 啊'],
    ['笨蛋 我', ['笨 蛋'], '*** 我'],
    ['你真笨，蛋糕好吃', ['笨蛋'], '你真笨，蛋糕好吃'],
    ['cafe\u0301 noir', ['caf\u00e9'], '*** noir'],
    ['a caf\u00e9', ['cafe'], 'a caf\u00e9'],
    ['ＡＢＣ公司', ['abc'], '***公司'],
    ['ein σοφός', ['ΣΟΦΌΣ'], 'ein ***'],
    ['da\u00admn\u200b it', ['damn'], '*** it'],
    ['می\u200cخواهم', ['میخواهم'], '***'],
    ['nothing here', [], 'nothing here'],
    ['', ['a'], ''],
  ])('makes of %j with %j: %j', (text, words, expected) => {
    expect(masked(text, ...words)).toBe(expected);
  });

  test('shares what it holds with longer lists', () => {
    const base = MaskList.of(['one']);
    const both = base.with(['two']);
    expect(edited('one two', both.edits('one two'))).toBe('*** ***');
    expect(edited('one two', base.edits('one two'))).toBe('*** two');
    expect(edited('one two', base.and(MaskList.of(['two'])).edits('one two'))).toBe('*** ***');
    expect(base.with([])).toBe(base);
    expect(base.and(MaskList.of([]))).toBe(base);
    expect(MaskList.of([]).and(base)).toBe(base);
    expect(MaskList.of([]).isEmpty).toBe(true);
    expect(MaskList.of(['!']).isEmpty).toBe(true);
  });

  test('is not settled where a listed word may have begun', () => {
    expect(settled('we said foo', 'foo bar')).toBe('we said ');
    expect(settled('we said food', 'foo bar')).toBe('we said food');
    expect(settled('we said foo bar', 'foo bar')).toBe('we said ');
    expect(settled('we said foo bar again', 'foo bar')).toBe('we said foo bar again');
    expect(settled('我是笨', '笨蛋')).toBe('我是');
    expect(settled('我是笨 ', '笨蛋')).toBe('我是');
    // What overlaps with what may come is one with it.
    expect(settled('a foo bar', 'foo bar', 'bar baz')).toBe('a ');
  });

  const letter = fc.constantFrom('a', 'b', 'A', ' ', ',', '蛋', '笨');
  const text = fc.array(letter, { maxLength: 14 }).map((letters) => letters.join(''));
  const list = fc.array(
    fc.array(letter, { minLength: 1, maxLength: 4 }).map((letters) => letters.join('')),
    { maxLength: 4 },
  );

  test('keeps what it called settled, whatever comes behind', () => {
    fc.assert(
      fc.property(list, text, text, (words, head, tail) => {
        const mask = MaskList.of(words);
        const bound = mask.settled(head);
        const before = mask.edits(head).filter(({ to }) => to <= bound);
        const whole = mask.edits(head + tail);
        expect(whole.filter(({ to }) => to <= bound)).toEqual(before);
        for (const { from, to } of whole) expect(from < bound && to > bound).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  test('leaves no listed word behind, and does nothing to its own work', () => {
    fc.assert(
      fc.property(list, text, (words, said) => {
        const once = masked(said, ...words);
        expect(masked(once, ...words)).toBe(once);
      }),
      { numRuns: 1000 },
    );
  });
});
