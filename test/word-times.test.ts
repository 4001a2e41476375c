import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wordTimes } from '../client-sdk/captions/word-times.ts';
import type { SpokenWord } from '../client-sdk/protocol.ts';

function word(text: string, startMs: number, endMs: number): SpokenWord {
  return { text, startMs, endMs, confidence: 0.9 };
}

describe('The times within a caption', () => {
  const text = 'One two. Three';
  const words = [word('One', 1100, 1300), word('two.', 1300, 1900), word('Three', 4000, 4700)];

  it('are those of its words, from its own beginning to its own end', () => {
    const { beginsAtMs, endsAtMs } = wordTimes({ text, startMs: 1000, endMs: 5000, words });
    expect([0, 4, 9].map(beginsAtMs)).toEqual([1000, 1300, 4000]);
    expect([3, 8, 9, 14].map(endsAtMs)).toEqual([1300, 1900, 1900, 5000]);
  });

  it('go by the share of characters where no word has any, or words are not those of the text', () => {
    const foreign = [word('Un', 1100, 1300)];
    for (const some of [{}, { words: [] }, { words: foreign }]) {
      const { beginsAtMs, endsAtMs } = wordTimes({ text, startMs: 1000, endMs: 2400, ...some });
      expect([beginsAtMs(0), beginsAtMs(7), endsAtMs(14)]).toEqual([1000, 1700, 2400]);
    }
  });

  it('find words that are said twice at their own places', () => {
    const twice = [word('no', 0, 100), word('no,', 500, 600), word('no', 900, 1000)];
    const { beginsAtMs } = wordTimes({ text: 'no no, no', startMs: 0, endMs: 1000, words: twice });
    expect([0, 3, 7].map(beginsAtMs)).toEqual([0, 500, 900]);
  });

  it('find a word from whose mark a blank parts it', () => {
    const apart = [word('hello-', 100, 300), word('world', 500, 900)];
    const { beginsAtMs, endsAtMs } = wordTimes({
      text: 'hello - world',
      startMs: 0,
      endMs: 1000,
      words: apart,
    });
    expect([beginsAtMs(8), endsAtMs(7)]).toEqual([500, 300]);
  });

  it('never go back, and stay within it', () => {
    const spoken = fc.array(fc.tuple(fc.constantFrom('a', 'be', '好', 'da.'), fc.nat(300), fc.nat(300)), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(spoken, (parts) => {
        let atMs = 0;
        const timed = parts.map(([said, pauseMs, lengthMs]) => {
          const startMs = atMs + pauseMs;
          atMs = startMs + lengthMs;

          return word(said, startMs, atMs);
        });
        const said = timed.map((each) => each.text).join(' ');
        const { beginsAtMs, endsAtMs } = wordTimes({
          ...{ text: said, startMs: 0, endMs: atMs },
          ...(timed.length > 0 && { words: timed }),
        });
        for (let char = 1; char <= said.length; char++) {
          expect(beginsAtMs(char)).toBeGreaterThanOrEqual(beginsAtMs(char - 1));
          expect(endsAtMs(char)).toBeGreaterThanOrEqual(endsAtMs(char - 1));
          expect(endsAtMs(char)).toBeLessThanOrEqual(atMs);
        }
      }),
    );
  });
});
