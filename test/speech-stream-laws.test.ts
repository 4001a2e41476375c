import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ScriptedRecognizer } from '../inference/doubles/scripted-recognizer.ts';
import { StreamError } from '../server/errors.ts';
import { GatedRecognizer } from './support/gated-recognizer.ts';
import { createEars, hiss, lengthAsText, Rig, speech } from './support/speech-stream-rig.ts';

type Audio = { readonly kind: 'speech' | 'hiss' | 'mute'; readonly samples: number };
type Step = Audio | { readonly kind: 'marker' | 'flush' | 'run' };

const audio: fc.Arbitrary<Audio> = fc.record({
  kind: fc.constantFrom('speech' as const, 'speech' as const, 'hiss' as const, 'mute' as const),
  samples: fc.oneof(fc.integer({ min: 1, max: 60_000 }), fc.constantFrom(8008, 512, 1)),
});
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: audio },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constantFrom('marker' as const, 'flush' as const, 'run' as const) }),
    },
  ),
  { maxLength: 16 },
);

const SOUNDS = { speech, hiss, mute: (samples: number) => new Float32Array(samples) };

async function play(rig: Rig, script: readonly Step[]): Promise<void> {
  for (const [i, step] of script.entries()) {
    try {
      if ('samples' in step) rig.stream.write(SOUNDS[step.kind](step.samples));
      else if (step.kind === 'run') await rig.run();
      else if (step.kind === 'marker') rig.stream.mark(i);
      else rig.stream.flush();
    } catch (error) {
      expect(error).toBeInstanceOf(StreamError);
    }
  }
}

/** Fails every batch whose number is in the list. */
function failing(batches: ReadonlySet<number>): ScriptedRecognizer {
  let count = 0;
  const gate = async () => {
    if (batches.has(count++)) throw new Error('failed');
  };

  return new ScriptedRecognizer({ script: lengthAsText, gate });
}

function expectBalance({ stream }: Rig): void {
  const { receivedSamples, transcribedSamples, silenceSamples, droppedSamples } = stream.books;
  expect(transcribedSamples + silenceSamples + droppedSamples).toBe(receivedSamples);
  expect(Math.min(transcribedSamples, silenceSamples, droppedSamples)).toBeGreaterThanOrEqual(0);
}

const failures = fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { maxLength: 4 });

describe('SpeechStream, whatever is sent,', () => {
  test('balances its books and drops only what was told as lost', async () => {
    await fc.assert(
      fc.asyncProperty(steps, failures, async (script, failed) => {
        const rig = new Rig(createEars(failing(new Set(failed))));
        await play(rig, script);
        rig.stream.stop();
        await rig.run();
        expectBalance(rig);
        expect(rig.of('done')).toHaveLength(1);
        expect(rig.told.at(-1)).toMatch(/^done/);
        const ranges = (kind: string) =>
          rig
            .of(kind)
            .map((what) => /(\d+)-(\d+)$/.exec(what)!)
            .reduce((sum, [, start, end]) => sum + Number(end) - Number(start), 0);
        expect(rig.stream.books.droppedSamples).toBe(ranges('lost'));
        expect(rig.stream.books.transcribedSamples).toBe(ranges('final'));
      }),
      { numRuns: 60 },
    );
  });

  test('answers every marker it took, once and in order', async () => {
    await fc.assert(
      fc.asyncProperty(steps, failures, async (script, failed) => {
        const rig = new Rig(createEars(failing(new Set(failed))), { maxFences: 100 });
        await play(rig, script);
        rig.stream.stop();
        await rig.run();
        const asked = script.flatMap(({ kind }, i) => (kind === 'marker' ? [`marker ${i}`] : []));
        expect(rig.of('marker')).toEqual(asked);
      }),
      { numRuns: 40 },
    );
  });

  test('acknowledges ever more, never past what is final, and everything at its end', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        const rig = new Rig(createEars(failing(new Set())));
        const openFrom: number[] = [];
        rig.onTold = (what) => {
          const started = /^speech (\d+) at (\d+)/.exec(what);
          if (started) openFrom[Number(started[1])] = Number(started[2]);
          const ended = /^(?:final|lost) (\d+)/.exec(what);
          if (ended) delete openFrom[Number(ended[1])];
          const sample = Number(/^acknowledged (\d+)/.exec(what)?.[1] ?? 0);
          for (const start of openFrom) if (start !== undefined) expect(sample).toBeLessThanOrEqual(start);
        };
        await play(rig, script);
        rig.stream.stop();
        await rig.run();
        expect(rig.acknowledged).toEqual(rig.acknowledged.toSorted((a, b) => a - b));
        expect(rig.acknowledged.at(-1)).toBe(rig.stream.books.receivedSamples);
      }),
      { numRuns: 40 },
    );
  });

  test('settles as dropped what is not final when it is closed, and tells nothing more', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.nat({ max: 3 }), async (script, answers) => {
        const recognizer = new GatedRecognizer({ concurrency: 2 });
        const rig = new Rig(createEars(recognizer));
        await play(rig, script);
        for (let i = 0; i < answers && recognizer.running.length > 0; i++) await recognizer.answer();
        const { transcribedSamples } = rig.stream.books;
        const told = rig.told.length;
        rig.stream.close();
        rig.stream.close();
        expectBalance(rig);
        while (recognizer.running.length > 0) await recognizer.answer();
        await rig.run();
        expectBalance(rig);
        expect(rig.stream.books.transcribedSamples).toBe(transcribedSamples);
        expect(rig.told).toHaveLength(told);
        expect(rig.stream.bufferedSamples).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  test('may be closed from within anything it tells: the books balance and it tells nothing more', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.nat({ max: 12 }), fc.boolean(), async (script, closeAt, backwards) => {
        const recognizer = new GatedRecognizer({ concurrency: 2, maxBatchSize: 1, batching: 'equal-length' });
        const rig = new Rig(createEars(recognizer));
        let closedAfter: number | null = null;
        rig.onTold = () => {
          if (rig.told.length <= closeAt || closedAfter !== null) return;
          closedAfter = rig.told.length;
          rig.stream.close();
        };
        await play(rig, script);
        rig.stream.stop();
        await rig.run();
        while (recognizer.running.length > 0) {
          await recognizer.answer(backwards ? recognizer.running.length - 1 : 0);
          await rig.run();
        }
        expectBalance(rig);
        if (closedAfter !== null) expect(rig.told).toHaveLength(closedAfter);
      }),
      { numRuns: 150 },
    );
  });

  test('may be closed from within what it tells without harm to another', async () => {
    const recognizer = new GatedRecognizer();
    const ears = createEars(recognizer);
    const leaver = new Rig(ears, { streamId: 'leaver' });
    const bystander = new Rig(ears, { streamId: 'bystander', partials: false });
    leaver.onTold = () => leaver.stream.close();
    // Both end a segment within one batch of windows, so that their finals would share a batch.
    const audio = Float32Array.of(...speech(6 * 512), ...hiss(26 * 512));
    leaver.stream.write(audio);
    bystander.stream.write(audio);
    await bystander.run();
    while (recognizer.running.length > 0) await recognizer.answer();
    expect(bystander.of('lost')).toEqual([]);
    expect(bystander.of('final')).toEqual([`final 0: 0-${14 * 512}`]);
  });
});
