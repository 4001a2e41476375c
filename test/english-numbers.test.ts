import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { edited } from '../server/text/edit.ts';
import { englishNumbers } from '../server/text/numerals/english.ts';

function written(text: string): string {
  return edited(text, englishNumbers(text).edits);
}

const ONES = [
  '',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
  'thirteen',
  'fourteen',
  'fifteen',
  'sixteen',
  'seventeen',
  'eighteen',
  'nineteen',
];
const TENS = ['', '', 'twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];

interface Style {
  readonly hyphen: boolean;
  readonly and: boolean;
}

function inWords(value: number, style: Style): string {
  if (value === 0) return 'zero';
  const words: string[] = [];
  let rest = value;
  for (const [unit, name] of [
    [1e9, 'billion'],
    [1e6, 'million'],
    [1e3, 'thousand'],
    [100, 'hundred'],
  ] as const) {
    if (rest >= unit) words.push(inWords(Math.floor(rest / unit), style), name);
    rest %= unit;
  }
  if (rest > 0 && words.length > 0 && style.and) words.push('and');
  if (rest >= 20)
    words.push(
      TENS[Math.floor(rest / 10)]! + (rest % 10 ? (style.hyphen ? '-' : ' ') + ONES[rest % 10] : ''),
    );
  else if (rest > 0) words.push(ONES[rest]!);

  return words.join(' ');
}

describe('English numbers', () => {
  test.each([
    // Cardinals
    ['we have twenty five people', 'we have 25 people'],
    ['Twenty-five people came.', '25 people came.'],
    ['ten', '10'],
    ['eleven of them', '11 of them'],
    ['one hundred', '100'],
    ['one hundred and five pages', '105 pages'],
    ['one hundred five pages', '105 pages'],
    ['two hundred and thirty-one', '231'],
    ['nine hundred ninety nine', '999'],
    ['fifteen hundred words', '1500 words'],
    ['twenty five hundred', '2500'],
    ['two thousand', '2000'],
    ['two thousand and six', '2006'],
    ['two thousand twenty six', '2026'],
    ['twelve thousand five hundred', '12,500'],
    ['one hundred thousand', '100,000'],
    ['five million', '5 million'],
    ['two hundred million dollars', '$200 million'],
    ['three billion people', '3 billion people'],
    ['five million two hundred thousand', '5,200,000'],
    ['one million one', '1,000,001'],
    ['one million and one', '1,000,001'],
    ['twenty and thirty', '20 and 30'],
    ['twenty, thirty, forty.', '20, 30, 40.'],
    ['twenty five and a half', '25 and a half'],
    // Left as they were said
    ['one of them', 'one of them'],
    ['no one knows', 'no one knows'],
    ['two or three things', 'two or three things'],
    ['nine to five', 'nine to five'],
    ['zero tolerance', 'zero tolerance'],
    ['a hundred people', 'a hundred people'],
    ['a hundred and five people', 'a hundred and five people'],
    ['a hundred twenty people', 'a hundred twenty people'],
    ['hundreds of thousands', 'hundreds of thousands'],
    ['thanks a million', 'thanks a million'],
    ['fifty fifty', 'fifty fifty'],
    ['twenty four seven', 'twenty four seven'],
    ['twenty thirty people', 'twenty thirty people'],
    ['two twenty one', 'two twenty one'],
    ['two or three hundred people', 'two or three hundred people'],
    ['ten to twelve thousand', 'ten to twelve thousand'],
    ['between two and three hundred dollars', 'between two and three hundred dollars'],
    ['two hundred or three hundred', '200 or 300'],
    ['the nineteen hundreds', 'the nineteen hundreds'],
    ['someone often wonders', 'someone often wonders'],
    ['often tent attend', 'often tent attend'],
    ['to be or not to be', 'to be or not to be'],
    ['for the two of us', 'for the two of us'],
    // Ordinals
    ['the twenty first century', 'the 21st century'],
    ['the twenty-second of them', 'the 22nd of them'],
    ['the tenth', 'the 10th'],
    ['her eleventh', 'her 11th'],
    ['the thirtieth', 'the 30th'],
    ['the hundred', 'the hundred'],
    ['the one hundred and twelfth', 'the 112th'],
    ['the two hundredth', 'the 200th'],
    ['the one hundred twenty third', 'the 123rd'],
    ['the two thousandth time', 'the 2000th time'],
    ['second thoughts', 'second thoughts'],
    ['first of all', 'first of all'],
    ['wait a second', 'wait a second'],
    ['one third', 'one third'],
    ['a twenty second delay', 'a 20 second delay'],
    ['for the third time', 'for the third time'],
    ['every thirty second pause', 'every thirty second pause'],
    ['a one hundred second timer', 'a 100 second timer'],
    ['the one hundred second timer', 'the one hundred second timer'],
    ['on the twenty second.', 'on the 22nd.'],
    ['one tenth of it', 'one tenth of it'],
    ['a twentieth of the price', 'a twentieth of the price'],
    // Decimals
    ['three point one four', '3.14'],
    ['zero point five', '0.5'],
    ['twenty point oh five', '20.05'],
    ['three point fourteen', '3.14'],
    ['two point five million', '2.5 million'],
    ['a point two people made', 'a point two people made'],
    ['one point', 'one point'],
    // Years and dates
    ['nineteen eighty four', '1984'],
    ['in nineteen oh five', 'in 1905'],
    ['nineteen hundred', '1900'],
    ['twenty twenty six', '2026'],
    ['twenty ten', '2010'],
    ['twenty twenty', '2020'],
    ['the nineteen eighties', 'the 1980s'],
    ['the eighties', 'the eighties'],
    ['sixteen hundred and three', '1603'],
    ['june third', 'June 3rd'],
    ['June third twenty twenty six', 'June 3, 2026'],
    ['on december twenty fifth', 'on December 25th'],
    ['on may second', 'on May 2nd'],
    ['we may second that', 'we may second that'],
    ['on march the third', 'on March 3rd'],
    ['the third of june', 'the 3rd of june'],
    ['the twenty first of december nineteen ninety nine', 'the 21st of december 1999'],
    ['july fourth two thousand and one', 'July 4, 2001'],
    ['june thirty second', 'june thirty second'],
    // Times
    ['at five p m', 'at 5 pm'],
    ['five pm', '5 pm'],
    ['five thirty p.m.', '5:30 pm'],
    ['seven oh five am', '7:05 am'],
    ['eleven forty-five a m', '11:45 am'],
    ["five o'clock", "5 o'clock"],
    ['at seven thirty', 'at 7:30'],
    ['by ten fifteen tomorrow', 'by 10:15 tomorrow'],
    ['seven thirty', 'seven thirty'],
    ['at one twenty three main street', 'at one twenty three main street'],
    ['around ten fifteen people came', 'around ten fifteen people came'],
    ['at seven thirty in the evening', 'at 7:30 in the evening'],
    ['at seven thirty on monday', 'at 7:30 on monday'],
    ['until six fifteen monday', 'until 6:15 monday'],
    ['half past ten', 'half past 10'],
    ['I am ten', 'I am 10'],
    ['five a day', 'five a day'],
    // Money and percentages
    ['five dollars', '$5'],
    ['one dollar', '$1'],
    ['a dollar', 'a dollar'],
    ['twenty five dollars and fifty cents', '$25.50'],
    ['three dollars and five cents', '$3.05'],
    ['two point five million dollars', '$2.5 million'],
    ['ten thousand euros', '€10,000'],
    ['five dollars fifty', 'five dollars 50'],
    ['point five percent', 'point five percent'],
    ['my two cents', 'my two cents'],
    ['five percent', '5%'],
    ['twenty five per cent of it', '25% of it'],
    ['zero point one percent', '0.1%'],
    ['one hundred percent', '100%'],
    ['five pounds', 'five pounds'],
    // Strings of digits
    ['five five five one two three four', '5551234'],
    ['four oh four', '404'],
    ['nine one one', '911'],
    ['seven four two nine', '7429'],
    ['one two three four', 'one two three four'],
    ['one two three', 'one two three'],
    ['five four three two one zero', 'five four three two one zero'],
    ['one two', 'one two'],
    ['room one oh one', 'room 101'],
    // Marks
    ['Ten. Twenty.', '10. 20.'],
    ['(thirty)', '(30)'],
    ['five, percent', 'five, percent'],
    ['', ''],
    ['...', '...'],
  ])('are written: %j as %j', (said, expected) => {
    expect(written(said)).toBe(expected);
    expect(written(expected)).toBe(expected);
  });

  const style = fc.record({ hyphen: fc.boolean(), and: fc.boolean() });
  const value = fc.oneof(
    fc.integer({ min: 0, max: 1e9 }),
    fc.integer({ min: 0, max: 10_000 }),
    fc.integer({ min: 1, max: 999 }).map((thousands) => thousands * 1000),
  );

  test('are what was said, for every number up to a billion', () => {
    fc.assert(
      fc.property(value, style, (number, how) => {
        const text = written(inWords(number, how));
        const [, digits, scale] = /^([\d,]+)(?: (million|billion))?$/.exec(text) ?? [];
        const times = { million: 1e6, billion: 1e9 }[scale ?? ''] ?? 1;
        if (number < 10) expect(text).toBe(inWords(number, how));
        else expect(Number(digits?.replaceAll(',', '')) * times).toBe(number);
      }),
      { numRuns: 2000 },
    );
  });

  const word = fc.constantFrom(
    ...[
      'one',
      'two',
      'five',
      'oh',
      'ten',
      'nineteen',
      'twenty',
      'fifty',
      'hundred',
      'thousand',
      'million',
      'and',
      'a',
    ],
    ...[
      'point',
      'percent',
      'dollars',
      'cents',
      'p',
      'm',
      'pm',
      'at',
      'second',
      'third',
      'june',
      'may',
      'of',
      'the',
      'dogs,',
    ],
  );
  const sentence = fc.array(word, { maxLength: 9 }).map((words) => words.join(' '));

  test('stay as they are when they are written again', () => {
    fc.assert(
      fc.property(sentence, (text) => {
        expect(written(written(text))).toBe(written(text));
      }),
      { numRuns: 3000 },
    );
  });

  test('are settled only where nothing that follows changes them', () => {
    fc.assert(
      fc.property(sentence, sentence, (head, tail) => {
        const { edits, settled } = englishNumbers(head);
        const whole = englishNumbers(`${head} ${tail}`).edits;
        expect(whole.filter(({ from }) => from < settled)).toEqual(
          edits.filter(({ from }) => from < settled),
        );
        for (const { from, to } of whole) expect(from < settled && to > settled).toBe(false);
      }),
      { numRuns: 3000 },
    );
  });

  test('are settled as far as they can be', () => {
    const settled = (text: string) => text.slice(0, englishNumbers(text).settled);
    expect(settled('we have twenty')).toBe('we have ');
    expect(settled('we have twenty five')).toBe('we have ');
    expect(settled('we have twenty five people')).toBe('we have twenty five people');
    expect(settled('we have twenty.')).toBe('we have twenty.');
    expect(settled('nothing to count')).toBe('nothing to count');
  });

  test('leave a text without any alone', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('we', 'are', 'often', 'with', 'month', '3', '4th', '的'), { maxLength: 8 }),
        (words) => {
          const text = words.join(' ');
          expect(englishNumbers(text)).toEqual({ edits: [], settled: text.length });
        },
      ),
    );
  });
});
