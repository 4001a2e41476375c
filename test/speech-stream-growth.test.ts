import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GatedRecognizer } from './support/gated-recognizer.ts';
import { createEars, hiss, Rig, speech } from './support/speech-stream-rig.ts';

const WINDOW = 512;
const WINDOW_MS = 32;

/** A stream on a gated recogniser, spoken as fast as time passes. */
function setUp() {
  const recognizer = new GatedRecognizer();
  const ears = createEars(recognizer);
  const rig = new Rig(ears);
  const hear = async (windows: number, sound: (samples: number) => Float32Array) => {
    for (let i = 0; i < windows; i++) {
      ears.clock.advance(WINDOW_MS);
      rig.stream.write(sound(WINDOW));
      await rig.run();
    }
  };

  return { recognizer, ears, rig, hear };
}

describe('SpeechStream, while all threads are busy,', () => {
  test('lets its partial grow, and captions what has been said when its turn comes', async () => {
    const { recognizer, rig, hear } = setUp();
    await hear(15, speech);
    expect(recognizer.running).toEqual([[15 * WINDOW]]);
    // The next one is due after 30 windows, and has to wait.
    await hear(40, speech);
    expect(recognizer.running).toEqual([[15 * WINDOW]]);
    await recognizer.answer();
    expect(recognizer.running).toEqual([[55 * WINDOW]]);
    await recognizer.answer();
    expect(rig.of('partial')).toEqual([`partial 0: 0-${15 * WINDOW}`, `partial 0: 0-${55 * WINDOW}`]);
  });

  test('makes a partial that has grown to the end of the speech its final', async () => {
    const { recognizer, rig, hear } = setUp();
    await hear(15, speech);
    await hear(25, speech);
    await hear(8, hiss);
    await recognizer.answer();
    // The pause's snapshot: 256 ms of the silence with it.
    expect(recognizer.running).toEqual([[48 * WINDOW]]);
    await hear(20, hiss);
    expect(rig.of('final')).toEqual([]);
    await recognizer.answer();
    expect(rig.of('final')).toEqual([`final 0: 0-${48 * WINDOW}`]);
    expect(recognizer.running).toEqual([]);
  });

  test('gives only what pauses call for when its pace is infinite, and all of it as finals', async () => {
    const { recognizer, rig, hear } = setUp();
    rig.stream.partialPace = Number.POSITIVE_INFINITY;
    await hear(60, speech);
    expect(recognizer.running).toEqual([]);
    await hear(30, hiss);
    await recognizer.answer();
    expect(rig.of('final')).toEqual([`final 0: 0-${68 * WINDOW}`]);
  });
});

type Step = { readonly kind: 'speech' | 'hiss'; readonly samples: number } | { readonly kind: 'answer' };

const script: fc.Arbitrary<{ readonly step: Step; readonly afterMs: number }[]> = fc.array(
  fc.record({
    step: fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constantFrom('speech' as const, 'speech' as const, 'hiss' as const),
          samples: fc.integer({ min: 100, max: 8000 }),
        }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('answer' as const) }) },
    ),
    afterMs: fc.integer({ min: 0, max: 600 }),
  }),
  { maxLength: 40 },
);

describe('SpeechStream tells where the time of its captions went', () => {
  test('since their newest audio arrived, whenever it came and threads were free', () =>
    fc.assert(
      fc.asyncProperty(script, async (steps) => {
        const { recognizer, ears, rig } = setUp();
        const writes: { readonly endSample: number; readonly atMs: number }[] = [];
        const answer = async () => {
          ears.clock.advance(1);
          if (recognizer.running.length > 0) await recognizer.answer();
        };
        for (const { step, afterMs } of steps) {
          ears.clock.advance(afterMs);
          if (step.kind === 'answer') await answer();
          else {
            rig.stream.write((step.kind === 'speech' ? speech : hiss)(step.samples));
            writes.push({ endSample: rig.stream.books.receivedSamples, atMs: ears.clock.now() });
          }
          await rig.run();
        }
        rig.stream.stop();
        await rig.run();
        while (recognizer.running.length > 0) await answer();
        for (const { endSample, timing } of rig.timings) {
          const { audioWaitMs, queueWaitMs, batchWaitMs, inferenceMs, answeredAtMs } = timing;
          const parts = [audioWaitMs, queueWaitMs, batchWaitMs, inferenceMs];
          expect(Math.min(...parts)).toBeGreaterThanOrEqual(0);
          const fromMs = answeredAtMs - parts.reduce((sum, ms) => sum + ms);
          const arrivedAtMs = writes.find((write) => write.endSample >= endSample)!.atMs;
          expect(arrivedAtMs - fromMs).toBeGreaterThanOrEqual(0);
          expect(arrivedAtMs - fromMs).toBeLessThan(10);
        }
      }),
      { numRuns: 60 },
    ));
});
