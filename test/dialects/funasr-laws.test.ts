import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { beginFunasr as begin, type FunasrTold, passMarkers } from '../support/funasr-rig.ts';

/** What a client shows that appends words as they come, and has each sentence take the place of its words. */
function shownTo2pass(results: readonly FunasrTold[]): string {
  let [sentences, words] = ['', ''];
  for (const { mode, text = '' } of results) {
    if (mode === '2pass-online') words += text;
    else if (mode === '2pass-offline') [sentences, words] = [sentences + text, ''];
  }

  return sentences + words;
}

const word = fc.constantFrom('one', 'two,', "it's", 'four.');
const caption = fc.record({
  final: fc.array(word, { maxLength: 6 }),
  partials: fc.array(fc.record({ words: fc.array(word, { maxLength: 6 }), stable: fc.nat(30) }), {
    maxLength: 4,
  }),
});

describe("FunASR's conversation, whatever is heard,", () => {
  test('leaves a client that corrects itself with the finals alone', () => {
    fc.assert(
      fc.property(fc.array(caption, { maxLength: 6 }), fc.nat(6), (captions, endBefore) => {
        const rig = begin();
        for (const [i, { partials, final }] of captions.entries()) {
          if (i === endBefore) rig.text({ is_speaking: false });
          for (const { words, stable } of partials) {
            const text = words.join(' ');
            // Nothing of an utterance lies beyond its end.
            rig.partial(text, { stableChars: Math.min(stable, text.length), segmentId: i, endMs: 1 });
          }
          rig.final(final.join(' '), { segmentId: i });
        }
        if (endBefore >= captions.length) rig.text({ is_speaking: false });
        passMarkers(rig);
        const said = captions.flatMap(({ final }) => final).join(' ');
        expect(shownTo2pass(rig.sent)).toBe(said);
        expect(rig.sent.map(({ is_final }) => is_final)).toEqual(
          rig.sent.map((_, i) => i === rig.sent.length - 1),
        );
      }),
    );
  });

  test('has told a client that only appends all finals word by word, where what was stable stayed', () => {
    const growing = fc.record({
      final: fc.array(word, { minLength: 1, maxLength: 6 }),
      stableWords: fc.array(fc.nat(6), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(growing, { maxLength: 6 }), (captions) => {
        const rig = begin({ mode: 'online' });
        for (const [i, { final, stableWords }] of captions.entries()) {
          for (const words of stableWords) {
            const kept = final.slice(0, words).join(' ');
            rig.partial(`${kept} x y`, { stableChars: kept.length, segmentId: i });
          }
          rig.final(final.join(' '), { segmentId: i });
        }
        rig.text({ is_speaking: false });
        passMarkers(rig);
        const said = captions.map(({ final }) => final.join(' ')).join(' ');
        const told = rig.sent.map(({ text }) => text).join('');
        expect(told).toBe(said);
      }),
    );
  });
});
