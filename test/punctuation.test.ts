import { describe, expect, test } from 'vitest';
import type { Endpoint } from '../client-sdk/protocol.ts';
import { edited } from '../server/text/edit.ts';
import { punctuationStage } from '../server/text/punctuation.ts';

function written(
  text: string,
  language = 'en',
  endpoint: Endpoint | null = 'silence',
  continues = false,
): string {
  return edited(text, punctuationStage(language).edits(text, { endpoint, continues }));
}

describe('Punctuation by rules', () => {
  test.each([
    ['good day', 'en', 'Good day.'],
    ["well i'm here and i think i am", 'en', "Well I'm here and I think I am."],
    ['what is that', 'en', 'What is that?'],
    ['how many are there', 'en', 'How many are there?'],
    ['do you know', 'en', 'Do you know?'],
    ["isn't it", 'en', "Isn't it?"],
    ['when i was young it rained', 'en', 'When I was young it rained.'],
    ['what a day', 'en', 'What a day.'],
    ['can openers are useful', 'en', 'Can openers are useful.'],
    ['isa is here', 'en', 'Isa is here.'],
    ['it is 25', 'en', 'It is 25.'],
    ['100 people', 'en', '100 people.'],
    ['Good day.', 'en', 'Good day.'],
    ['good day!', 'en', 'Good day!'],
    ['guten tag', 'de', 'Guten tag.'],
    ['привет', 'ru', 'Привет.'],
    ['안녕하세요', 'ko', '안녕하세요.'],
    ['你好', 'zh', '你好。'],
    ['你好吗', 'zh', '你好吗？'],
    ['他在哪里呢', 'zh', '他在哪里呢？'],
    ['我还没吃呢', 'zh', '我还没吃呢。'],
    ['こんにちは', 'ja', 'こんにちは。'],
    ['สวัสดี', 'th', 'สวัสดี'],
    ['ßen', 'de', 'ßen.'],
    ['', 'en', ''],
  ])('makes of %j (%s): %j', (text, language, expected) => {
    expect(written(text, language)).toBe(expected);
    expect(written(expected, language)).toBe(expected);
  });

  test('ends nothing that goes on, or was ended by its length or by somebody', () => {
    expect(written('good day', 'en', null)).toBe('Good day');
    expect(written('good day', 'en', 'max-duration')).toBe('Good day');
    expect(written('good day', 'en', 'flush')).toBe('Good day');
  });

  test('begins nothing anew behind a cut in the middle', () => {
    expect(written('and so on', 'en', 'silence', true)).toBe('and so on.');
  });
});
