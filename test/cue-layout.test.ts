import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Cue, layoutCues } from '../client-sdk/captions/layout.ts';
import { displayWidth } from '../client-sdk/captions/width.ts';

function linesOf(text: string): readonly (readonly string[])[] {
  return layoutCues(text).map(({ lines }) => lines);
}

const word = fc
  .array(
    fc.constantFrom(...'abcdefgh', 'é', '会', '議', '、', '。', '「', '」', '한', '-', '.', ',', '?', '👍'),
    {
      minLength: 1,
      maxLength: 14,
    },
  )
  .map((letters) => letters.join(''));
const prose = fc.array(word, { maxLength: 60 }).map((words) => words.join(' '));
const limits = fc.record({
  maxLines: fc.integer({ min: 1, max: 3 }),
  maxChars: fc.integer({ min: 8, max: 42 }),
});

const withoutBlanks = (text: string) => text.replaceAll(/\s/gu, '');
const textOf = (cues: readonly Cue[]) => cues.flatMap(({ lines }) => lines).join('');

describe('layoutCues', () => {
  test('has short texts stand in one line', () => {
    expect(linesOf('Good day to you.')).toEqual([['Good day to you.']]);
    expect(linesOf('  ')).toEqual([]);
  });

  test('breaks between sentences rather than within one', () => {
    expect(
      linesOf(
        'We moved the release to Tuesday. The tests for the new reader are not green yet on every machine.',
      ),
    ).toEqual([
      ['We moved the release to Tuesday.'],
      ['The tests for the new reader', 'are not green yet on every machine.'],
    ]);
  });

  test('breaks behind a comma, and not behind words that lead on to the next', () => {
    const [cue] = layoutCues('When the last of the guests had left, the house was quiet again.');
    expect(cue!.lines).toEqual(['When the last of the guests had left,', 'the house was quiet again.']);
    for (const { lines } of layoutCues(
      'It is about the question of the cost of the work on the roof of the house.',
    ))
      for (const line of lines.slice(0, -1)) expect(line).not.toMatch(/ (?:the|of|on)$/);
  });

  test('takes a title for no end of a sentence', () => {
    expect(linesOf('Good morning, Mr. Quilter, the apostle of the middle classes.')).toEqual([
      ['Good morning, Mr. Quilter,', 'the apostle of the middle classes.'],
    ]);
  });

  test('counts wide characters twice, and breaks Chinese and Japanese without blanks, but not before a full stop', () => {
    const cues = linesOf(
      '今天的会议改到下午三点开始，请大家提前准备好材料。会议室在二楼，靠近电梯的那一间。',
    );
    for (const lines of cues)
      for (const line of lines) {
        expect(displayWidth(line)).toBeLessThanOrEqual(40);
        expect(line).not.toMatch(/^[，。]/);
      }
    expect(cues.length).toBe(2);
  });

  test('divides a word that is longer than a line', () => {
    const address = `https://example.org/${'path'.repeat(20)}`;
    expect(textOf(layoutCues(address))).toBe(address);
    for (const lines of linesOf(address))
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(40);
  });

  test('keeps to the limits and loses nothing but blanks, whatever the text', () => {
    fc.assert(
      fc.property(prose, limits, (text, { maxLines, maxChars }) => {
        const cues = layoutCues(text, { maxLines, maxChars });
        expect(withoutBlanks(textOf(cues))).toBe(withoutBlanks(text));
        for (const { lines } of cues) {
          expect(lines.length).toBeGreaterThan(0);
          expect(lines.length).toBeLessThanOrEqual(maxLines);
          for (const line of lines) {
            expect(line).toBe(line.trim());
            expect(displayWidth(line)).toBeLessThanOrEqual(maxChars);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test('tells where in the text each cue stands, one behind the other', () => {
    fc.assert(
      fc.property(prose, (text) => {
        let at = 0;
        for (const { lines, from, to } of layoutCues(text)) {
          expect(text.slice(at, from).trim()).toBe('');
          expect(withoutBlanks(text.slice(from, to))).toBe(withoutBlanks(lines.join('')));
          at = to;
        }
        expect(text.slice(at).trim()).toBe('');
      }),
      { numRuns: 300 },
    );
  });
});
