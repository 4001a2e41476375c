import { DIGITS, ORDINALS, SCALES, TEENS, TENS, TENTHS } from './english-words.ts';
import type { WordCursor } from './word-cursor.ts';

/** A number that was said in words. */
export interface Spoken {
  readonly value: number;
  /** The index of the word behind it. */
  readonly end: number;
}

/** Whole numbers up to hundreds of trillions: `two hundred and five thousand`. Null where none begins. */
export function cardinal(words: WordCursor, from: number): Spoken | null {
  let total = 0;
  let end = from;
  let least = Number.POSITIVE_INFINITY;
  for (;;) {
    const group = belowThousand(words, total > 0 ? afterAnd(words, end) : end);
    if (!group || (total > 0 && (group.value === 0 || group.value >= least))) break;
    const scale = SCALES.get(words.at(group.end) ?? '') ?? 1;
    if (scale >= least) break;
    total += group.value * scale;
    end = scale === 1 ? group.end : group.end + 1;
    if (scale === 1) break;
    least = scale;
  }

  return end === from ? null : { value: total, end };
}

/** `and` joins what is less than a hundred to what comes before: `two thousand and six`. */
function afterAnd(words: WordCursor, at: number): number {
  if (words.at(at) !== 'and') return at;
  const rest = belowHundred(words, at + 1);

  return rest && rest.value > 0 ? at + 1 : at;
}

/** Less than a thousand, or hundreds up to 99 of them: `fifteen hundred`. */
function belowThousand(words: WordCursor, from: number): Spoken | null {
  const first = belowHundred(words, from);
  if (!first || first.value === 0 || words.at(first.end) !== 'hundred') return first;
  if (first.value >= 10 && first.value % 10 === 0) return first;
  const end = first.end + 1;
  const hundreds = first.value * 100;
  const rest = belowHundred(words, words.at(end) === 'and' ? end + 1 : end);

  return rest && rest.value > 0 ? { value: hundreds + rest.value, end: rest.end } : { value: hundreds, end };
}

/** 0 to 99. */
export function belowHundred(words: WordCursor, from: number): Spoken | null {
  const word = words.at(from) ?? '';
  const small = DIGITS.get(word) ?? TEENS.get(word);
  if (small !== undefined) return { value: small, end: from + 1 };
  const tens = TENS.get(word);
  if (tens === undefined) return null;
  const ones = DIGITS.get(words.at(from + 1) ?? '') ?? 0;

  return ones > 0 ? { value: tens + ones, end: from + 2 } : { value: tens, end: from + 1 };
}

/** Ordinals from `first` to `ninety ninth`, and hundreds and thousands before them: `two hundred and first`. */
export function ordinal(words: WordCursor, from: number): Spoken | null {
  const last = lastOrdinal(words, from);
  if (last) return last;
  const before = cardinal(words, from);
  if (!before) return null;
  const hundredth = { hundredth: 100, thousandth: 1000, millionth: 1e6 }[words.at(before.end) ?? ''];
  if (hundredth && before.value > 1 && before.value < hundredth)
    return { value: before.value * hundredth, end: before.end + 1 };
  if (before.value % 100 === 0 && before.value > 0) {
    const rest = lastOrdinal(words, words.at(before.end) === 'and' ? before.end + 1 : before.end);

    return rest && { value: before.value + rest.value, end: rest.end };
  }
  const ones = ORDINALS.get(words.at(before.end) ?? '') ?? 0;

  return before.value % 10 === 0 && before.value % 100 >= 20 && ones > 0 && ones < 10
    ? { value: before.value + ones, end: before.end + 1 }
    : null;
}

function lastOrdinal(words: WordCursor, from: number): Spoken | null {
  const word = words.at(from) ?? '';
  const small = ORDINALS.get(word) ?? TENTHS.get(word);
  if (small !== undefined) return { value: small, end: from + 1 };
  const tens = TENS.get(word);
  const ones = tens === undefined ? undefined : ORDINALS.get(words.at(from + 1) ?? '');

  return tens !== undefined && ones !== undefined && ones < 10 ? { value: tens + ones, end: from + 2 } : null;
}
