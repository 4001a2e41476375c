import { describe, expect, test } from 'vitest';
import { range, setUp } from './support/captioner-rig.ts';
import type { GatedRecognizer } from './support/gated-recognizer.ts';
import { settle } from './support/settle.ts';

describe('Captioner drafts', () => {
  const TEXTS: Readonly<Record<number, string>> = {
    100: 'one two',
    300: 'one two.',
    400: 'one two three four',
  };
  const script = ({ samples }: { readonly samples: Float32Array }) => TEXTS[samples.length] ?? '';
  const draftsOf = (recognizer: GatedRecognizer) =>
    recognizer.batches.flat().map(({ draft = [] }) => String.fromCodePoint(...draft));

  test('a snapshot and the final with what was last heard of the segment, the first with nothing', async () => {
    const { captioner, recognizer } = setUp({ script });
    captioner.snapshot(range(0, 0));
    await settle();
    expect(draftsOf(recognizer)).toEqual(['']);
    await recognizer.answer();
    captioner.snapshot(range(0, 3));
    await settle();
    expect(draftsOf(recognizer)).toEqual(['one two']);
    await recognizer.answer();
    captioner.finish(range(0, 4), 'silence');
    await settle();
    expect(draftsOf(recognizer)).toEqual(['one two three four']);
  });

  /** A segment that ends before the end of its last snapshot, and the first snapshot of the next. */
  const cutShort = async (endpoint: 'max-duration' | 'flush', capabilities = {}) => {
    const rig = setUp({ script, capabilities });
    rig.captioner.snapshot(range(0, 3));
    await settle();
    await rig.recognizer.answer();
    rig.captioner.finish(range(0, 2), endpoint);
    rig.captioner.snapshot(range(1, 0));
    await settle();

    return rig.recognizer;
  };

  test('the segment after a cut with what was heard behind the cut', async () => {
    const recognizer = await cutShort('max-duration');
    await recognizer.answer();
    expect(draftsOf(recognizer)).toEqual([' three four']);
  });

  test('the segment after any other end with nothing', async () => {
    const recognizer = await cutShort('flush');
    await recognizer.answer();
    expect(draftsOf(recognizer)).toEqual(['']);
  });

  test('the segment after a cut with nothing when the one before it is not final yet', async () => {
    const recognizer = await cutShort('max-duration', { concurrency: 2 });
    expect(draftsOf(recognizer)).toEqual(['one two three four', '']);
  });
});
