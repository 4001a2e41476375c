import { describe, expect, test } from 'vitest';
import { KEPT_UNUSED_MS, NO_WORDS, Vocabularies } from '../server/text/vocabularies.ts';
import { ManualClock } from './support/manual-clock.ts';

const WORDS = { hotWords: [{ text: 'Ada', weight: 1 }], mask: ['darn'] };

describe('The vocabularies of meetings', () => {
  test('are those given last, or empty', () => {
    const vocabularies = new Vocabularies(new ManualClock());
    expect(vocabularies.get('m')).toBe(NO_WORDS);
    vocabularies.set('m', WORDS, 10);
    vocabularies.set('m', { ...WORDS, mask: [] }, 10);
    expect(vocabularies.get('m')).toEqual({ ...WORDS, mask: [] });
    vocabularies.delete('m');
    vocabularies.delete('m');
    expect(vocabularies.get('m')).toBe(NO_WORDS);
  });

  test('are forgotten a day after their last use, and leave no timer', () => {
    const clock = new ManualClock();
    const vocabularies = new Vocabularies(clock);
    const use = vocabularies.use('m');
    vocabularies.set('m', WORDS, 10);
    vocabularies.set('unused', WORDS, 10);
    clock.advance(KEPT_UNUSED_MS);
    expect(vocabularies.get('unused')).toBe(NO_WORDS);
    expect(use.current).toBe(WORDS);
    const other = vocabularies.use('m');
    use.end();
    use.end();
    clock.advance(KEPT_UNUSED_MS);
    expect(other.current).toBe(WORDS);
    other.end();
    clock.advance(KEPT_UNUSED_MS - 1);
    expect(vocabularies.get('m')).toBe(WORDS);
    clock.advance(1);
    expect(vocabularies.get('m')).toBe(NO_WORDS);
    expect(clock.pendingTimers).toBe(0);
  });

  test('take no more room than they may', () => {
    const vocabularies = new Vocabularies(new ManualClock());
    for (let i = 0; i < 1000; i++) vocabularies.set(`meeting ${i}`, WORDS, 10);
    expect(() => vocabularies.set('one more', WORDS, 10)).toThrow(
      expect.objectContaining({ code: 'too-many-vocabularies' }),
    );
    vocabularies.set('meeting 1', NO_WORDS, 5);
    expect(() => vocabularies.set('meeting 1', WORDS, 20_000_000)).toThrow();
    expect(vocabularies.get('meeting 1')).toBe(NO_WORDS);
    vocabularies.delete('meeting 2');
    vocabularies.set('one more', WORDS, 10);
  });
});
