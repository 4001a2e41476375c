import { describe, expect, test } from 'vitest';
import { captionLanguage, knowsLanguage, languageAmong } from '../server/language.ts';

const KNOWN = ['zh', 'en', 'yue'];

describe('A language that is asked for', () => {
  test.each([undefined, null, 'auto', 'Auto', 'en', 'EN-gb', 'zh-Hant-HK', 'yue', 'cmn-Hans-CN'])(
    'is taken as %s',
    (asked) => {
      expect(knowsLanguage(asked, KNOWN)).toBe(true);
    },
  );

  test.each(['de', '', 'english', 'e', 'automatic', '*', '-en'])('is not known as %j', (asked) => {
    expect(knowsLanguage(asked, KNOWN)).toBe(false);
  });

  test('is any where the model knows any', () => {
    expect(knowsLanguage('tlh', ['*'])).toBe(true);
  });

  test.each(['zh-HK', 'zh-Hant-HK', 'zh-MO', 'ZH-hk'])('is Cantonese as %s, else Chinese', (tag) => {
    expect(languageAmong(tag, KNOWN)).toBe('yue');
    expect(languageAmong(tag, ['zh', 'en'])).toBe('zh');
    expect(languageAmong(tag, ['en'])).toBeNull();
  });

  test.each(['yue', 'yue-Hant', 'zh-yue'])('is Cantonese alone as %s', (tag) => {
    expect(languageAmong(tag, KNOWN)).toBe('yue');
    expect(languageAmong(tag, ['zh', 'en'])).toBeNull();
  });

  test.each(['zh', 'zh-CN', 'zh-TW', 'zh-Hant-TW', 'cmn-Hans-CN'])('is Mandarin as %s', (tag) => {
    expect(languageAmong(tag, KNOWN)).toBe('zh');
  });
});

describe('A language that a model is asked for of which nobody can tell what it knows', () => {
  test.each([null, 'auto', 'de', 'cmn', 'zh-Hant-HK'])('is taken as %s', (asked) => {
    expect(knowsLanguage(asked, ['*'])).toBe(true);
  });

  test.each(['', 'english', 'e', '*', '-en', '12'])('is refused as %j', (asked) => {
    expect(knowsLanguage(asked, ['*'])).toBe(false);
  });

  test('is what its captions are said to be in', () => {
    expect(captionLanguage('de', undefined, ['*'])).toBe('de');
    expect(captionLanguage(null, undefined, ['*'])).toBe('und');
  });
});

describe('The language of a caption', () => {
  test('is the one asked for, the one heard, the only one there is, or unknown, in this order', () => {
    expect(captionLanguage('zh-TW', 'en', KNOWN)).toBe('zh');
    expect(captionLanguage('cmn', 'en', KNOWN)).toBe('zh');
    expect(captionLanguage('auto', 'en', KNOWN)).toBe('en');
    expect(captionLanguage(null, undefined, ['en'])).toBe('en');
    expect(captionLanguage(undefined, undefined, KNOWN)).toBe('und');
    expect(captionLanguage(undefined, undefined, ['*'])).toBe('und');
  });

  test('is Cantonese where Hong Kong speaks, as it is heard', () => {
    expect(captionLanguage('zh-HK', 'zh', KNOWN)).toBe('yue');
    expect(captionLanguage('zh-HK', undefined, ['zh'])).toBe('zh');
  });
});
