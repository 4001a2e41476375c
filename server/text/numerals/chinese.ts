import type { Edit } from '../edit.ts';
import { chineseCardinal, chineseNumberText, digitsOf, isNumeral } from './chinese-cardinal.ts';

/** Read as numbers these would be wrong, or part of them. */
const SAYINGS = [
  '七七八八',
  '七零八落',
  '十万八千里',
  '三点一线',
  '初一十五',
  '大年三十',
  '十三陵',
  '十一放假',
  '十一假期',
  '十一长假',
  '十一期间',
  '十一黄金周',
  '二百五',
  '十万火急',
  '十万个为什么',
  '三十六计',
  '五十步笑百步',
  '一千零一夜',
  '一百八十度',
];
/** Before 十万 and the like: several of them. */
const SEVERAL = /[几幾数數]/u;
const DIGIT = /[零〇一二三四五六七八九两兩幺]/u;
const DAY = /[日号號]/u;
const POINT = /^[点點]$/u;
/** Parts of the day before a time. */
const DAY_PART = /(上午|下午|早上|早晨|晚上|中午|凌晨|今晚|明早|傍晚)$/u;
/** What even a single digit is counted in. */
const MONEY = ['元', '块钱', '塊錢', '美元', '欧元', '歐元', '英镑', '港币'];

/** A text that is read from left to right. */
class Characters {
  readonly text: string;
  /** Set when something was asked of what may come behind the text. */
  askedBeyond = false;

  constructor(text: string) {
    this.text = text;
  }

  at(index: number): string {
    if (index >= this.text.length) this.askedBeyond = true;

    return this.text[index] ?? '';
  }

  /** Where numerals end that begin at `from`. */
  run(from: number): number {
    let end = from;
    while (isNumeral(this.at(end))) end++;

    return end;
  }

  /** Whether `wanted` stands at a place; looks no further than it takes to tell. */
  has(wanted: string, from: number): boolean {
    for (let i = 0; i < wanted.length; i++) if (this.at(from + i) !== wanted[i]) return false;

    return true;
  }
}

/** What stands in place of some characters: null leaves them. */
interface Found {
  readonly text: string | null;
  readonly end: number;
}

/**
 * Numbers of Chinese in digits: cardinals that are said with units, decimals, years, dates, times, percentages, money and strings of
 * digits. What may mean something else stays as it was said: 一起, 三心二意, 十分, 千万, 三五个, 十七八岁.
 * @returns edits, and up to where they are decided whatever comes behind the text.
 */
export function chineseNumbers(text: string): { readonly edits: readonly Edit[]; readonly settled: number } {
  const characters = new Characters(text);
  const edits: Edit[] = [];
  let settled = text.length;
  for (let at = 0; at < text.length; ) {
    characters.askedBeyond = false;
    const found = isNumeral(text[at]!) ? find(characters, at) : null;
    if (characters.askedBeyond) settled = Math.min(settled, at);
    if (found?.text != null) edits.push({ from: at, to: found.end, text: found.text });
    at = found?.end ?? at + 1;
  }

  return { edits, settled };
}

function find(characters: Characters, at: number): Found {
  const saying = sayingAt(characters, at);
  if (saying !== null) return { text: null, end: saying };
  if (characters.has('百分之', at)) {
    const part = quantity(characters, at + 3);
    if (part) return { text: isVague(characters, part.end) ? null : `${part.text}%`, end: part.end };
  }
  const end = characters.run(at);
  const run = characters.text.slice(at, end);
  if (!DIGIT.test(run[0]!) && SEVERAL.test(characters.text[at - 1] ?? '')) return { text: null, end };

  return (
    calendar(characters, at, end) ??
    clock(characters, at, end) ??
    decimal(characters, at) ??
    digitString(run, end) ??
    money(characters, run, end) ??
    cardinal(run, end)
  );
}

/** Where a saying ends whose first numeral stands at a place; null where none does. */
function sayingAt(characters: Characters, at: number): number | null {
  for (const saying of SAYINGS) {
    const from = at - [...saying].findIndex(isNumeral);
    const end = from + saying.length;
    if (characters.has(saying, from) && !isNumeral(characters.at(end))) return end;
  }

  return null;
}

/** 十几, 一点几 */
function isVague(characters: Characters, end: number): boolean {
  const next = characters.at(end);

  return SEVERAL.test(POINT.test(next) ? characters.at(end + 1) : next);
}

