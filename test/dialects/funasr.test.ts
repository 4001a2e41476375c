import { describe, expect, test } from 'vitest';
import { FUNASR } from '../../server/dialects/funasr/funasr.ts';
import { StreamError } from '../../server/errors.ts';
import { ConversationRig, requestOf } from '../support/conversation-rig.ts';
import { beginFunasr as begin, FIRST, type FunasrTold, passMarkers, shortly } from '../support/funasr-rig.ts';

describe("FunASR's conversation", () => {
  test('begins with the first audio, as the first message describes it', () => {
    const rig = new ConversationRig<FunasrTold>(FUNASR);
    rig.text({ ...FIRST, audio_fs: 8000 });
    expect(rig.native.start).toBeNull();
    rig.binary(960);
    expect(rig.native.start).toEqual({
      ...{ type: 'start', sampleRate: 8000, encoding: 'pcm_s16le', partials: true, words: true },
      ...{ hotWords: [{ text: '阿里巴巴', weight: 1 }], numerals: true },
    });
    rig.native.ready();
    expect(rig.native.heard).toEqual(['start', 960]);
  });

  test.each([
    ['no message before the audio', null, 16_000, true],
    [
      "the page's, which names no rate",
      { chunk_size: [5, 10, 5], mode: '2pass', is_speaking: true },
      16_000,
      true,
    ],
    ["the C++ client's, whose rate is a float", '{"audio_fs":8000.0,"mode":"online"}', 8000, true],
    ['offline, which wants no partials', { mode: 'offline', hotwords: '阿里巴巴' }, 16_000, false],
    ['a mode that nobody knows', { mode: 'best', svs_lang: 'auto', svs_itn: true }, 16_000, true],
  ])('takes %s', (_, first, sampleRate, partials) => {
    const rig = new ConversationRig<FunasrTold>(FUNASR);
    if (first) rig.text(first);
    rig.binary(960);
    expect(rig.native.start).toMatchObject({ sampleRate, partials });
  });

  test('tells words that stand as they are spoken, each once, and then the sentence in their place', () => {
    const rig = begin();
    rig.partial('The.', { stableChars: 0 });
    rig.partial('The dips of the', { stableChars: 3 });
    rig.partial('The dips of a thing', { stableChars: 11 });
    rig.partial('The dips of a thing', { stableChars: 11 });
    rig.final('The Egyptian background.', { startMs: 100, endMs: 900 });
    expect(rig.sent).toEqual([
      { mode: '2pass-online', text: 'The', slice_type: 0, index: 0, wav_name: 'demo', is_final: false },
      { mode: '2pass-online', text: ' dips of', slice_type: 1, index: 0, wav_name: 'demo', is_final: false },
      {
        ...{ mode: '2pass-offline', text: 'The Egyptian background.', slice_type: 2, index: 0 },
        ...{ start_time: 100, end_time: 900, timestamp: '[[100,228],[228,516],[516,900]]' },
        stamp_sents: [
          {
            ...{ text_seg: 'The Egyptian background', punc: '.', start: 100, end: 900 },
            ts_list: [
              [100, 228],
              [228, 516],
              [516, 900],
            ],
          },
        ],
        ...{ wav_name: 'demo', is_final: false },
      },
    ]);
  });

  test('stamps words as the recogniser timed them since the utterance began, characters each by itself', () => {
    const rig = begin();
    rig.text({ is_speaking: false });
    rig.final('');
    passMarkers(rig);
    rig.binary(32_000);
    const words = [
      { text: 'OK', startMs: 1100, endMs: 1240, confidence: 0.9 },
      { text: '今天，', startMs: 1400, endMs: 1600, confidence: 0.8 },
    ];
    rig.final('OK今天，', { startMs: 1050, endMs: 1800, words });
    expect(rig.last).toMatchObject({
      ...{ text: 'OK今天，', start_time: 50, end_time: 800 },
      // The page counts one more for the comma.
      timestamp: '[[100,240],[400,480],[480,600],[600,600]]',
      stamp_sents: [{ punc: '，', start: 100, end: 600 }],
    });
  });

  test.each([
    ['zh', 'zh'],
    ['AUTO', 'AUTO'],
    ['de', undefined],
    [undefined, undefined],
    [7, undefined],
  ])('asks for the language of %j where the model has it', (svs_lang, language) => {
    const rig = new ConversationRig<FunasrTold>(FUNASR, {}, {}, ['zh', 'en']);
    rig.text({ ...FIRST, svs_lang });
    rig.binary(960);
    expect(rig.native.start?.language).toBe(language);
  });

  test.each([
    ['{"阿里巴巴":20,"hello world":40,"x":"y"}', ['阿里巴巴 1', 'hello world 2', 'x 1']],
    ['阿里巴巴 hello', ['阿里巴巴 1', 'hello 1']],
    ['', undefined],
    ['{}', undefined],
    [{ 阿里巴巴: 40 }, ['阿里巴巴 2']],
    [
      ['hello world', '阿里巴巴'],
      ['hello world 1', '阿里巴巴 1'],
    ],
    [null, undefined],
    [undefined, undefined],
  ])('has hotwords listened for: %j', (hotwords, expected) => {
    const rig = new ConversationRig<FunasrTold>(FUNASR);
    const { hotwords: _, ...first } = FIRST;
    rig.text({ ...first, ...(hotwords !== undefined && { hotwords }) });
    rig.binary(960);
    expect(
      (rig.native.start?.hotWords as readonly object[] | undefined)?.map((word) =>
        Object.values(word).join(' '),
      ),
    ).toEqual(expected);
  });

  test('has numbers in digits where itn is asked for', () => {
    for (const itn of [true, false]) {
      const rig = new ConversationRig<FunasrTold>(FUNASR);
      rig.text({ ...FIRST, itn });
      rig.binary(960);
      expect(rig.native.start?.numerals ?? false).toBe(itn);
    }
  });

  test('parts sentences by a blank, for clients that only append', () => {
    const rig = begin();
    rig.final('One.');
    rig.partial('Two', { stableChars: 3 });
    rig.final('Two.');
    expect(rig.sent.map(({ text }) => text)).toEqual(['One.', ' Two', ' Two.']);
    const chinese = begin();
    chinese.final('今天。');
    chinese.final('好。');
    expect(chinese.sent.map(({ text }) => text)).toEqual(['今天。', '好。']);
  });

  test('takes back words that came to nothing, and says nothing of what it had not told', () => {
    const rig = begin();
    rig.final('');
    rig.lost();
    expect(rig.sent).toEqual([]);
    for (const end of [() => rig.final(''), () => rig.lost()]) {
      rig.partial('Hm', { stableChars: 2 });
      end();
    }
    expect(rig.sent.map(shortly)).toEqual([
      ['2pass-online', 'Hm', false],
      ['2pass-offline', '', false],
      ['2pass-online', 'Hm', false],
      ['2pass-offline', '', false],
    ]);
  });

  test('keeps the words of a sentence from those of the one before that is not finished', () => {
    const rig = begin();
    rig.partial('One', { segmentId: 0, stableChars: 3 });
    rig.partial('Two', { segmentId: 1, stableChars: 3 });
    rig.final('One.', { segmentId: 0 });
    rig.partial('Two three', { segmentId: 1, stableChars: 9 });
    rig.partial('Four', { segmentId: 3, stableChars: 4 });
    rig.final('', { segmentId: 2 });
    rig.final('Two three.', { segmentId: 1 });
    expect(rig.sent.map(({ text }) => text)).toEqual(['One', 'One.', ' Two three', ' Two three.']);
  });

  test('tells the words of a sentence again when the one before it has wiped them out', () => {
    const rig = begin();
    rig.partial('Two three', { segmentId: 1, stableChars: 3 });
    rig.final('', { segmentId: 0 });
    rig.partial('Two three', { segmentId: 1, stableChars: 3 });
    expect(rig.sent.map(({ text }) => text)).toEqual(['Two']);
    const wiped = begin();
    wiped.partial('Two three', { segmentId: 1, stableChars: 3 });
    wiped.final('One.', { segmentId: 0 });
    wiped.partial('Two three four', { segmentId: 1, stableChars: 9 });
    expect(wiped.sent.map(({ text }) => text)).toEqual(['Two', 'One.', ' Two three']);
  });

  test('only adds words in the mode online, the last of a sentence when it stands', () => {
    const rig = begin({ mode: 'online' });
    rig.partial('One too', { stableChars: 3 });
    rig.final('One, two three.');
    rig.partial('Hm', { stableChars: 2 });
    rig.final('');
    rig.final('Four.');
    rig.text({ is_speaking: false });
    passMarkers(rig);
    expect(rig.sent.map(shortly)).toEqual([
      ['online', 'One', false],
      ['online', ', two three.', false],
      ['online', ' Hm', false],
      ['online', ' Four.', false],
      [undefined, '', true],
    ]);
  });

  test('tells all at once in the mode offline, when the utterance has ended', () => {
    const rig = begin({ mode: 'offline' });
    rig.partial('One', { stableChars: 3 });
    rig.final('One.', { startMs: 0, endMs: 400 });
    rig.final('');
    rig.final('Two.', { startMs: 600, endMs: 1000 });
    rig.text({ is_speaking: false });
    expect(rig.sent).toEqual([]);
    passMarkers(rig);
    expect(rig.sent).toEqual([
      {
        ...{ mode: 'offline', text: 'One. Two.', slice_type: 2, index: 2 },
        ...{ start_time: 0, end_time: 1000, timestamp: '[[0,400],[600,1000]]' },
        stamp_sents: [
          { text_seg: 'One', punc: '.', start: 0, end: 400, ts_list: [[0, 400]] },
          { text_seg: 'Two', punc: '.', start: 600, end: 1000, ts_list: [[600, 1000]] },
        ],
        ...{ wav_name: 'demo', is_final: true },
      },
    ]);
  });

  test.each(['', 'nonsense', '5', 'null', '{'])('refuses %j', (text) => {
    const rig = new ConversationRig<FunasrTold>(FUNASR);
    rig.text(text);
    expect(rig.closes).toEqual([{ code: 4400, reason: 'bad-message' }]);
  });

  test('closes with the code of the native protocol when the stream fails, and answers is_end before', () => {
    const rig = begin();
    rig.text({ is_speaking: false, is_end: true });
    rig.native.fault(new StreamError('busy'));
    const { message } = new StreamError('busy');
    expect(rig.sent).toEqual([
      { mode: '2pass', wav_name: 'demo', is_final: false, is_end: true, error: message },
    ]);
    expect(rig.closes).toEqual([{ code: 4503, reason: 'busy' }]);
  });

  test('tells what there is when the server goes away', () => {
    const rig = begin({ mode: 'offline' });
    rig.final('One.');
    rig.native.finish();
    expect(rig.sent.map(shortly)).toEqual([['offline', 'One.', true]]);
    expect(rig.closes).toEqual([{ code: 1001, reason: '' }]);
  });

  test('says no more once its client is gone', () => {
    const rig = begin();
    rig.text({ is_speaking: false });
    rig.hangUp();
    rig.final('One.');
    passMarkers(rig);
    expect(rig.sent).toEqual([]);
  });

  test('agrees to the subprotocol binary, and is for the meeting that the address names', () => {
    expect(FUNASR.greet(requestOf({ offered: ['x', 'binary'] })).subprotocol).toBe('binary');
    expect(FUNASR.greet(requestOf({ offered: ['x'] })).subprotocol).toBe('');
    const query = new URLSearchParams('meeting=standup&speaker=Ada&key=k1');
    expect(FUNASR.greet(requestOf({ query })).key).toBe('k1');
    const rig = new ConversationRig<FunasrTold>(FUNASR, { query });
    rig.binary(2);
    expect(rig.native.start).toMatchObject({ meeting: 'standup', speaker: 'Ada' });
  });
});
