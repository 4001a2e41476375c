import { describe, expect, test } from 'vitest';
import type { StreamError } from '../server/errors.ts';
import type { ServedModels, Wanted } from '../server/models/served-models.ts';
import { servedModels } from './support/served-models.ts';

const MOONSHINE = { name: 'moonshine', languages: ['en'] };
const MANDARIN = { name: 'mandarin', languages: ['zh', 'en'] };
const SENSE = { name: 'sense', languages: ['zh', 'en', 'yue', 'ja', 'ko'] };
const ANY = { name: 'any', languages: ['*'] };

const served = servedModels(MOONSHINE, MANDARIN, SENSE);
const chosen = (wanted: Wanted, models: ServedModels = served) => models.choose(wanted).name;

function refusal(wanted: Wanted, models: ServedModels = served): Pick<StreamError, 'code' | 'message'> {
  try {
    models.choose(wanted);
  } catch (error) {
    const { code, message } = error as StreamError;

    return { code, message };
  }
  throw new Error('It was not refused.');
}

describe('The model of a stream', () => {
  test.each([{}, { model: null, language: null }, { language: undefined }])(
    'is the first where nothing is asked for: %j',
    (wanted) => {
      expect(chosen(wanted)).toBe('moonshine');
    },
  );

  test.each([
    ['en', 'moonshine'],
    ['EN-gb', 'moonshine'],
    ['zh', 'mandarin'],
    ['cmn-Hans-CN', 'mandarin'],
    ['zh-TW', 'mandarin'],
    ['ja', 'sense'],
    ['yue', 'sense'],
    ['zh-HK', 'sense'],
  ])('is the first that knows its language: %s', (language, name) => {
    expect(chosen({ language })).toBe(name);
  });

  test("is one that knows Chinese for Hong Kong's where none knows Cantonese", () => {
    expect(chosen({ language: 'zh-HK' }, servedModels(MOONSHINE, MANDARIN))).toBe('mandarin');
  });

  test('is the first that can tell languages apart for auto, and the first where none can', () => {
    expect(chosen({ language: 'auto' })).toBe('mandarin');
    expect(chosen({ language: 'AUTO' }, servedModels(ANY, MOONSHINE, SENSE))).toBe('sense');
    expect(chosen({ language: 'auto' }, servedModels(MOONSHINE, ANY))).toBe('moonshine');
  });

  test('is one of which nobody knows what it knows for languages that no other knows', () => {
    const models = servedModels(ANY, MOONSHINE);
    expect(chosen({ language: 'tlh' }, models)).toBe('any');
    expect(chosen({ language: 'en' }, models)).toBe('moonshine');
  });

  test('is the one it names, with any of its languages, auto, or none', () => {
    for (const language of ['yue', 'en', 'auto', undefined])
      expect(chosen({ model: 'sense', language })).toBe('sense');
    expect(chosen({ model: 'moonshine', language: 'auto' })).toBe('moonshine');
  });

  test('is refused where no model has that name, with those there are', () => {
    expect(refusal({ model: 'whisper', language: 'en' })).toEqual({
      code: 'unsupported-model',
      message: 'The server has no model of that name. It has moonshine, mandarin, sense.',
    });
  });

  test('is refused where it does not know the language, with those it knows and who knows the language', () => {
    expect(refusal({ model: 'moonshine', language: 'zh' })).toEqual({
      code: 'unsupported-language',
      message: 'The model does not know the language. moonshine knows en. mandarin, sense know it.',
    });
    expect(refusal({ model: 'mandarin', language: 'ko' }).message).toContain(
      'mandarin knows zh, en. sense knows it.',
    );
    expect(refusal({ model: 'sense', language: 'tlh' }).message).toMatch(/ko\.$/);
  });

  test('is refused where no model knows the language, with what each knows', () => {
    expect(refusal({ language: 'tlh' })).toEqual({
      code: 'unsupported-language',
      message:
        'The model does not know the language. moonshine knows en; mandarin knows zh, en; sense knows zh, en, yue, ja, ko.',
    });
    expect(refusal({ language: 'zh' }, servedModels(MOONSHINE)).message).toBe(
      'The model does not know the language. It knows en.',
    );
  });
});

describe('What clients of other services ask for', () => {
  test('leaves out models that are not served, and keeps those that are', () => {
    expect(served.known({ model: 'nova-3', language: 'en' })).toEqual({ language: 'en' });
    expect(served.known({ model: 'whisper-1', language: null })).toEqual({});
    expect(served.known({ model: 'sense', language: 'yue' })).toEqual({ model: 'sense', language: 'yue' });
  });
});

describe('The languages of a server', () => {
  test('are those of all its models, each once, in their order', () => {
    expect(served.languages).toEqual(['en', 'zh', 'yue', 'ja', 'ko']);
  });
});
