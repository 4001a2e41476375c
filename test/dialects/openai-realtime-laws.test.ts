import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeltaText } from '../../server/dialects/delta-text.ts';
import { RealtimeRig } from './openai-rig.ts';

/** Few words that are easily taken for the beginning of one another. */
const words = fc.array(fc.constantFrom('a', 'an', 'and', 'and,', "don't", 'don', 'U.', '3', '3.5'), {
  maxLength: 6,
});

interface Segment {
  readonly partials: readonly { readonly words: readonly string[]; readonly stable: number }[];
  readonly final: readonly string[];
}

const segments: fc.Arbitrary<readonly Segment[]> = fc.array(
  fc.record({
    partials: fc.array(fc.record({ words, stable: fc.nat(6) }), { maxLength: 6 }),
    final: words,
  }),
  { minLength: 1, maxLength: 4 },
);

/** What was said of a segment, as far as it was stable, and in the end. */
function texts({ partials, final }: Segment): readonly string[] {
  return [...partials.map((partial) => partial.words.slice(0, partial.stable).join(' ')), final.join(' ')];
}

/** Words without punctuation around them. */
function bareWords(text: unknown): readonly string[] {
  const bare = String(text)
    .split(' ')
    .map((word) => word.replaceAll(/^\p{P}+|\p{P}+$/gu, ''));

  return bare.filter((word) => word !== '');
}

/** Whether one of these texts ends with these words. */
function isEndOfOne(delta: unknown, of: readonly string[]): boolean {
  const end = bareWords(delta);

  return of.some(
    (text) =>
      bareWords(text)
        .slice(-end.length || Number.POSITIVE_INFINITY)
        .join() === end.join(),
  );
}

/** Segments that follow one another, each 1 s long. @param begin how many of them before the ones before have ended. */
function speak(rig: RealtimeRig, spoken: readonly Segment[], overlaps: boolean): void {
  const end = (index: number) =>
    rig.final(index, [index * 1000, index * 1000 + 900], spoken[index]!.final.join(' '));
  for (const [index, { partials }] of spoken.entries()) {
    rig.speechStarted(index, index * 1000);
    for (const partial of partials)
      rig.partial(index, [index * 1000, index * 1000 + 800], partial.words.join(' '), partial.stable);
    if (overlaps) {
      if (index > 0) end(index - 1);
    } else end(index);
  }
  if (overlaps) end(spoken.length - 1);
}

describe('Deltas of the Realtime interface', () => {
  it('are ends of what was stable, in whole words, and the transcript is the final text, whatever partials come', () => {
    fc.assert(
      fc.property(segments, fc.boolean(), (spoken, overlaps) => {
        const rig = new RealtimeRig();
        rig.append(spoken.length * 1000);
        speak(rig, spoken, overlaps);
        const completed = rig.all('.completed');
        expect(completed.map((event) => event.transcript)).toEqual(
          spoken.map(({ final }) => final.join(' ')),
        );
        const order = completed.map((event) => event.item_id);
        for (const { item_id, delta } of rig.all('.delta'))
          expect(isEndOfOne(delta, texts(spoken[order.indexOf(item_id)]!)), String(delta)).toBe(true);
      }),
    );
  });

  it('come to the transcript where nothing is thought better of', () => {
    fc.assert(
      fc.property(words, fc.array(fc.nat(6), { maxLength: 6 }), (said, lengths) => {
        const rig = new RealtimeRig();
        rig.append(1000);
        rig.speechStarted(0, 0);
        for (const length of lengths) rig.partial(0, [0, 800], said.join(' '), length);
        rig.final(0, [0, 900], said.join(' '));
        expect(rig.textOf(rig.all('.completed')[0]!.item_id)).toBe(said.join(' '));
      }),
    );
  });

  it('never go back to an item that is behind another', () => {
    fc.assert(
      fc.property(segments, fc.boolean(), (spoken, overlaps) => {
        const rig = new RealtimeRig();
        rig.append(spoken.length * 1000);
        speak(rig, spoken, overlaps);
        const order = rig.all('.committed').map((event) => event.item_id);
        const told = rig.all('.delta').map((event) => order.indexOf(event.item_id));
        expect(told).toEqual([...told].sort((a, b) => a - b));
      }),
    );
  });

  it('of a turn that the client ends are those of its segments, one after the other', () => {
    fc.assert(
      fc.property(segments, fc.boolean(), (spoken, overlaps) => {
        const [pausing, ending] = [new RealtimeRig(), new RealtimeRig()];
        ending.update({ turn_detection: null });
        for (const rig of [pausing, ending]) {
          rig.append(spoken.length * 1000);
          speak(rig, spoken, overlaps);
        }
        ending.commit();
        ending.reached();
        const [completed] = ending.all('.completed');
        const finals = spoken.map(({ final }) => final.join(' ')).filter((text) => text !== '');
        expect(completed!.transcript).toBe(finals.join(' '));
        const items = pausing.all('.completed').map(({ item_id }) => pausing.textOf(item_id));
        expect(ending.textOf(completed!.item_id)).toBe(items.filter((text) => text !== '').join(' '));
      }),
    );
  });
});

describe('Audio of the Realtime interface', () => {
  it('arrives the same wherever it was cut, within a sample too', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), fc.array(fc.nat(9), { maxLength: 9 }), (bytes, cuts) => {
        const rig = new RealtimeRig();
        let at = 0;
        for (const cut of [...cuts, bytes.length]) {
          rig.say({
            type: 'input_audio_buffer.append',
            audio: Buffer.from(bytes.subarray(at, at + cut)).toString('base64'),
          });
          at += cut;
        }
        expect(Buffer.concat(rig.audio)).toEqual(Buffer.from(bytes.subarray(0, bytes.length & ~1)));
      }),
    );
  });
});

describe('A text that can only grow', () => {
  const told = (...texts: string[]) => {
    const text = new DeltaText();

    return texts.map((next) => text.extend(next));
  };

  it('grows by whole words', () => {
    expect(told('don', "don't", 'don, he', 'don', 'don, he said')).toEqual(['don', '', ', he', '', ' said']);
    expect(told('one', 'one two.', 'one two. Three')).toEqual(['one', ' two.', ' Three']);
  });

  it('goes on behind what corresponds to the words that it can no more take back', () => {
    expect(told('The background is', 'The background of the bondage.')).toEqual([
      ...['The background is', ' the bondage.'],
    ]);
    expect(told('He who was always', 'You were always accusing people')).toEqual([
      ...['He who was always', ' accusing people'],
    ]);
    expect(told('Yes', '', 'No, no, never')).toEqual(['Yes', '', ' no, never']);
  });

  it('grows by characters where a script has no blanks', () => {
    expect(told('我们', '我们在', '他们在家 here')).toEqual(['我们', '在', '家 here']);
  });
});
