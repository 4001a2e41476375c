/** Digits as they are said; 两 only before units. */
const DIGITS: ReadonlyMap<string, number> = new Map([
  ...[...'零一二三四五六七八九'].map((character, value) => [character, value] as const),
  ...([
    ['〇', 0],
    ['两', 2],
    ['兩', 2],
    ['幺', 1],
  ] as const),
]);
const UNITS: ReadonlyMap<string, number> = new Map([
  ['十', 10],
  ['百', 100],
  ['千', 1000],
]);
const SCALES: ReadonlyMap<string, number> = new Map([
  ['万', 1e4],
  ['萬', 1e4],
  ['亿', 1e8],
  ['億', 1e8],
]);
const PAIR = /[两兩]/u;

/** Whether a character is said in numbers. */
export function isNumeral(character: string): boolean {
  return DIGITS.has(character) || UNITS.has(character) || SCALES.has(character);
}

/** Single digits, as of a telephone number or a year; null where one of them is anything else. */
export function digitsOf(run: string): string | null {
  let text = '';
  for (const character of run) {
    const digit = PAIR.test(character) ? undefined : DIGITS.get(character);
    if (digit === undefined) return null;
    text += digit;
  }

  return text;
}

/**
 * The value of a numeral that is said as one number; null for whatever is not: 三五, 十七八, 千万, 一五一十. Of a shortened one
 * the last digit counts for the next unit: 三千五 is 3500.
 */
export function chineseCardinal(run: string): number | null {
  if (run === '') return null;
  let rest = run;
  let total = 0;
  let least = 1;
  for (const [scale, value] of [
    ['亿億', 1e8],
    ['万萬', 1e4],
  ] as const) {
    const at = [...rest].findIndex((character) => scale.includes(character));
    if (at < 0) continue;
    const group = belowTenThousand(rest.slice(0, at), total > 0 ? 10_000 : 0, false);
    if (group === null || group.value === 0) return null;
    total += group.value * value;
    least = value;
    rest = rest.slice(at + 1);
  }
  if (rest === '') return total > 0 ? total : null;
  const group = belowTenThousand(rest, total > 0 ? least : 0, true);

  return group && total + group.value;
}

/**
 * @param unit what stands before it; 0 where nothing does.
 * @param isLast whether a single last digit counts tenths of the unit before it.
 */
function belowTenThousand(run: string, unit: number, isLast: boolean): { readonly value: number } | null {
  let value = 0;
  let before = unit;
  let afterZero = false;
  for (let at = 0; at < run.length; ) {
    const character = run[at]!;
    if (character === '零' || character === '〇') {
      // Stands for units that are left out, never first or last.
      if (before === 0 || afterZero || at === run.length - 1) return null;
      afterZero = true;
      at++;
      continue;
    }
    const digit = DIGITS.get(character);
    const unitOf = UNITS.get(digit === undefined ? character : (run[at + 1] ?? ''));
    if (digit === undefined && (unitOf !== 10 || at > 0)) return null;
    if (unitOf === undefined) {
      if (at !== run.length - 1 || (isLast && PAIR.test(character)) || character === '幺') return null;
      const share = !isLast || afterZero || before <= 10 ? 1 : before / 10;

      return { value: value + digit! * share };
    }
    if (before > 0 && unitOf >= before) return null;
    if (PAIR.test(character) && unitOf === 10) return null;
    value += (digit ?? 1) * unitOf;
    before = unitOf;
    afterZero = false;
    at += digit === undefined ? 1 : 2;
  }

  return afterZero ? null : { value };
}

/** As it is written: 25, 1200, 3万, 35000, 2亿. */
export function chineseNumberText(value: number): string {
  if (value >= 1e8 && value % 1e8 === 0) return `${value / 1e8}亿`;
  if (value >= 1e4 && value % 1e4 === 0) return `${value / 1e4}万`;

  return String(value);
}
