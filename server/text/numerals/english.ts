import type { Edit } from '../edit.ts';
import { belowHundred, cardinal, ordinal, type Spoken } from './english-cardinal.ts';
import {
  DECADES,
  DIGITS,
  isNumberWord,
  MONTHS,
  numberText,
  ordinalText,
  SCALES,
  TEENS,
  TENS,
} from './english-words.ts';
import { WordCursor } from './word-cursor.ts';

/** What stands in place of some words: null leaves them as they were said. */
interface Found {
  readonly text: string | null;
  /** The index of the word behind it. */
  readonly end: number;
}

/** A rule looks for one kind of number at a place, and finds nothing where it is not sure. */
type Rule = (words: WordCursor, at: number) => Found | null;

/** The first that finds something decides. */
const RULES: readonly Rule[] = [
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

/** Without what may be plural, which ordinals are not. */
const ORDINAL_START = /(?:first|second|third|th)$/u;

/** Whether another number follows, in words or in digits. */
function isNumberAt(words: WordCursor, at: number): boolean {
  return isNumberWord(words.at(at)) || words.hasDigitsAt(at);
}

/** The word right before; '' where marks or digits part them. */
function before(words: WordCursor, at: number): string {
  return words.isJoined(at) ? words.words[at - 1]!.word : '';
}

/** Words before dates, which `may` and `march` need to be taken for months. */
const DATE_BEFORE = new Set([
  'on',
  'by',
  'of',
  'since',
  'until',
  'till',
  'from',
  'to',
  'through',
  'before',
  'after',
  'this',
  'last',
  'next',
]);

/** `june third twenty twenty six` */
function date(words: WordCursor, at: number): Found | null {
  const month = words.words[at]!;
  if (!MONTHS.has(month.word)) return null;
  const day = dayAt(words, at + 1) ?? (words.at(at + 1) === 'the' ? dayAt(words, at + 2) : null);
  if (!day) return null;
  const after = yearAt(words, day.end);
  const isSure =
    after !== null || DATE_BEFORE.has(before(words, at)) || !['may', 'march'].includes(month.word);
  if (!isSure) return null;
  const name = month.word[0]!.toUpperCase() + month.word.slice(1);

  return after
    ? { text: `${name} ${day.value}, ${after.value}`, end: after.end }
    : { text: `${name} ${ordinalText(day.value)}`, end: day.end };
}

/** `third of june`; the month stays where it is. */
function dayOfMonth(words: WordCursor, at: number): Found | null {
  const day = dayAt(words, at);
  if (!day || words.at(day.end) !== 'of' || !MONTHS.has(words.at(day.end + 1) ?? '')) return null;

  return { text: ordinalText(day.value), end: day.end };
}

function dayAt(words: WordCursor, at: number): Spoken | null {
  const day = ordinal(words, at);

  return day && day.value <= 31 ? day : null;
}

/** Words before times, without which `seven thirty` may be anything. */
const TIME_BEFORE = new Set(['at', 'until', 'till', 'by', 'around']);

/** `five p m`, `at seven thirty`, `five o'clock` */
function clock(words: WordCursor, at: number): Found | null {
  const hour = belowHundred(words, at);
  if (!hour || hour.value < 1 || hour.value > 12) return null;
  if (words.at(hour.end) === "o'clock") return { text: `${hour.value} o'clock`, end: hour.end + 1 };
  const minute = minuteAt(words, hour.end);
  const end = minute?.end ?? hour.end;
  const half = halfDayAt(words, end);
  const text = minute ? `${hour.value}:${String(minute.value).padStart(2, '0')}` : String(hour.value);
  if (half) return { text: `${text} ${half.name}`, end: half.end };
  const goesOn = isNumberAt(words, end) || UNITS.has(words.at(end) ?? '');

  return minute && TIME_BEFORE.has(before(words, at)) && !goesOn ? { text, end } : null;
}

function minuteAt(words: WordCursor, at: number): Spoken | null {
  const word = words.at(at) ?? '';
  if (word === 'oh' || word === 'o') {
    const ones = DIGITS.get(words.at(at + 1) ?? '') ?? 0;

    return ones > 0 ? { value: ones, end: at + 2 } : null;
  }
  const minute = belowHundred(words, at);

  return minute && minute.value >= 10 && minute.value < 60 ? minute : null;
}

function halfDayAt(words: WordCursor, at: number): { readonly name: string; readonly end: number } | null {
  const word = words.at(at) ?? '';
  if (word === 'am' || word === 'pm') return { name: word, end: at + 1 };
  if ((word === 'a' || word === 'p') && words.at(at + 1) === 'm') return { name: `${word}m`, end: at + 2 };

  return null;
}

/** `five five five one two three four`. Counting is no such string: `one two three four`. */
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
  const isCounting = digits.every((digit, i) => i === 0 || digit === digits[i - 1]! + 1);
  const isLong = digits.length >= 4 || (digits.length === 3 && (digits.includes(0) || text === '911'));
  const next = words.at(end);
  // The last digit may begin another number: `one two three hundred`.
  const isWhole = !isNumberAt(words, end) && next !== 'point';

  return isLong && isWhole && !isCounting ? { text, end } : null;
}

