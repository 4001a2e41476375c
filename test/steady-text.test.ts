import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SteadyText } from '../client-sdk/captions/steady-text.ts';
import { wordPieces } from '../client-sdk/captions/words.ts';
import { CaptionStability } from '../server/stream/caption-stability.ts';

/** Characters at the beginning that two hypotheses have in common, in whole words, as the server tells. */
function agreed(before: string, text: string): number {
  const [old, now] = [wordPieces(before), wordPieces(text)];
  const differs = now.findIndex((piece, i) => piece !== old[i]);

  return now.slice(0, differs === -1 ? now.length : differs).join('').length;
}

/** What is shown of one hypothesis after the other. */
function show(...hypotheses: readonly string[]): readonly string[] {
  const steady = new SteadyText();

  return hypotheses.map((text, i) => steady.partial('s:0', text, agreed(hypotheses[i - 1] ?? '', text)));
}

describe('SteadyText', () => {
  test('holds words back until they were heard twice, but for one with two more behind it', () => {
    expect(show('We can', 'We can ship', 'We can ship it', 'We can ship it')).toEqual([
      '',
      'We can',
      'We can ship',
      'We can ship it',
    ]);
    expect(show('We can ship it')).toEqual(['We']);
  });

  test('leaves out the marks behind the last word, which come and go', () => {
    expect(show('Well, the background', 'Well, the background, is')).toEqual(['Well', 'Well, the']);
  });

  test('keeps what is shown until two hypotheses agree on something else', () => {
    const [before, after] = ['We ship on Tuesday', 'We slip on Tuesday'];
    expect(show(before, before, after, after)).toEqual(['We', before, before, after]);
  });

  test('takes each character for a word where no blanks part them', () => {
    expect(show('你好', '你好我们今天', '你好我们今天讨论。', '你好我们 use web')).toEqual([
      '',
      '你好我',
      '你好我们今天',
      '你好我们今天',
    ]);
    expect(show('你好我们 use web', '你好我们 use web')).toEqual(['你', '你好我们 use web']);
  });

  test('shows finals as they are, and begins anew with each caption', () => {
    const steady = new SteadyText();
    steady.partial('s:0', 'One two three', 0);
    expect(steady.final('s:0', 'One too free.')).toBe('One too free.');
    expect(steady.partial('s:1', 'Four five six', 0)).toBe('Four');
  });

  test('never shows more words than were heard, nor takes back more than are taken back without it', () => {
    const hypotheses = fc.array(
      fc
        .array(fc.constantFrom('a', 'b', 'a.', 'c,'), { minLength: 1, maxLength: 8 })
        .map((list) => list.join(' ')),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(hypotheses, (texts) => {
        const shown = show(...texts);
        const [raw, steady] = [new CaptionStability(), new CaptionStability()];
        for (const [i, text] of texts.entries()) {
          expect(shown[i]!.split(' ').length).toBeLessThanOrEqual(
            Math.max(...texts.slice(0, i + 1).map((each) => each.split(' ').length)),
          );
          raw.partial('s:0', text, i);
          steady.partial('s:0', shown[i]!, i);
        }
        const last = texts.at(-1)!;
        const erased = (stability: CaptionStability) => stability.final('s:0', last, 0, 1, 99).erasedWords;
        expect(erased(steady)).toBeLessThanOrEqual(erased(raw) + last.split(' ').length);
      }),
    );
  });
});
