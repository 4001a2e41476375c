import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Hypothesis } from '../inference/recognizer.ts';
import type { SegmentRange } from '../server/stream/segmenter.ts';
import { Transcript, type Writing } from '../server/stream/transcript.ts';
import { edited, editedWords } from '../server/text/edit.ts';
import { MaskList } from '../server/text/mask-list.ts';
import { numeralStage } from '../server/text/numerals/numerals.ts';
import { punctuationStage } from '../server/text/punctuation.ts';
import { settledCharacters, sparing, written } from '../server/text/text-chain.ts';

const FINAL = { endpoint: 'silence', continues: false } as const;
const OPEN = { endpoint: null, continues: false } as const;

function stages(...mask: string[]) {
  const masks = MaskList.of(mask);

  return [sparing(masks, numeralStage('en')!), punctuationStage('en'), masks];
}

function heard(text: string): Hypothesis {
  const words = text.split(' ').filter((word) => word !== '');

  return {
    ...{ text, tokens: [1], meanLogProb: -0.1, cut: null },
    words: words.map((word, i) => ({ text: word, startMs: i * 100, endMs: i * 100 + 80, confidence: 0.5 })),
  };
}

function short({ words = [] }: Hypothesis): readonly string[] {
  return words.map(({ text, startMs, endMs }) => `${text} ${Math.round(startMs)}-${Math.round(endMs)}`);
}

