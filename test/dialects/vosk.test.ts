import { describe, expect, test } from 'vitest';
import { VOSK } from '../../server/dialects/vosk/vosk.ts';
import { StreamError } from '../../server/errors.ts';
import { ConversationRig, requestOf } from '../support/conversation-rig.ts';
import { beginVosk as begin } from '../support/vosk-rig.ts';

describe("Vosk's conversation", () => {
  test('begins with the first audio, at 8 kHz unless told otherwise', () => {
    const rig = new ConversationRig(VOSK);
    rig.text({ config: {} });
    expect(rig.native.start).toBeNull();
    rig.binary(320);
    expect(rig.native.start).toEqual({ type: 'start', sampleRate: 8000, encoding: 'pcm_s16le', words: true });
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

  test('tells words as the recogniser timed them, each with its own confidence', () => {
    const rig = begin();
    expect(rig.native.start).toMatchObject({ words: true });
    const words = [
      { text: 'One,', startMs: 1040, endMs: 1200, confidence: 0.7 },
      { text: 'two.', startMs: 1600, endMs: 1900, confidence: 0.5 },
    ];
    rig.final('One, two.', { startMs: 1000, endMs: 2000, confidence: 0.6, words });
    rig.binary(2);
    expect(rig.sent).toEqual([
      {
        result: [
          { conf: 0.7, end: 1.2, start: 1.04, word: 'One,' },
          { conf: 0.5, end: 1.9, start: 1.6, word: 'two.' },
        ],
        text: 'One, two.',
      },
    ]);
    expect(begin({ words: false }).native.start).toMatchObject({ words: false });
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
