import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VOSK } from '../../server/dialects/vosk/vosk.ts';
import { ConversationRig } from '../support/conversation-rig.ts';
import { beginVosk as begin } from '../support/vosk-rig.ts';

describe("The pace of Vosk's conversation", () => {
  test('lets replies wait while the stream has no room, and sends them as it takes the audio', () => {
    const rig = new ConversationRig(VOSK);
    rig.text({ config: { sample_rate: 8000 } });
    for (let i = 0; i < 3; i++) rig.binary(16_000);
    expect(rig.sent).toEqual([]);
    rig.native.ready(1000);
    expect(rig.sent).toHaveLength(1);
    rig.native.say({ type: 'ack', acknowledgedMs: 1000 });
    expect(rig.sent).toHaveLength(2);
    rig.native.say({ type: 'ack', acknowledgedMs: 2000 });
    expect(rig.sent).toHaveLength(3);
  });

  test('holds the reply to somebody who speaks for a moment, for the final that may end with it', () => {
    const rig = begin({ words: false });
    const { clock } = rig.native;
    // 100 ms, of which half are held.
    clock.advance(200);
    rig.binary(1600);
    rig.partial('One');
    clock.advance(49);
    expect(rig.sent).toEqual([]);
    clock.advance(1);
    expect(rig.sent).toEqual([{ partial: 'One' }]);
    clock.advance(150);
    rig.binary(1600);
    clock.advance(20);
    rig.final('One.');
    expect(rig.sent.slice(1)).toEqual([{ text: 'One.' }]);
    clock.advance(500);
    rig.binary(32_000);
    clock.advance(99);
    expect(rig.sent).toHaveLength(2);
    clock.advance(1);
    expect(rig.sent).toHaveLength(3);
    expect(clock.pendingTimers).toBe(0);
  });

  test('holds every reply to somebody who speaks, though the next message comes soon after each', () => {
    const rig = begin();
    const { clock } = rig.native;
    clock.advance(200);
    for (let i = 0; i < 5; i++) {
      rig.binary(3200);
      clock.advance(99);
      expect(rig.sent).toHaveLength(i);
      clock.advance(1);
      expect(rig.sent).toHaveLength(i + 1);
      clock.advance(98);
    }
  });

  test('holds no reply to a client that has its messages ready, nor behind eof, nor for one that is gone', () => {
    const rig = begin();
    const { clock } = rig.native;
    clock.advance(10);
    rig.binary(3200);
    rig.binary(3200);
    expect(rig.sent).toHaveLength(2);
    clock.advance(100);
    rig.binary(3200);
    expect(rig.sent).toHaveLength(2);
    rig.text('{"eof" : 1}');
    rig.native.finish();
    expect(rig.sent).toHaveLength(4);
    const gone = begin();
    gone.native.clock.advance(100);
    gone.binary(3200);
    gone.hangUp();
    expect(gone.native.clock.pendingTimers).toBe(0);
  });

  test('ends a client that sends nothing without end while it waits for replies', () => {
    const rig = new ConversationRig(VOSK);
    for (let i = 0; i < 100_000; i++) rig.binary(i === 0 ? 2 : 0);
    expect([rig.sent, rig.closes]).toEqual([[], []]);
    rig.binary(0);
    expect(rig.closes).toEqual([{ code: 4429, reason: 'audio-overrun' }]);
  });
});

describe("Vosk's conversation, whatever comes,", () => {
  test('has one reply for each message in their order, and every final in one of them', () => {
    const step = fc.constantFrom('audio', 'audio', 'audio', 'reset', 'final', 'partial', 'ack', 'config');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 3 }), (steps, roomSeconds) => {
        const rig = new ConversationRig<{ partial?: string; text?: string }>(VOSK);
        rig.binary(0);
        rig.native.ready(roomSeconds * 1000);
        let asked = 1;
        const said: string[] = [];
        let acknowledgedMs = 0;
        const answerMarkers = () => {
          for (const heard of rig.native.heard.splice(0)) {
            const marker = /^marker (\d+)$/.exec(String(heard));
            if (marker) rig.native.say({ type: 'marker', id: Number(marker[1]) });
          }
        };
        for (const step of steps) {
          if (step === 'audio' || step === 'reset') asked++;
          if (step === 'audio') rig.binary(16_000);
          if (step === 'reset') rig.text('{"reset" : 1}');
          if (step === 'final') {
            said.push(`w${said.length}`);
            rig.final(said.at(-1)!);
          }
          if (step === 'partial') rig.partial('so far');
          if (step === 'config') rig.text('{"config": {}}');
          if (step === 'ack') {
            acknowledgedMs = rig.native.audio.length / 16;
            rig.native.say({ type: 'ack', acknowledgedMs });
            answerMarkers();
          }
          expect(rig.sent.length).toBeLessThanOrEqual(asked);
        }
        rig.text('{"eof" : 1}');
        for (let i = 0; i <= steps.length; i++) {
          rig.native.say({ type: 'ack', acknowledgedMs: rig.native.audio.length / 16 });
          answerMarkers();
        }
        rig.native.finish();
        expect(rig.sent).toHaveLength(asked + 1);
        const heard = rig.sent.flatMap(({ text }) => (text ? text.split(' ') : []));
        expect(heard).toEqual(said);
      }),
      { numRuns: 200 },
    );
  });
});