describe('The words of an edited text', () => {
  test('are one where they were replaced, from the first one to the last', () => {
    const said = heard('we have twenty five percent, damn');
    expect(short(written(said, FINAL, stages('damn')))).toEqual([
      'We 0-80',
      'have 100-180',
      '25%, 200-480',
      '***. 500-580',
    ]);
  });

  test('share the time where there are blanks in what replaced them', () => {
    expect(short(written(heard('five thirty p m'), OPEN, stages()))).toEqual(['5:30 0-253', 'pm 253-380']);
  });

  test('are each a character where no blanks part them', () => {
    const text = '有二十五个';
    const words = [...text].map((character, i) => ({
      text: character,
      startMs: i * 10,
      endMs: i * 10 + 9,
      confidence: 1,
    }));
    const said = written({ ...heard(text), words }, OPEN, [numeralStage('zh')!]);
    expect(short(said)).toEqual(['有 0-9', '25 10-39', '个 40-49']);
  });

  test('are together the text but its blanks, in their order, whatever is edited', () => {
    const word = fc.constantFrom('a', 'bc', 'def', '你', 'x,');
    const edits = fc.array(fc.tuple(fc.nat(3), fc.nat(4), fc.constantFrom('', 'Z', 'y z', '***')), {
      maxLength: 4,
    });
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), edits, (words, gaps) => {
        const said = heard(words.join(' '));
        let at = 0;
        const made = gaps.flatMap(([gap, length, text]) => {
          const from = at + gap;
          at = from + length;

          return at <= said.text.length ? [{ from, to: at, text }] : [];
        });
        // What is inserted within blanks belongs to no word.
        fc.pre(made.every(({ from, to }) => said.text.slice(from, to).trim() !== ''));
        const after = editedWords(said.words!, said.text, made)!;
        expect(after.map(({ text }) => text).join('')).toBe(edited(said.text, made).replaceAll(' ', ''));
        for (const [i, { startMs, endMs }] of after.entries()) {
          expect(endMs).toBeGreaterThan(startMs);
          if (i > 0) expect(startMs).toBeGreaterThanOrEqual(after[i - 1]!.endMs);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('are left out where the model told others than its text: what is masked may be among them', () => {
    const { words: _, ...none } = heard('twenty five');
    expect(written(none, OPEN, stages())).toEqual({ ...none, text: '25' });
    const others = [{ text: 'else', startMs: 0, endMs: 1, confidence: 1 }];
    const masked = written({ ...none, words: others }, OPEN, stages('else'));
    expect(masked).toEqual({ ...none, text: '25' });
    const same = { ...none, text: 'Fine.', words: others };
    expect(written(same, OPEN, stages('else'))).toEqual({ ...none, text: 'Fine.' });
  });
});

describe('Text that several stages have made', () => {
  test('passes from one to the next', () => {
    expect(written(heard('i said twenty darn times'), FINAL, stages('darn', '20')).text).toBe(
      'I said *** *** times.',
    );
    expect(written(heard('twenty one hundred, nineteen'), OPEN, stages('one hundred')).text).toBe(
      'Twenty ***, 19',
    );
    expect(written(heard('do you have two hundred'), FINAL, stages()).text).toBe('Do you have 200?');
  });

  test('is the hypothesis itself where nothing is to be changed', () => {
    const said = heard('Good day.');
    expect(written(said, FINAL, stages('darn'))).toBe(said);
  });
});

describe('What is called stable of a partial', () => {
  const word = fc.constantFrom(
    ...[
      'we',
      'have',
      'twenty',
      'five',
      'hundred',
      'and',
      'percent',
      'one',
      'point',
      'darn',
      'it',
      'i',
      'people,',
      'nineteen',
    ],
  );
  const sentence = fc.array(word, { maxLength: 8 }).map((words) => words.join(' '));

  test('is what stays when the model goes on to hear what it has heard', () => {
    fc.assert(
      fc.property(sentence, sentence, (head, tail) => {
        const chain = stages('darn it', 'we have', 'five hundred', '20');
        const settled = settledCharacters(head, OPEN, chain);
        const before = written(heard(head), OPEN, chain).text.slice(0, settled);
        for (const place of [OPEN, FINAL]) {
          const after = written(heard(tail === '' ? head : `${head} ${tail}`), place, chain).text;
          expect(after.slice(0, settled)).toBe(before);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('ends before a number that may go on, and before a masked phrase that may have begun', () => {
    const chain = stages('darn it');
    const writing: Writing = {
      written: (hypothesis, place) => written(hypothesis, place, chain),
      settled: (hypothesis, agreed, continues) =>
        settledCharacters(hypothesis.text.slice(0, agreed), { continues }, chain),
    };
    const transcript = new Transcript(0, writing);
    const range = (revision: number): SegmentRange => ({
      ...{ segmentId: 0, revision, startSample: 0, endSample: 512 * (revision + 1) },
    });
    const partial = (revision: number, text: string) => {
      const [event] = transcript.partial(range(revision), heard(text));

      return event?.type === 'partial' ? [event.text, event.text.slice(0, event.stableChars)] : null;
    };
    expect(partial(0, 'we have twenty')).toEqual(['We have 20', '']);
    expect(partial(1, 'we have twenty five darn')).toEqual(['We have 25 darn', 'We have']);
    expect(partial(2, 'we have twenty five darn')).toEqual(['We have 25 darn', 'We have 25']);
    expect(partial(3, 'we have twenty five darn it all')).toEqual(['We have 25 *** all', 'We have 25']);
    const [final] = transcript.final(range(3), 'silence', heard('we have twenty five darn it all'));
    expect(final).toMatchObject({ hypothesis: { text: 'We have 25 *** all.' }, visible: true });
  });

  test('begins without a capital behind a cut', () => {
    const chain = stages();
    const transcript = new Transcript(0, {
      written: (hypothesis, place) => written(hypothesis, place, chain),
      settled: (_, agreed) => agreed,
    });
    const range = (segmentId: number): SegmentRange => ({
      segmentId,
      revision: 0,
      startSample: 0,
      endSample: 512,
    });
    transcript.cut(0);
    const texts = [
      ...transcript.final(range(0), 'max-duration', heard('so we')),
      ...transcript.final(range(1), 'silence', heard('went on')),
      ...transcript.final(range(2), 'silence', heard('then')),
    ].map((event) => event.type === 'final' && event.hypothesis.text);
    expect(texts).toEqual(['So we', 'went on.', 'Then.']);
  });
});
