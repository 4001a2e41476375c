import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writeWav } from '../fixtures/audio/write-wav.ts';
import { DeepgramRig, LINEAR16 } from './deepgram-rig.ts';

const SAMPLES = Uint8Array.from({ length: 2000 }, (_, i) => (i * 7) % 251);

/** Sends bytes in pieces of these lengths, over and over, and ends the stream. */
function stream(query: string, bytes: Uint8Array, lengths: readonly number[]): DeepgramRig {
  const rig = new DeepgramRig(query);
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const piece = Uint8Array.from(bytes.subarray(at, at + lengths[i % lengths.length]!));
    rig.binary(piece);
    // The memory of a message is another's when it has been taken.
    piece.fill(0xff);
    at += piece.length;
  }
  rig.text({ type: 'CloseStream' });
  rig.native.finish();

  return rig;
}

describe('The bytes of a stream', () => {
  it.each([
    ['bare samples', `${LINEAR16}&channels=2`, SAMPLES],
    ['a WAV file', '', writeWav({ tag: 1, bits: 16, channels: 2, claimedBytes: 0 }, SAMPLES)],
  ])('are the same audio wherever they are cut, as %s', (_, query, bytes) => {
    const whole = stream(query, bytes, [bytes.length]);
    expect(whole.native.audio).toEqual([...SAMPLES]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 9 }), (lengths) => {
        const cut = stream(query, bytes, lengths);
        expect(cut.native.start).toEqual(whole.native.start);
        expect(cut.native.audio).toEqual(whole.native.audio);
        expect(cut.told).toEqual(whole.told);
        expect(cut.close).toEqual({ code: 1000, reason: '' });
      }),
    );
  });
});

type Act =
  | { readonly act: 'audio'; readonly ms: number }
  | { readonly act: 'speech'; readonly words: boolean; readonly flushed: boolean }
  | { readonly act: 'settle' | 'markers' | 'Finalize' | 'KeepAlive' };

const ACTS: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ act: fc.constant('audio' as const), ms: fc.integer({ min: 1, max: 3000 }) }),
  fc.record({ act: fc.constant('speech' as const), words: fc.boolean(), flushed: fc.boolean() }),
  fc.record({ act: fc.constantFrom('settle' as const, 'markers' as const) }),
  fc.record({ act: fc.constantFrom('Finalize' as const, 'KeepAlive' as const) }),
);

describe('A stream', () => {
  it('has each beginning of speech and each Finalize followed by a final, whatever happens in it', () => {
    fc.assert(
      fc.property(fc.array(ACTS, { maxLength: 40 }), (acts) => {
        const rig = new DeepgramRig(`${LINEAR16}&interim_results=true&vad_events=true&utterance_end_ms=1000`);
        let nowMs = 0;
        let segmentId = 0;
        let finalized = 0;
        const settle = () => rig.say({ type: 'ack', acknowledgedMs: nowMs });
        for (const step of acts) {
          if (step.act === 'audio') {
            rig.audio(step.ms);
            nowMs += step.ms;
          } else if (step.act === 'speech') {
            rig.say({ type: 'speech-started', segmentId, atMs: nowMs });
            const place = { segmentId, startMs: nowMs, endMs: nowMs + 400 };
            rig.audio(500);
            nowMs += 500;
            if (step.words) rig.partial('word', place);
            if (step.words) rig.final('word', { ...place, endpoint: step.flushed ? 'flush' : 'silence' });
            segmentId++;
          } else if (step.act === 'settle') settle();
          else if (step.act === 'markers') rig.answerMarkers();
          else {
            rig.text({ type: step.act });
            if (step.act === 'Finalize') finalized++;
          }
        }
        rig.answerMarkers();
        settle();
        rig.text({ type: 'CloseStream' });
        rig.native.finish();
        const finals = rig.told.filter((told) => told.type === 'Results' && told.is_final === true);
        for (const [i, { type }] of rig.told.entries()) {
          if (type !== 'SpeechStarted') continue;
          const after = rig.told.slice(i).find((told) => told.type === 'Results' && told.is_final);
          expect(after).toMatchObject({ speech_final: true });
        }
        expect(finals.filter((final) => final.from_finalize).length).toBeGreaterThanOrEqual(finalized);
        expect(finals.every((final) => final.duration! >= 0)).toBe(true);
        expect(rig.last.type).toBe('Metadata');
        expect(rig.close?.code).toBe(1000);
      }),
    );
  });
});
