import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeltaText } from '../../server/dialects/openai/delta-text.ts';
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

/** What `told` may be: nothing, what was stable at some time, or the final text. */
function texts({ partials, final }: Segment): readonly string[] {
  return [
    '',
    ...partials.map((partial) => partial.words.slice(0, partial.stable).join(' ')),
    final.join(' '),
  ];
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
  it('are whole words of a text that was stable, and the transcript is the final text, whatever partials come', () => {
    fc.assert(
      fc.property(segments, fc.boolean(), (spoken, overlaps) => {
        const rig = new RealtimeRig();
        rig.append(spoken.length * 1000);
        speak(rig, spoken, overlaps);
        const completed = rig.all('.completed');
        expect(completed.map((event) => event.transcript)).toEqual(
          spoken.map(({ final }) => final.join(' ')),
        );
        for (const [index, { item_id }] of completed.entries())
          expect(texts(spoken[index]!)).toContain(rig.textOf(item_id));
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
        const rig = new RealtimeRig();
        rig.update({ turn_detection: null });
        rig.append(spoken.length * 1000);
        speak(rig, spoken, overlaps);
        rig.commit();
        rig.reached();
        const [completed] = rig.all('.completed');
        const finals = spoken.map(({ final }) => final.join(' ')).filter((text) => text !== '');
        expect(completed!.transcript).toBe(finals.join(' '));
        let possible = new Set(['']);
        for (const segment of spoken) {
          const next = [...possible].flatMap((before) =>
            texts(segment).map((text) =>
              before === '' || text === '' ? before + text : `${before} ${text}`,
            ),
          );
          possible = new Set(next);
        }
        expect(possible).toContain(rig.textOf(completed!.item_id));
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
  it('grows by whole words only', () => {
    const text = new DeltaText();
    expect(['don', "don't", 'don, he', 'don', 'do', 'don, he said'].map((next) => text.extend(next))).toEqual(
      [...['don', '', ', he', '', '', ' said']],
    );
  });

  it('grows by characters where a script has no blanks', () => {
    const text = new DeltaText();
    expect(['我们', '我们在', '我们在 here'].map((next) => text.extend(next))).toEqual([
      '我们',
      '在',
      ' here',
    ]);
  });
});
