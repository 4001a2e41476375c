import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LiveCue } from '../client-sdk/captions/live-cue.ts';

const textsOf = (cue: LiveCue) => cue.lines.map(({ text }) => text);

/** Says a text word by word, each partial agreed on but for its last word. */
function say(cue: LiveCue, captionId: string, text: string): readonly (readonly string[])[] {
  const words = text.split(' ');
  const seen = words.map((_, i) => {
    const said = words.slice(0, i + 1).join(' ');
    cue.partial({ captionId, text: said, stableChars: words.slice(0, i).join(' ').length });

    return textsOf(cue);
  });
  cue.final({ captionId, text });

  return [...seen, textsOf(cue)];
}

describe('LiveCue', () => {
  test('fills a line, then the next, and rolls up when both are full', () => {
    const cue = new LiveCue({ maxLines: 2, maxChars: 12 });
    const seen = say(cue, 's:0', 'one two three four five six seven');
    expect(seen.at(3)).toEqual(['one two', 'three']);
    expect(seen.at(-1)).toEqual(['three four', 'five six', 'seven'].slice(-2));
  });

  test('never moves a word that stands, while words are only added', () => {
    const words = fc.array(fc.constantFrom('a', 'bb', 'ccc', 'dddd', '会議'), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(words, (list) => {
        const cue = new LiveCue({ maxLines: 2, maxChars: 12 });
        let before: readonly string[] = [];
        for (const lines of say(cue, 's:0', list.map((word, i) => `${word}${i}`).join(' '))) {
          const rolled = before.length === 0 || lines[0]!.startsWith(before[0]!) ? 0 : 1;
          for (const [i, line] of before.slice(rolled).entries())
            expect(lines[i]!.startsWith(line)).toBe(true);
          before = lines;
        }
      }),
    );
  });

  test('goes on below the caption before, and names who speaks when it is somebody else', () => {
    const cue = new LiveCue({ maxLines: 3, maxChars: 20 });
    cue.final({ captionId: 'a:0', speaker: 'Ada', text: 'Good day.' });
    cue.final({ captionId: 'a:1', speaker: 'Ada', text: 'Shall we?' });
    cue.final({ captionId: 'g:0', speaker: 'Grace', text: 'By all means.' });
    expect(cue.lines.map(({ speaker, text }) => [speaker, text])).toEqual([
      ['Ada', 'Good day.'],
      [null, 'Shall we?'],
      ['Grace', 'By all means.'],
    ]);
  });

  test('leaves room for the name in the first line', () => {
    const cue = new LiveCue({ maxLines: 2, maxChars: 20 });
    cue.final({ captionId: 'g:0', speaker: 'Grace Hopper', text: 'nanoseconds are short' });
    expect(textsOf(cue)).toEqual(['nanoseconds', 'are short']);
    cue.final({ captionId: 'g:1', speaker: 'Grace Hopper', text: 'nanoseconds are' });
    expect(textsOf(cue)).toEqual(['are short', 'nanoseconds are']);
  });

  test('does not roll back when a caption becomes shorter, and does not go blank', () => {
    const cue = new LiveCue({ maxLines: 2, maxChars: 10 });
    cue.partial({ captionId: 's:0', text: 'one two three four five six', stableChars: 27 });
    expect(textsOf(cue)).toEqual(['three four', 'five six']);
    cue.final({ captionId: 's:0', text: 'one two three four' });
    expect(textsOf(cue)).toEqual(['three four']);
    cue.final({ captionId: 's:1', text: 'seven' });
    expect(textsOf(cue)).toEqual(['three four', 'seven']);
  });

  test('takes back what an empty final takes back, and heeds no partial of what is final', () => {
    const cue = new LiveCue();
    cue.partial({ captionId: 's:0', text: 'hm hm', stableChars: 5 });
    cue.final({ captionId: 's:0', text: '' });
    expect(textsOf(cue)).toEqual([]);
    cue.final({ captionId: 's:1', text: 'Yes.' });
    cue.partial({ captionId: 's:1', text: 'No no no', stableChars: 8 });
    expect(textsOf(cue)).toEqual(['Yes.']);
  });

  test('tells how much of a line is settled', () => {
    const cue = new LiveCue({ maxLines: 2, maxChars: 10 });
    cue.partial({ captionId: 's:0', text: 'one two three four five', stableChars: 13 });
    expect(cue.lines.map(({ text, stableChars }) => [text, stableChars])).toEqual([
      ['one two', 7],
      ['three', 5],
    ]);
  });

  test('holds no more than is on the screen, however long it runs', () => {
    const cue = new LiveCue({ maxLines: 2, maxChars: 20 });
    for (let i = 0; i < 500; i++) cue.final({ captionId: `s:${i}`, text: `This is line ${i}.` });
    expect(textsOf(cue)).toEqual(['This is line 498.', 'This is line 499.']);
    cue.clear();
    expect(cue.lines).toEqual([]);
  });
});
