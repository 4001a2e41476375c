import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Caption } from '../web/conversation/conversation.ts';
import { shownText } from '../web/conversation/pace.ts';
import { markedParts, patternFor, search } from '../web/conversation/search.ts';
import { around, earlier, followingRange, later } from '../web/conversation/visible-range.ts';
import { VOICE_COLOURS, voiceIndex } from '../web/conversation/voice-colour.ts';
import { meetingOfPath, meetingPath } from '../web/shell/meeting-path.ts';

function caption(text: string, stableChars = text.length, isFinal = true): Caption {
  return {
    ...{ captionId: `a:${text}`, streamId: 'a', speaker: 'Ada', segmentId: 0, revision: 0, spokenAtMs: 0 },
    ...{ text, stableChars, isFinal, language: 'en', sound: null },
  };
}

describe('What is shown of a caption', () => {
  it('is cut between words, into what has settled and what has not', () => {
    expect(shownText(caption('what about tomorrow', 13, false), 'live')).toEqual({
      settled: 'what about ',
      tail: 'tomorrow',
    });
    expect(shownText(caption('今天天气很好', 4, false), 'live')).toEqual({
      settled: '今天天气',
      tail: '很好',
    });
  });

  it('is only what has settled, or only what is finished, for those who want it so', () => {
    const growing = caption('what about tomorrow', 13, false);
    expect(shownText(growing, 'settled')).toEqual({ settled: 'what about', tail: '' });
    expect(shownText(growing, 'finished')).toEqual({ settled: '', tail: '' });
    expect(shownText(caption('Done.'), 'finished')).toEqual({ settled: 'Done.', tail: '' });
  });

  it('is the whole text at once, whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, stableChars) => {
        const { settled, tail } = shownText(caption(text, Math.min(text.length, stableChars), false), 'live');
        expect(settled + tail).toBe(text);
      }),
    );
  });
});

describe('Search', () => {
  it('finds words whatever their case and the blanks between them', () => {
    const said = [
      caption('The  Weather of tomorrow'),
      caption('No rain.'),
      caption('the weather', 11, false),
    ];
    expect(search(said, patternFor(' weather  OF ')).map(({ index }) => index)).toEqual([0]);
    expect(search(said, patternFor('ada')).map(({ index }) => index)).toEqual([0, 1]);
    expect(search(said, patternFor('  '))).toEqual([]);
  });

  it('marks parts that are the text when they are put together, for any query', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ maxLength: 4 }), (text, query) => {
        const parts = markedParts(text, patternFor(query));
        expect(parts.map((part) => part.text).join('')).toBe(text);
      }),
    );
    expect(markedParts('a (b) c', patternFor('(b)'))).toEqual([
      { text: 'a ', isHit: false },
      { text: '(b)', isHit: true },
      { text: ' c', isHit: false },
    ]);
  });
});

describe('The range in the document', () => {
  it('is within the captions and bounded, wherever somebody goes', () => {
    const step = fc.oneof(
      fc.constant('earlier' as const),
      fc.constant('later' as const),
      fc.constant('follow' as const),
      fc.nat(5000),
    );
    fc.assert(
      fc.property(fc.nat(5000), fc.array(step), (count, steps) => {
        let range = followingRange(count);
        for (const each of steps) {
          if (each === 'earlier') range = earlier(range);
          else if (each === 'later') range = later(range, count);
          else if (each === 'follow') range = followingRange(count);
          else if (each < count) {
            range = around(each, count);
            expect(each).toBeGreaterThanOrEqual(range.from);
            expect(each).toBeLessThan(range.to);
          }
          expect(range.from).toBeGreaterThanOrEqual(0);
          expect(range.to).toBeLessThanOrEqual(count);
          expect(range.to - range.from).toBeLessThanOrEqual(480);
        }
      }),
    );
  });

  it('reaches every caption by going earlier and later', () => {
    let range = followingRange(4000);
    while (range.from > 0) range = earlier(range);
    expect(range.from).toBe(0);
    while (range.to < 4000) range = later(range, 4000);
    expect(range.to).toBe(4000);
  });
});

describe('A speaker’s colour', () => {
  it('is the same for the same name, and spreads over all there are', () => {
    expect(voiceIndex('Ada')).toBe(voiceIndex(' ada '));
    const indices = new Set(Array.from({ length: 200 }, (_, i) => voiceIndex(`Speaker ${i}`)));
    expect([...indices].sort((one, other) => one - other)).toEqual(
      Array.from({ length: VOICE_COLOURS }, (_, i) => i),
    );
  });
});

describe('A meeting’s address', () => {
  it('leads back to its name, whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (name) => {
        // Browsers take these two for the folder and the one above.
        fc.pre(name !== '.' && name !== '..');
        const path = new URL(meetingPath(name), 'http://localhost').pathname;
        expect(meetingOfPath(path)).toBe(name);
      }),
    );
    expect(meetingOfPath('/meetings/')).toBeNull();
    expect(meetingOfPath('/meetings/%E0%A4%A')).toBeNull();
  });
});
