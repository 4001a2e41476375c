import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DraftedDecoding } from '../inference/moonshine/draft.ts';
import { GreedySequence } from '../inference/moonshine/greedy-sequence.ts';
import { END_TOKEN, START_TOKEN } from '../inference/moonshine/special-tokens.ts';

/** What a model says after a context, which begins with the start mark. */
type Model = (context: readonly number[]) => number;

/** A model that says `text` and ends, whatever it is told before. */
function reciting(text: readonly number[]): Model {
  return (context) => text[context.length - 1] ?? END_TOKEN;
}

/** Decodes with a model that sees, for each pending token, all right tokens and the pending ones up to it. */
function decode(model: Model, draft: readonly number[], audioSeconds = 30) {
  const decoding = new DraftedDecoding(new GreedySequence(audioSeconds), draft);
  const right: number[] = [];
  let passes = 0;
  let widest = 0;
  while (!decoding.sequence.finished) {
    const pending = decoding.pending;
    widest = Math.max(widest, pending.length);
    let taken = 0;
    let goesOn = true;
    while (goesOn) {
      taken++;
      goesOn = decoding.accept(model([...right, ...pending.slice(0, taken)]), -0.1);
    }
    right.push(...pending.slice(0, taken));
    passes++;
  }

  return { ...decoding.sequence.hypothesis(), passes, widest, guesses: decoding.guesses, right };
}

const TEXT = [450, 300, 700, 512, 613, 814, 905, 333, 444, 555, 666, 777];
const COMMA = 29892;

describe('Decoding with a draft', () => {
  test('takes one pass when the draft is right, and one when there is none for each token', () => {
    expect(decode(reciting(TEXT), TEXT)).toMatchObject({ tokens: TEXT, passes: 1 });
    expect(decode(reciting(TEXT), [])).toMatchObject({ tokens: TEXT, passes: TEXT.length + 1 });
  });

  test('feeds a long draft in parts, each as soon as the one before was right', () => {
    const text = Array.from({ length: 100 }, (_, i) => 300 + i);
    const { tokens, passes, widest } = decode(reciting(text), text);
    expect([tokens, passes, widest]).toEqual([text, 2, 65]);
  });

  test('goes on from a draft that stops short, as a partial does', () => {
    const { tokens, passes, guesses } = decode(reciting(TEXT), TEXT.slice(0, 8));
    expect(tokens).toEqual(TEXT);
    expect(passes).toBe(1 + TEXT.length - 8);
    expect(guesses).toEqual({ guessed: 8, accepted: 8 });
  });

  test.each([
    ['a comma that came', TEXT.toSpliced(2, 0, COMMA), TEXT],
    ['a comma that went', TEXT, TEXT.toSpliced(2, 0, COMMA)],
    ['a word that changed', TEXT.toSpliced(2, 1, 31999), TEXT],
  ])('finds back into the rest of the draft after %s', (_, said, draft) => {
    const { tokens, passes } = decode(reciting(said), draft);
    expect(tokens).toEqual(said);
    expect(passes).toBeLessThanOrEqual(5);
  });

  test('has only right tokens looked back on', () => {
    const { right } = decode(reciting(TEXT), [TEXT[0]!, 9, 9, TEXT[1]!, TEXT[2]!]);
    expect(right).toEqual([START_TOKEN, ...TEXT].slice(0, right.length));
  });

  test('says what the model says without one, whatever the draft', () => {
    const token = fc.integer({ min: 3, max: 8 });
    fc.assert(
      fc.property(
        fc.array(token, { maxLength: 40 }),
        fc.infiniteStream(token),
        fc.integer({ min: 1, max: 30 }),
        (draft, stream, ending) => {
          const noise = Array.from({ length: 64 }, () => stream.next().value as number);
          // Depends on all of the context, so that a wrong token anywhere would show.
          const model: Model = (context) =>
            context.length > ending
              ? END_TOKEN
              : noise[context.reduce((hash, each) => (hash * 31 + each) % 64, context.length)]!;
          const plain = decode(model, []);
          const drafted = decode(model, draft);
          expect(drafted.tokens).toEqual(plain.tokens);
          expect(drafted.cut).toBe(plain.cut);
          expect(drafted.passes).toBeLessThanOrEqual(plain.passes);
        },
      ),
    );
  });

  test('stops at the length the audio can hold, in the middle of a draft', () => {
    const { tokens, cut } = decode(reciting(TEXT), TEXT, 1);
    expect(tokens).toEqual(TEXT.slice(0, 7));
    expect(cut).toBe('length');
  });
});
