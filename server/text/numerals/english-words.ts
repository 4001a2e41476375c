const DIGIT_WORDS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
const TEEN_WORDS = [
  ...['ten', 'eleven', 'twelve', 'thirteen', 'fourteen'],
  ...['fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen'],
];
const TEN_WORDS = ['twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];
const ORDINAL_WORDS = [
  ...['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth', 'ninth', 'tenth'],
  ...['eleventh', 'twelfth', 'thirteenth', 'fourteenth', 'fifteenth', 'sixteenth', 'seventeenth'],
  ...['eighteenth', 'nineteenth'],
];
const MONTH_WORDS = [
  ...['january', 'february', 'march', 'april', 'may', 'june', 'july'],
  ...['august', 'september', 'october', 'november', 'december'],
];

function numbered(words: readonly string[], first: number, step = 1): ReadonlyMap<string, number> {
  return new Map(words.map((word, i) => [word, first + i * step]));
}

/** 0 to 9. */
export const DIGITS = numbered(DIGIT_WORDS, 0);
/** 10 to 19. */
export const TEENS = numbered(TEEN_WORDS, 10);
/** 20, 30 to 90. */
export const TENS = numbered(TEN_WORDS, 20, 10);
/** 20s to 90s. */
export const DECADES = numbered(
  TEN_WORDS.map((word) => word.replace(/y$/, 'ies')),
  20,
  10,
);
/** 1 to 19. */
export const ORDINALS = numbered(ORDINAL_WORDS, 1);
/** 20, 30 to 90. */
export const TENTHS = numbered(
  TEN_WORDS.map((word) => word.replace(/y$/, 'ieth')),
  20,
  10,
);
/** Beyond a hundred. */
export const SCALES: ReadonlyMap<string, number> = new Map([
  ['thousand', 1e3],
  ['million', 1e6],
  ['billion', 1e9],
  ['trillion', 1e12],
]);
export const MONTHS: ReadonlySet<string> = new Set(MONTH_WORDS);

/** Whether a word is said in numbers, at any place of them but for `and`, `point` and `a`. */
export function isNumberWord(word: string | null): boolean {
  return (
    word !== null &&
    (DIGITS.has(word) || TEENS.has(word) || TENS.has(word) || SCALES.has(word) || word === 'hundred')
  );
}

/** The ordinal as it is written: 21st, 112th. */
export function ordinalText(value: number): string {
  const isTeen = Math.floor(value / 10) % 10 === 1;
  const suffix = isTeen ? 'th' : (['th', 'st', 'nd', 'rd'][value % 10] ?? 'th');

  return `${numberText(value)}${suffix}`;
}

/** Groups of three from five digits on: 1984, but 12,000. */
export function numberText(value: number): string {
  return value < 10_000 ? String(value) : value.toLocaleString('en-US');
}
