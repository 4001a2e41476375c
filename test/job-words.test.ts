import { describe, expect, test } from 'vitest';
import { ANYONE } from '../server/admission/api-keys.ts';
import { readJobRequest } from '../server/jobs/read-job-request.ts';
import { servedModels } from './support/served-models.ts';

function read(fields: Readonly<Record<string, unknown>>, hotWords = true) {
  return readJobRequest(fields, ANYONE, servedModels({ name: 'model', hotWords }), { maxHotWords: 3 })
    .options;
}

describe('The words of a recording', () => {
  test('come as JSON, or in a form as its text', () => {
    const words = { hotWords: ['Ada', { text: 'New York', weight: 2 }], mask: ['darn'], numerals: true };
    const options = {
      hotWords: [
        { text: 'Ada', weight: 1 },
        { text: 'New York', weight: 2 },
      ],
      mask: ['darn'],
      numerals: true,
    };
    expect(read(words)).toMatchObject(options);
    const form = Object.entries(words).map(([name, value]) => [name, JSON.stringify(value)]);
    expect(read(Object.fromEntries(form))).toMatchObject(options);
    expect(Object.keys(read({}))).not.toContain('hotWords');
  });

  test.each<readonly [object, boolean, string]>([
    [{ hotWords: 'Ada' }, true, 'hotWords has to be a list of words, as JSON.'],
    [{ hotWords: ['a', 'b', 'c', 'd'] }, true, 'hotWords has to be at most 3 words.'],
    [{ hotWords: ['Ada'] }, false, 'listens for no hot words'],
    [{ mask: '{"a":1}' }, true, 'mask has to be a list of words.'],
    [{ numerals: 'yes' }, true, 'numerals has to be true or false, as JSON.'],
  ])('are refused as %j where hot words are %j: %s', (fields, hotWords, message) => {
    expect(() => read({ ...fields }, hotWords)).toThrow(message);
  });
});
