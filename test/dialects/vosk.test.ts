import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VOSK } from '../../server/dialects/vosk/vosk.ts';
import { StreamError } from '../../server/errors.ts';
import { ConversationRig, requestOf } from '../support/conversation-rig.ts';

/** One that was let in. @param config what the client sends first. */
function begin(config: object = {}): ConversationRig {
  const rig = new ConversationRig(VOSK);
  rig.text({ config });
  rig.binary(0);
  rig.native.ready();
  rig.sent.length = 0;

  return rig;
}

describe("Vosk's conversation", () => {
  test('begins with the first audio, at 8 kHz unless told otherwise', () => {
    const rig = new ConversationRig(VOSK);
    rig.text({ config: {} });
    expect(rig.native.start).toBeNull();
    rig.binary(320);
    expect(rig.native.start).toEqual({ type: 'start', sampleRate: 8000, encoding: 'pcm_s16le' });
    rig.native.ready();
    expect(rig.native.heard).toEqual(['start', 320]);
    expect(rig.sent).toEqual([{ partial: '' }]);
  });

  test.each([
    ['{ "config" : { "sample_rate" : 16000 } }', 16_000],
    ['{"config":{"sample_rate":48000.0}}', 48_000],
    ['{"config" : {"sample_rate" : "44100", "phrase_list" : ["zero one", "[unk]"], "model" : "de"}}', 44_100],
  ])('takes the rate of %s', (config, rate) => {
    const rig = new ConversationRig(VOSK);
    rig.text(config);
    rig.binary(2);
    expect(rig.native.start).toMatchObject({ sampleRate: rate });
  });

  test('keeps the settings that it began with', () => {
    const rig = begin({ words: 0 });
    rig.text({ config: { sample_rate: 16_000, words: 1 } });
    rig.final('One.');
    rig.binary(2);
    expect(rig.sent).toEqual([{ text: 'One.' }]);
  });

  test('adds up settings that come in several messages', () => {
    const rig = new ConversationRig(VOSK);
    rig.text({ config: { sample_rate: 16_000 } });
    rig.text({ config: { words: false } });
    rig.binary(0);
    rig.native.ready();
    expect(rig.native.start).toMatchObject({ sampleRate: 16_000 });
    rig.final('One.');
    rig.binary(2);
    expect(rig.last).toEqual({ text: 'One.' });
  });

  test('answers each audio message once: with a final that has come since, or what is being said', () => {
    const rig = begin({ words: false });
    rig.binary(320);
    rig.partial('One two');
    rig.binary(320);
    rig.binary(320);
    rig.final('One, two.');
    rig.final('Three.');
    rig.partial('Fo');
    for (let i = 0; i < 4; i++) rig.binary(320);
    expect(rig.sent).toEqual([
      { partial: '' },
      { partial: 'One two' },
      { partial: 'One two' },
      { text: 'One, two.' },
      { text: 'Three.' },
      { partial: 'Fo' },
      { partial: 'Fo' },
    ]);
  });

  test('answers empty messages and torn samples too', () => {
    const rig = begin();
    for (const bytes of [0, 1, 1, 3]) rig.binary(bytes);
    expect(rig.sent).toHaveLength(4);
    expect(rig.native.audio).toHaveLength(4);
  });

  test('takes back what was shown and came to nothing', () => {
    const rig = begin();
    for (const end of [() => rig.final(''), () => rig.lost()]) {
      rig.partial('Hm');
      rig.binary(2);
      end();
      rig.binary(2);
    }
    expect(rig.sent).toEqual([{ partial: 'Hm' }, { partial: '' }, { partial: 'Hm' }, { partial: '' }]);
  });

  test('goes on showing what is being said when the final before it comes late', () => {
    const rig = begin({ words: false });
    rig.partial('Two', { segmentId: 1 });
    rig.final('One.', { segmentId: 0 });
    rig.binary(2);
    rig.binary(2);
    expect(rig.sent).toEqual([{ text: 'One.' }, { partial: 'Two' }]);
  });

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

  test('answers eof once, with all that is left as one, and closes', () => {
    const rig = begin({ words: false });
    rig.binary(320);
    rig.text('{"eof" : 1}');
    rig.binary(320);
    rig.text('{"eof" : 1}');
    expect(rig.sent).toHaveLength(1);
    rig.final('One.');
    rig.final('Two.');
    rig.native.finish();
    expect(rig.native.heard).toEqual(['start', 320, 'stop']);
    expect(rig.sent.slice(1)).toEqual([{ text: 'One. Two.' }]);
    expect(rig.closes).toEqual([{ code: 1000, reason: '' }]);
  });

  test('answers eof without audio before it', () => {
    const rig = new ConversationRig(VOSK);
    rig.text('{"eof":1}');
    rig.native.ready();
    rig.native.finish();
    expect(rig.sent).toEqual([{ text: '' }]);
  });

  test('answers reset with what there is until then, in its place among the replies, and goes on', () => {
    const rig = begin({ words: false });
    rig.text('{ "reset": 1 }');
    rig.binary(320);
    rig.final('One.');
    rig.final('Two.');
    expect(rig.sent).toEqual([]);
    rig.native.say({ type: 'marker', id: 0 });
    expect(rig.native.heard).toEqual(['start', 'flush', 'marker 0', 320]);
    expect(rig.sent).toEqual([{ text: 'One. Two.' }, { partial: '' }]);
    rig.text('{"reset" : 1}');
    rig.native.say({ type: 'marker', id: 1 });
    expect(rig.last).toEqual({ text: '' });
  });

  test.each(['', 'nonsense', '[]', '"eof"', '{"speech":1}', 'null'])('leaves %j aside', (text) => {
    const rig = begin();
    rig.text(text);
    rig.binary(2);
    expect(rig.sent).toEqual([{ partial: '' }]);
    expect(rig.closes).toEqual([]);
  });

  test.each(['config', '{"config": 5}', '{"config": {', '{"config": null}'])('refuses %j', (text) => {
    const rig = new ConversationRig(VOSK);
    rig.text(text);
    expect(rig.closes).toEqual([{ code: 4400, reason: 'bad-message' }]);
  });

  test('closes with the code of the native protocol when the stream fails, and what is left when the server goes', () => {
    const failed = begin();
    failed.native.fault(new StreamError('busy'));
    expect(failed.closes).toEqual([{ code: 4503, reason: 'busy' }]);
    const drained = begin({ words: false });
    drained.final('One.');
    drained.native.finish();
    expect(drained.sent).toEqual([{ text: 'One.' }]);
    expect(drained.closes).toEqual([{ code: 1001, reason: '' }]);
  });

  test('spreads words over their caption, with its confidence, in seconds', () => {
    const rig = begin();
    rig.final('One, two', { startMs: 1000, endMs: 1900 });
    rig.binary(2);
    expect(rig.sent).toEqual([
      {
        result: [
          { conf: 0.9, end: 1.5, start: 1, word: 'One,' },
          { conf: 0.9, end: 1.9, start: 1.5, word: 'two' },
        ],
        text: 'One, two',
      },
    ]);
  });

  test('tells no confidence that it does not have', () => {
    const rig = begin({ partial_words: true });
    rig.partial('One', { startMs: 0, endMs: 500 });
    rig.binary(2);
    expect(rig.last).toEqual({ partial: 'One', partial_result: [{ end: 0.5, start: 0, word: 'One' }] });
  });

  test('gives the one alternative that there is where several are asked for', () => {
    const rig = begin({ max_alternatives: 3, words: false });
    rig.final('One.', { confidence: 0.8 });
    rig.binary(2);
    rig.final('Two.', { confidence: 0.7 });
    rig.final('Three.', { confidence: 0.9 });
    rig.text('{"reset": 1}');
    rig.native.say({ type: 'marker', id: 0 });
    expect(rig.sent).toEqual([
      { alternatives: [{ confidence: 0.8, text: 'One.' }] },
      { alternatives: [{ confidence: 0.7, text: 'Two. Three.' }] },
    ]);
  });

  test('says all at once when far more is left to say than there are messages to answer', () => {
    const rig = begin({ words: false });
    for (let i = 0; i < 101; i++) rig.final(`${i}`);
    rig.binary(2);
    rig.binary(2);
    expect(String(rig.sent[0]?.text).split(' ')).toHaveLength(101);
    expect(rig.sent[1]).toEqual({ partial: '' });
  });

  test('is for the meeting and by the speaker that the address names, with the key that it names', () => {
    const query = new URLSearchParams('meeting=standup&speaker=Ada&key=k1');
    const rig = new ConversationRig(VOSK, { query });
    rig.binary(2);
    expect(rig.native.start).toMatchObject({ meeting: 'standup', speaker: 'Ada' });
    expect(VOSK.greet(requestOf({ query })).key).toBe('k1');
    expect(VOSK.greet(requestOf({ query, authorization: 'Bearer k2' })).key).toBe('k2');
    expect(VOSK.greet(requestOf({ offered: ['roundtable.key.k3'] })).key).toBe('k3');
    expect(VOSK.greet(requestOf()).key).toBeNull();
    expect(() => VOSK.greet(requestOf({ query: new URLSearchParams('meeting=') }))).toThrow(StreamError);
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
