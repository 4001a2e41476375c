import type { Edit } from '../edit.ts';
import { belowHundred, cardinal, ordinal, type Spoken } from './english-cardinal.ts';
import { before, type Found, isNumberAt } from './english-context.ts';
import { clock, date, dayOfMonth, decade, year } from './english-times.ts';
import { DIGITS, isNumberWord, MONTHS, numberText, ordinalText, SCALES } from './english-words.ts';
import { WordCursor } from './word-cursor.ts';

/** A rule looks for one kind of number at a place, and finds nothing where it is not sure. */
type Rule = (words: WordCursor, at: number) => Found | null;

/** The first that finds something decides. */
const RULES: readonly Rule[] = [
  sharedScale,
  date,
  dayOfMonth,
  clock,
  digitString,
  year,
  decade,
  amount,
  orderNumber,
  number,
];

/**
 * Numbers of English words in digits: cardinals from ten on, ordinals from tenth on, decimals, years, dates, times, money, percentages
 * and strings of digits. What may mean something else stays as it was said: `one of them`, `second thoughts`, `fifty fifty`,
 * `twenty four seven`.
 * @returns edits, and up to where they are decided whatever comes behind the text.
 */
export function englishNumbers(text: string): { readonly edits: readonly Edit[]; readonly settled: number } {
  const words = new WordCursor(text);
  const edits: Edit[] = [];
  let settled = text.length;
  for (let at = 0; at < words.words.length; ) {
    words.askedBeyond = false;
    words.start = at;
    const found = find(words, at);
    const { from } = words.words[at]!;
    if (words.askedBeyond) settled = Math.min(settled, from);
    if (found?.text != null) edits.push({ from, to: words.words[found.end - 1]!.to, text: found.text });
    at = found?.end ?? at + 1;
  }

  return { edits, settled };
}

function find(words: WordCursor, at: number): Found | null {
  const { word } = words.words[at]!;
  if (!isNumberWord(word) && !MONTHS.has(word) && !ORDINAL_START.test(word)) return null;
  for (const rule of RULES) {
    const found = rule(words, at);
    if (found) return found;
  }

  return null;
}

const isScale = (word: string) => word === 'hundred' || SCALES.has(word);
const EITHER = new Set(['or', 'to', 'and']);

/** `two or three hundred`: what is said once counts for both, so that neither is written alone. */
function sharedScale(words: WordCursor, at: number): Found | null {
  const found = cardinal(words, at);
  if (!found) return null;
  const { end } = found;
  if (isScale(words.words[end - 1]!.word)) {
    const first = EITHER.has(before(words, at)) ? before(words, at - 1) : '';

    return isNumberWord(first) && !isScale(first) ? { text: null, end } : null;
  }
  const second = EITHER.has(words.at(end) ?? '') ? cardinal(words, end + 1) : null;

  return second && isScale(words.words[second.end - 1]!.word) ? { text: null, end } : null;
}

/** Without what may be plural, which ordinals are not. */
const ORDINAL_START = /(?:first|second|third|th)$/u;

/** `five five five one two three four`. Counting up or down is no such string. */
function digitString(words: WordCursor, at: number): Found | null {
  const digits: number[] = [];
  let end = at;
  for (; ; end++) {
    const word = words.at(end) ?? '';
    const digit = word === 'oh' && digits.length > 0 ? 0 : DIGITS.get(word);
    if (digit === undefined) break;
    digits.push(digit);
  }
  const text = digits.join('');
  const steps = digits.slice(1).map((digit, i) => digit - digits[i]!);
  const isCounting = steps.every((step) => step === 1) || steps.every((step) => step === -1);
  const isLong = digits.length >= 4 || (digits.length === 3 && (digits.includes(0) || text === '911'));
  const next = words.at(end);
  // The last digit may begin another number: `one two three hundred`.
  const isWhole = !isNumberAt(words, end) && next !== 'point';

  return isLong && isWhole && !isCounting ? { text, end } : null;
}

const SIGNS: Readonly<Record<string, string>> = { dollar: '$', dollars: '$', euro: '€', euros: '€' };

