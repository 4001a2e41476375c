import { belowHundred, cardinal, ordinal, type Spoken } from './english-cardinal.ts';
import { before, type Found, isNumberAt, UNITS } from './english-context.ts';
import { DECADES, DIGITS, MONTHS, ordinalText, TEENS, TENS } from './english-words.ts';
import type { WordCursor } from './word-cursor.ts';

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
export function date(words: WordCursor, at: number): Found | null {
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
export function dayOfMonth(words: WordCursor, at: number): Found | null {
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

/** Words behind times: others may be what there is so many of, as in `around ten fifteen people`. */
const TIME_BEHIND = new RegExp(
  `day$|^(?:${[
    'in|on|at|to|for|with|from|until|till|and|or|but|so|then|because|when|if|that|this|every|each|the|tomorrow|tonight',
    'i|you|he|she|it|we|they|there|is|was|are|were|will|sharp|please|local|eastern|central|pacific|gmt|utc',
  ].join('|')})$`,
);

/** `five p m`, `at seven thirty`, `five o'clock` */
export function clock(words: WordCursor, at: number): Found | null {
  const hour = belowHundred(words, at);
  if (!hour || hour.value < 1 || hour.value > 12) return null;
  if (words.at(hour.end) === "o'clock") return { text: `${hour.value} o'clock`, end: hour.end + 1 };
  const minute = minuteAt(words, hour.end);
  const end = minute?.end ?? hour.end;
  const half = halfDayAt(words, end);
  const text = minute ? `${hour.value}:${String(minute.value).padStart(2, '0')}` : String(hour.value);
  if (half) return { text: `${text} ${half.name}`, end: half.end };
  const behind = words.at(end);
  const isAlone = !isNumberAt(words, end) && (behind === null || TIME_BEHIND.test(behind));

  return minute && TIME_BEFORE.has(before(words, at)) && isAlone ? { text, end } : null;
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

/** `nineteen eighty four`, `twenty twenty six`, `nineteen oh five` */
export function year(words: WordCursor, at: number): Found | null {
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
export function decade(words: WordCursor, at: number): Found | null {
  const century = centuryAt(words, at);
  const tens = century === null ? undefined : DECADES.get(words.at(at + 1) ?? '');

  return tens === undefined ? null : { text: `${century! * 100 + tens}s`, end: at + 2 };
}
