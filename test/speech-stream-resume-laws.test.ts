import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ScriptedRecognizer } from '../inference/doubles/scripted-recognizer.ts';
import type { StreamCheckpoint } from '../server/stream/checkpoint.ts';
import { createEars, type Ears, hiss, lengthAsText, Rig, speech } from './support/speech-stream-rig.ts';

const SOUNDS = { speech, hiss, mute: (samples: number) => new Float32Array(samples) };

const sounds = fc.array(
  fc.record({
    kind: fc.constantFrom('speech' as const, 'speech' as const, 'hiss' as const, 'mute' as const),
    samples: fc.oneof(fc.integer({ min: 1, max: 60_000 }), fc.constantFrom(12_800, 512, 1)),
  }),
  { minLength: 1, maxLength: 10 },
);
/** Where the connection is lost, by the share of the audio that has been sent. */
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 });
const flushes = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 });

interface Script {
  readonly audio: Float32Array;
  /** Positions in samples, in order. */
  readonly flushes: readonly number[];
  readonly messageSamples: number;
}

function scriptOf(
  pieces: readonly { kind: keyof typeof SOUNDS; samples: number }[],
  shares: readonly number[],
): Script {
  const parts = pieces.map(({ kind, samples }) => SOUNDS[kind](samples));
  const audio = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    audio.set(part, at);
    at += part.length;
  }
  const positions = shares.map((share) => Math.floor(share * audio.length)).sort((a, b) => a - b);

  return { audio, flushes: positions, messageSamples: 1600 };
}

/** Sends what the script has from `from` to `to`, flushes among it. @returns where it stands. */
async function send(
  rig: Rig,
  { audio, flushes, messageSamples }: Script,
  from: number,
  to: number,
): Promise<void> {
  for (let at = from; at < to; ) {
    const flush = flushes.find((position) => position > at);
    const end = Math.min(at + messageSamples, to, flush ?? to);
    rig.stream.write(audio.subarray(at, end));
    at = end;
    if (flushes.includes(at)) rig.stream.flush();
    // Voice detection and decoding are in the middle of something, now and then.
    if ((at / messageSamples) % 7 < 1) await rig.run();
  }
}

function resumed(ears: Ears, checkpoint: StreamCheckpoint, times: number): Rig {
  return new Rig(ears, {
    resume: { checkpoint: structuredClone(checkpoint), firstRevision: times * 10_000 },
  });
}

async function undisturbed(script: Script): Promise<readonly string[]> {
  const rig = new Rig(createEars(new ScriptedRecognizer({ script: lengthAsText })));
  await send(rig, script, 0, script.audio.length);
  rig.stream.stop();
  await rig.run();

  return rig.of('final');
}

describe('SpeechStream, taken up again wherever it was interrupted,', () => {
  test('has the finals of an undisturbed one, and books that balance', async () => {
    await fc.assert(
      fc.asyncProperty(sounds, cuts, flushes, fc.boolean(), async (pieces, shares, flushShares, hasty) => {
        const script = scriptOf(pieces, flushShares);
        const places = shares.map((share) => Math.floor(share * script.audio.length)).sort((a, b) => a - b);
        const ears = createEars(new ScriptedRecognizer({ script: lengthAsText }));
        let rig = new Rig(ears);
        let from = 0;
        const finals = new Set<string>();
        for (const [i, place] of places.entries()) {
          await send(rig, script, from, place);
          if (!hasty) await rig.run();
          const { checkpoint } = rig.stream;
          rig.stream.close('resent');
          for (const final of rig.of('final')) finals.add(final);
          const { receivedSamples, transcribedSamples, silenceSamples, droppedSamples, resentSamples } =
            rig.stream.books;
          expect(transcribedSamples + silenceSamples + droppedSamples + resentSamples).toBe(receivedSamples);
          rig = resumed(ears, checkpoint, i + 1);
          from = checkpoint.settledSample;
        }
        await send(rig, script, from, script.audio.length);
        rig.stream.stop();
        await rig.run();
        for (const final of rig.of('final')) finals.add(final);
        expect([...finals]).toEqual(await undisturbed(script));
        expect(rig.stream.books.receivedSamples).toBe(script.audio.length);
      }),
      { numRuns: 80 },
    );
  });
});