/** Percentages, dollars and euros, however small; and decimals. */
function amount(words: WordCursor, at: number): Found | null {
  const quantity = quantityAt(words, at);
  if (!quantity || before(words, at) === 'point') return null;
  const { text, end, isDecimal } = quantity;
  const unit = words.at(end) ?? '';
  if (unit === 'percent') return { text: `${text}%`, end: end + 1 };
  if (unit === 'per' && words.at(end + 1) === 'cent') return { text: `${text}%`, end: end + 2 };
  const sign = SIGNS[unit];
  if (!sign) return isDecimal && !isNumberAt(words, end) ? { text, end } : null;
  const cents = centsAt(words, end + 1);
  // `five dollars fifty`
  if (!cents && isNumberAt(words, end + 1)) return null;

  return cents && !/[.a-z]/u.test(text)
    ? { text: `${sign}${text}.${String(cents.value).padStart(2, '0')}`, end: cents.end }
    : { text: `${sign}${text}`, end: end + 1 };
}

function centsAt(words: WordCursor, at: number): Spoken | null {
  const cents = belowHundred(words, words.at(at) === 'and' ? at + 1 : at);

  return cents && /^cents?$/u.test(words.at(cents.end) ?? '') ? { ...cents, end: cents.end + 1 } : null;
}

/** A whole number, or a decimal with a million or the like behind it. */
function quantityAt(
  words: WordCursor,
  at: number,
): { readonly text: string; readonly end: number; readonly isDecimal: boolean } | null {
  const whole = cardinal(words, at);
  if (!whole) return null;
  const decimals = words.at(whole.end) === 'point' ? decimalsAt(words, whole.end + 1) : null;
  if (!decimals) return { text: wholeText(words, whole), end: whole.end, isDecimal: false };
  const text = `${numberText(whole.value)}.${decimals.text}`;
  const scale = words.at(decimals.end) ?? '';

  return SCALES.has(scale)
    ? { text: `${text} ${scale}`, end: decimals.end + 1, isDecimal: true }
    : { text, end: decimals.end, isDecimal: true };
}

function decimalsAt(words: WordCursor, at: number): { readonly text: string; readonly end: number } | null {
  let text = '';
  let end = at;
  for (; ; end++) {
    const word = words.at(end) ?? '';
    const digit = word === 'oh' ? 0 : DIGITS.get(word);
    if (digit === undefined) break;
    text += digit;
  }
  if (text !== '') return { text, end };
  const two = belowHundred(words, at);

  return two && { text: String(two.value), end: two.end };
}

/** `5 million`, where that is all there is. */
function wholeText(words: WordCursor, { value, end }: Spoken): string {
  const scale = words.at(end - 1) ?? '';
  const unit = SCALES.get(scale) ?? 1;

  return unit >= 1e6 && value < unit * 1000 ? `${value / unit} ${scale}` : numberText(value);
}

/** `twenty first`, `tenth`; not of parts as `one tenth`, nor where it may be so many seconds. */
function orderNumber(words: WordCursor, at: number): Found | null {
  const found = ordinal(words, at);
  if (!found || found.value < 10) return null;
  const { end } = found;
  const first = before(words, at);
  const isSeconds = words.words[end - 1]!.word === 'second';
  if (isSeconds && /^an?$/u.test(first)) return null;
  const behind = words.at(end);
  const isSure = isSeconds
    ? behind === 'of' || (first === 'the' && behind === null && !words.hasDigitsAt(end))
    : first !== 'a' && !isNumberWord(first);

  return { text: isSure ? ordinalText(found.value) : null, end };
}

/** Words within a row of numbers. */
const JOINING = new Set(['and', 'oh', 'point']);

/** A cardinal by itself, from ten on. Several in a row are left as they were said, and so is `a hundred and five`. */
function number(words: WordCursor, at: number): Found | null {
  const found = cardinal(words, at);
  let end = found?.end ?? at;
  if (found && !isNumberAt(words, end)) {
    const isSaid =
      (found.value < 10 && end === at + 1) ||
      before(words, at) === 'point' ||
      /^(?:hundred|thousand|million)s$/u.test(words.at(end) ?? '');

    return { text: isSaid ? null : wholeText(words, found), end };
  }
  for (;;) {
    let next = end;
    while (next > at && JOINING.has(words.at(next) ?? '')) next++;
    if (!isNumberWord(words.at(next))) break;
    end = next + 1;
  }

  return end > at ? { text: null, end } : null;
}