/** `nineteen eighty four`, `twenty twenty six`, `nineteen oh five` */
function year(words: WordCursor, at: number): Found | null {
  const found = yearAt(words, at);

  const next = words.at(found?.end ?? at);

  return found?.isPair && !isNumberAt(words, found.end) && !UNITS.has(next ?? '')
    ? { text: String(found.value), end: found.end }
    : null;
}

function yearAt(words: WordCursor, at: number): (Spoken & { readonly isPair: boolean }) | null {
  const century = centuryAt(words, at);
  if (century) {
    const rest = minuteOrYear(words, at + 1);
    // `twenty thirty` may be two numbers.
    if (rest && (century !== 20 || rest.value < 30 || rest.value % 10 > 0))
      return { value: century * 100 + rest.value, end: rest.end, isPair: true };
  }
  const whole = cardinal(words, at);

  return whole && whole.value >= 1000 && whole.value < 2100 ? { ...whole, isPair: false } : null;
}

function centuryAt(words: WordCursor, at: number): number | null {
  const century = TEENS.get(words.at(at) ?? '') ?? TENS.get(words.at(at) ?? '');

  return century !== undefined && century >= 16 && century <= 20 ? century : null;
}

function minuteOrYear(words: WordCursor, at: number): Spoken | null {
  if (words.at(at) === 'oh') return minuteAt(words, at);
  const rest = belowHundred(words, at);

  return rest && rest.value >= 10 ? rest : null;
}

/** `nineteen eighties` */
function decade(words: WordCursor, at: number): Found | null {
  const century = centuryAt(words, at);
  const tens = century === null ? undefined : DECADES.get(words.at(at + 1) ?? '');

  return tens === undefined ? null : { text: `${century! * 100 + tens}s`, end: at + 2 };
}

const UNITS = new Set(['percent', 'per', 'point', 'dollar', 'dollars', 'euro', 'euros']);
const SIGNS: Readonly<Record<string, string>> = { dollar: '$', dollars: '$', euro: '€', euros: '€' };

/** Percentages, dollars and euros, however small; and decimals. */
function amount(words: WordCursor, at: number): Found | null {
  const quantity = quantityAt(words, at);
  if (!quantity) return null;
  const { text, end, isDecimal } = quantity;
  const unit = words.at(end) ?? '';
  if (unit === 'percent') return { text: `${text}%`, end: end + 1 };
  if (unit === 'per' && words.at(end + 1) === 'cent') return { text: `${text}%`, end: end + 2 };
  const sign = SIGNS[unit];
  if (!sign) return isDecimal && !isNumberAt(words, end) ? { text, end } : null;
  const cents = centsAt(words, end + 1);

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

/** `twenty first`, `tenth`; `a twenty second delay` has no ordinal in it. */
function orderNumber(words: WordCursor, at: number): Found | null {
  const found = ordinal(words, at);
  if (!found || found.value < 10) return null;
  const isDuration = words.words[found.end - 1]!.word === 'second' && /^an?$/u.test(before(words, at));

  return isDuration ? null : { text: ordinalText(found.value), end: found.end };
}

/** Words within a row of numbers. */
const JOINING = new Set(['and', 'oh', 'point']);

/** A cardinal by itself, from ten on. Several in a row are left as they were said, and so is `a hundred and five`. */
function number(words: WordCursor, at: number): Found | null {
  const found = cardinal(words, at);
  let end = found?.end ?? at;
  if (found && !isNumberAt(words, end))
    return { text: found.value < 10 && end === at + 1 ? null : wholeText(words, found), end };
  for (;;) {
    let next = end;
    while (next > at && JOINING.has(words.at(next) ?? '')) next++;
    if (!isNumberWord(words.at(next))) break;
    end = next + 1;
  }

  return end > at ? { text: null, end } : null;
}
