import { describe, expect, test } from 'vitest';
import { captionLanguage, knowsLanguage, requireLanguage } from '../server/language.ts';

const KNOWN = ['zh', 'en', 'yue'];

describe('A language that is asked for', () => {
  test.each([undefined, null, 'auto', 'Auto', 'en', 'EN-gb', 'zh-Hant-HK', 'yue', 'cmn-Hans-CN'])(
    'is taken as %s',
    (asked) => {
      expect(knowsLanguage(asked, KNOWN)).toBe(true);
      requireLanguage(asked, KNOWN);
    },
  );

  test.each(['de', '', 'english', 'e', 'automatic', '*', '-en'])('is refused as %j', (asked) => {
    expect(() => requireLanguage(asked, KNOWN)).toThrow('It knows zh, en, yue.');
  });
});

describe('The language of a caption', () => {
  test('is the one asked for, the one heard, the only one there is, or unknown, in this order', () => {
    expect(captionLanguage('zh-TW', 'en', KNOWN)).toBe('zh');
    expect(captionLanguage('cmn', 'en', KNOWN)).toBe('zh');
    expect(captionLanguage('auto', 'en', KNOWN)).toBe('en');
    expect(captionLanguage(null, undefined, ['en'])).toBe('en');
    expect(captionLanguage(undefined, undefined, KNOWN)).toBe('und');
  });
});
