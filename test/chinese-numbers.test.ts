import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { edited } from '../server/text/edit.ts';
import { chineseNumbers } from '../server/text/numerals/chinese.ts';
import { chineseCardinal } from '../server/text/numerals/chinese-cardinal.ts';

function written(text: string): string {
  return edited(text, chineseNumbers(text).edits);
}

const DIGITS = '零一二三四五六七八九';

/** As it is said in full. */
function inCharacters(value: number): string {
  if (value >= 1e8) return joined(inCharacters(Math.floor(value / 1e8)), '亿', value % 1e8, 1e7);
  if (value >= 1e4) return joined(inCharacters(Math.floor(value / 1e4)), '万', value % 1e4, 1e3);
  for (const [unit, name] of [
    [1000, '千'],
    [100, '百'],
  ] as const)
    if (value >= unit) return joined(DIGITS[Math.floor(value / unit)]!, name, value % unit, unit / 10);
  if (value < 10) return DIGITS[value]!;
  const ones = value % 10 ? DIGITS[value % 10]! : '';

  return `${DIGITS[Math.floor(value / 10)]!}十${ones}`;
}

function joined(head: string, unit: string, rest: number, least: number): string {
  if (rest === 0) return head + unit;

  return head + unit + (rest < least ? '零' : '') + inCharacters(rest);
}