/** 二零二六年, 三月, 三月五号 */
function calendar(characters: Characters, at: number, end: number): Found | null {
  const run = characters.text.slice(at, end);
  const unit = characters.at(end);
  const digits = digitsOf(run);
  if (unit === '年' && digits && isYear(digits)) return { text: digits, end };
  const value = chineseCardinal(run);
  if (value === null) return null;
  if (unit === '月' && value >= 1 && value <= 12)
    return isFeast(characters, end + 1) ? { text: null, end: end + 2 } : { text: String(value), end };
  const isDay = DAY.test(unit) && value >= 1 && value <= 31;

  return isDay && characters.text[at - 1] === '月' ? { text: String(value), end } : null;
}

/** A day that is said without its unit: 五月五, 二月二. */
function isFeast(characters: Characters, at: number): boolean {
  const end = characters.run(at);

  return end === at + 1 && !DAY.test(characters.at(end));
}

/** Of two digits not those that follow each other: 三五年 are three years, or five. */
function isYear(digits: string): boolean {
  return digits.length === 4 || (digits.length === 2 && (digits[0] === '0' || digits[1]! < digits[0]!));
}

/** 三点十五分, 下午三点, 三点半; the minutes are found by themselves. */
function clock(characters: Characters, at: number, end: number): Found | null {
  const { text } = characters;
  const value = counted(text.slice(at, end));
  if (value === null) return null;
  const before = text.slice(0, at);
  const isMinute = /\p{Script=Han}[点點]$/u.test(before) && value < 60;
  if (isMinute && (characters.at(end) === '分' || value >= 10)) return { text: String(value), end };
  if (!POINT.test(characters.at(end)) || value > 24) return null;
  const minutes = characters.run(end + 1);
  const run = text.slice(end + 1, minutes);
  const minute = chineseCardinal(run);
  const isTime =
    // 早上一点 may be a little.
    (DAY_PART.test(before) && value !== 1) ||
    (run.length === 1 && characters.at(minutes) === '刻') ||
    (/^[零〇]./u.test(run) && characters.at(minutes) === '分') ||
    characters.at(end + 1) === '半' ||
    characters.at(end + 1) === '整' ||
    /[钟鐘]/u.test(characters.at(end + 1)) ||
    (minute !== null && minute < 60 && (minute >= 10 || characters.at(minutes) === '分'));

  return isTime ? { text: String(value), end } : null;
}

/** What something is counted with: 两 by itself is two. */
function counted(run: string): number | null {
  return run === '两' || run === '兩' ? 2 : chineseCardinal(run);
}

/** 三点一四, with units behind it as they are: 三点五亿. */
function decimal(characters: Characters, at: number): Found | null {
  const found = quantity(characters, at);

  return found?.isDecimal ? found : null;
}

function quantity(characters: Characters, at: number): (Found & { readonly isDecimal: boolean }) | null {
  const end = characters.run(at);
  const run = characters.text.slice(at, end);
  const value = run === '百' ? 100 : wholeOf(run);
  if (value === null) return null;
  const whole = { text: String(value), end, isDecimal: false };
  if (!POINT.test(characters.at(end))) return whole;
  const from = end + 1;
  let to = from;
  while (digitsOf(characters.at(to))) to++;
  if (to === from || '十百千'.includes(characters.at(to) || '-')) return whole;

  return { text: `${value}.${digitsOf(characters.text.slice(from, to))}`, end: to, isDecimal: true };
}

/** A cardinal, a single zero, or nothing. */
function wholeOf(run: string): number | null {
  return run === '零' ? 0 : chineseCardinal(run);
}

/** 一三八零零一三八零零零. Counting is no such string, nor are fewer than four digits without a zero. */
function digitString(run: string, end: number): Found | null {
  const digits = digitsOf(run);
  if (!digits) return null;
  const steps = [...digits].slice(1).map((digit, i) => Number(digit) - Number(digits[i]));
  const isCounting = steps.every((step) => step === 1) || steps.every((step) => step === -1);
  const isLong = digits.length >= 4 || (digits.length === 3 && /[0幺]/u.test(digits + run));

  return isLong && !isCounting ? { text: digits, end } : null;
}

/** 五元, 三块钱 */
function money(characters: Characters, run: string, end: number): Found | null {
  const value = run.length === 1 ? counted(run) : null;
  if (value === null || value < 2) return null;

  return MONEY.some((unit) => characters.has(unit, end)) ? { text: String(value), end } : null;
}

/** What is said with a unit and a digit. */
function cardinal(run: string, end: number): Found {
  const value = run.length >= 2 ? chineseCardinal(run) : null;

  return { text: value === null || value < 10 ? null : chineseNumberText(value), end };
}