describe('Chinese numbers', () => {
  test.each([
    // Cardinals
    ['有二十五个人', '有25个人'],
    ['十五个', '15个'],
    ['一百个', '100个'],
    ['一百零五页', '105页'],
    ['一百二', '120'],
    ['一百二十', '120'],
    ['两百块', '200块'],
    ['三百六十五天', '365天'],
    ['一千零一', '1001'],
    ['三千五', '3500'],
    ['三千零五十', '3050'],
    ['两千', '2000'],
    ['一万', '1万'],
    ['一万三', '13000'],
    ['三万五千', '35000'],
    ['一万零三百', '10300'],
    ['十二万', '12万'],
    ['一百二十万', '120万'],
    ['三千五百万', '3500万'],
    ['一亿', '1亿'],
    ['三亿五千万', '35000万'],
    ['十三亿人', '13亿人'],
    ['一亿零五百', '100000500'],
    ['两万五千里', '25000里'],
    ['第十五章', '第15章'],
    ['第二十三届', '第23届'],
    // Left as they were said
    ['一起去', '一起去'],
    ['三心二意', '三心二意'],
    ['十分高兴', '十分高兴'],
    ['万一', '万一'],
    ['千万不要', '千万不要'],
    ['千方百计', '千方百计'],
    ['七上八下', '七上八下'],
    ['一五一十', '一五一十'],
    ['九九八十一', '九九八十一'],
    ['十全十美', '十全十美'],
    ['一个人', '一个人'],
    ['三五个', '三五个'],
    ['七八个人', '七八个人'],
    ['十七八岁', '十七八岁'],
    ['二三十个', '二三十个'],
    ['二百五', '二百五'],
    ['二百五十个', '250个'],
    ['十万火急', '十万火急'],
    ['一千零一夜', '一千零一夜'],
    ['第一次', '第一次'],
    ['星期三', '星期三'],
    ['十个', '十个'],
    ['百姓', '百姓'],
    ['亿万富翁', '亿万富翁'],
    ['几十万人', '几十万人'],
    ['数十亿', '数十亿'],
    ['几百万', '几百万'],
    ['差不多七七八八了', '差不多七七八八了'],
    ['差了十万八千里', '差了十万八千里'],
    ['躲得过初一十五', '躲得过初一十五'],
    ['大年三十', '大年三十'],
    ['他今年三十岁', '他今年30岁'],
    ['十一黄金周', '十一黄金周'],
    ['三点一线', '三点一线'],
    ['五四三二一', '五四三二一'],
    ['五月五', '五月五'],
    ['三月十五', '3月15'],
    ['三点一刻', '3点一刻'],
    ['三点零八分', '3点零八分'],
    ['早上一点东西没吃', '早上一点东西没吃'],
    ['百分之十几', '百分之十几'],
    ['百分之一点几', '百分之一点几'],
    ['三三两两', '三三两两'],
    ['一二三四', '一二三四'],
    ['一一列举', '一一列举'],
    ['五一节', '五一节'],
    ['一石二鸟', '一石二鸟'],
    ['独一无二', '独一无二'],
    ['万万没想到', '万万没想到'],
    ['半斤八两', '半斤八两'],
    ['三分之一', '三分之一'],
    ['一点', '一点'],
    ['有一点累', '有一点累'],
    ['优点', '优点'],
    ['两个', '两个'],
    ['二', '二'],
    ['零', '零'],
    // Years and dates
    ['二零二六年', '2026年'],
    ['二〇二六年', '2026年'],
    ['一九八四年', '1984年'],
    ['九八年', '98年'],
    ['零八年', '08年'],
    ['三五年', '三五年'],
    ['七八年', '七八年'],
    ['十五年', '15年'],
    ['三年', '三年'],
    ['三月五号', '3月5号'],
    ['十一月二十二日', '11月22日'],
    ['二零二六年十一月二十二日', '2026年11月22日'],
    ['三个月', '三个月'],
    ['十三月', '13月'],
    ['一号', '一号'],
    ['十五号', '15号'],
    ['公元二零零零年', '公元2000年'],
    // Decimals and percentages
    ['三点一四', '3.14'],
    ['零点五', '0.5'],
    ['三点五', '3.5'],
    ['二十五点六', '25.6'],
    ['五点三万', '5.3万'],
    ['三点五亿', '3.5亿'],
    ['百分之五', '5%'],
    ['百分之二十五', '25%'],
    ['百分之二十五点五', '25.5%'],
    ['百分之零点一', '0.1%'],
    ['百分之百', '100%'],
    ['百分之几', '百分之几'],
    ['增长了百分之十二左右', '增长了12%左右'],
    // Times
    ['三点十五分', '3点15分'],
    ['下午三点', '下午3点'],
    ['下午两点半', '下午2点半'],
    ['三点半', '3点半'],
    ['十点钟', '10点钟'],
    ['十二点整', '12点整'],
    ['下午三点二十', '下午3点20'],
    ['晚上八点四十五分', '晚上8点45分'],
    ['早上七点五分', '早上7点5分'],
    ['十五分钟', '15分钟'],
    // Money
    ['五元', '5元'],
    ['五块钱', '5块钱'],
    ['两块钱', '2块钱'],
    ['一块', '一块'],
    ['三十五块', '35块'],
    ['一百美元', '100美元'],
    ['三美元', '3美元'],
    ['二十万元', '20万元'],
    ['一元二次方程', '一元二次方程'],
    ['三点五元', '3.5元'],
    // Strings of digits
    ['一三八零零一三八零零零', '13800138000'],
    ['幺三九', '139'],
    ['二零八房间', '208房间'],
    ['一二三', '一二三'],
    ['三三四', '三三四'],
    ['七四二九', '7429'],
    // Traditional
    ['三萬五千', '35000'],
    ['兩百塊', '200塊'],
    ['三月五號', '3月5號'],
    // Marks, other scripts
    ['十五，二十。', '15，20。'],
    ['用了 twenty 五十次', '用了 twenty 50次'],
    ['没有数字', '没有数字'],
    ['', ''],
  ])('are written: %s as %s', (said, expected) => {
    expect(written(said)).toBe(expected);
    expect(written(expected)).toBe(expected);
  });

  test('are what was said, for every number up to a billion', () => {
    const value = fc.oneof(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 1, max: 10_000 }));
    fc.assert(
      fc.property(value, (number) => {
        const said = inCharacters(number);
        expect(chineseCardinal(said)).toBe(number);
        const [, digits, unit] = /^(\d+)([万亿]?)$/.exec(written(`有${said}个`).slice(1, -1)) ?? [];
        const times = { 万: 1e4, 亿: 1e8 }[unit ?? ''] ?? 1;
        if (number > 10) expect(Number(digits) * times).toBe(number);
      }),
      { numRuns: 2000 },
    );
  });

  const character = fc.constantFrom(...'零一二两五九十百千万亿点分之年月号元半下午个人，');
  const text = fc.array(character, { maxLength: 9 }).map((characters) => characters.join(''));

  test('stay as they are when they are written again', () => {
    fc.assert(
      fc.property(text, (said) => {
        expect(written(written(said))).toBe(written(said));
      }),
      { numRuns: 3000 },
    );
  });

  test('are settled only where nothing that follows changes them', () => {
    fc.assert(
      fc.property(text, text, (head, tail) => {
        const { edits, settled } = chineseNumbers(head);
        const whole = chineseNumbers(head + tail).edits;
        expect(whole.filter(({ from }) => from < settled)).toEqual(
          edits.filter(({ from }) => from < settled),
        );
        for (const { from, to } of whole) expect(from < settled && to > settled).toBe(false);
      }),
      { numRuns: 3000 },
    );
  });

  test('are settled as far as they can be', () => {
    const settled = (said: string) => said.slice(0, chineseNumbers(said).settled);
    expect(settled('我们有二十')).toBe('我们有');
    expect(settled('我们有二十五个')).toBe('我们有二十五个');
    expect(settled('一起')).toBe('一起');
    expect(settled('下午三点')).toBe('下午');
  });
});
