import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FUNASR } from '../../server/dialects/funasr/funasr.ts';
import { StreamError } from '../../server/errors.ts';
import { ConversationRig, requestOf } from '../support/conversation-rig.ts';

interface Result {
  readonly mode?: string;
  readonly text?: string;
  readonly wav_name: string;
  readonly is_final: boolean;
  readonly is_end?: boolean;
}

const FIRST = {
  mode: '2pass',
  chunk_size: [5, 10, 5],
  chunk_interval: 10,
  encoder_chunk_look_back: 4,
  decoder_chunk_look_back: 0,
  audio_fs: 16_000,
  wav_name: 'demo',
  wav_format: 'pcm',
  is_speaking: true,
  hotwords: '{"阿里巴巴":20}',
  itn: true,
};

/** One that has sent a second of audio, and was let in. @param fields of its first message. */
function begin(fields: object = {}): ConversationRig<Result> {
  const rig = new ConversationRig<Result>(FUNASR);
  rig.text({ ...FIRST, ...fields });
  rig.binary(32_000);
  rig.native.ready();

  return rig;
}

/** Answers every marker that was asked for. */
function passMarkers({ native }: ConversationRig<Result>): void {
  for (const heard of native.heard.splice(0)) {
    const marker = /^marker (\d+)$/.exec(String(heard));
    if (marker) native.say({ type: 'marker', id: Number(marker[1]) });
  }
}

function shortly({ mode, text, is_final }: Result): readonly unknown[] {
  return [mode, text, is_final];
}

describe("FunASR's conversation", () => {
  test('begins with the first audio, as the first message describes it', () => {
    const rig = new ConversationRig<Result>(FUNASR);
    rig.text({ ...FIRST, audio_fs: 8000 });
    expect(rig.native.start).toBeNull();
    rig.binary(960);
    expect(rig.native.start).toEqual({
      ...{ type: 'start', sampleRate: 8000, encoding: 'pcm_s16le', partials: true },
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
    const rig = new ConversationRig<Result>(FUNASR);
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
      ['online', ' two three.', false],
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

  test.each([
    { is_speaking: false },
    { is_finished: true },
    { is_speaking: false, mode: '2pass', wav_name: 'demo' },
  ])('ends the utterance with %j, and marks its last message', (end) => {
    const rig = begin();
    rig.final('One.');
    rig.text(end);
    rig.final('Two.');
    rig.final('Three.');
    expect(rig.sent.map(shortly)).toEqual([
      ['2pass-offline', 'One.', false],
      ['2pass-offline', ' Two.', false],
    ]);
    passMarkers(rig);
    expect(shortly(rig.last!)).toEqual(['2pass-offline', ' Three.', true]);
    expect(rig.sent).toHaveLength(3);
    expect(rig.closes).toEqual([]);
  });

  test('marks an empty message when nothing is left to say, or nothing was said', () => {
    const rig = begin();
    rig.final('One.');
    rig.text({ is_speaking: false });
    passMarkers(rig);
    expect(rig.last).toEqual({ text: '', wav_name: 'demo', is_final: true });
    const silent = new ConversationRig<Result>(FUNASR);
    silent.text({ is_speaking: false });
    silent.native.ready();
    passMarkers(silent);
    expect(silent.sent).toEqual([{ text: '', wav_name: 'wav-default-id', is_final: true }]);
  });

  test('answers is_end behind all results', () => {
    const rig = begin();
    rig.text({ is_speaking: false, is_end: true });
    rig.final('One.');
    passMarkers(rig);
    expect(rig.sent.map(shortly)).toEqual([
      ['2pass-offline', 'One.', true],
      ['2pass', undefined, true],
    ]);
    expect(rig.last).toEqual({ mode: '2pass', wav_name: 'demo', is_final: true, is_end: true });
  });

  test('goes on with another utterance on the same connection, whose times and names are its own', () => {
    const rig = begin();
    rig.text({ is_speaking: false });
    rig.text({ ...FIRST, wav_name: 'second' });
    rig.binary(64_000);
    rig.partial('Two', { startMs: 1100, endMs: 1500, segmentId: 1, stableChars: 3 });
    rig.final('One.', { startMs: 0, endMs: 900, segmentId: 0 });
    passMarkers(rig);
    rig.final('Two.', { startMs: 1100, endMs: 1900, segmentId: 1 });
    rig.text({ is_speaking: false });
    passMarkers(rig);
    expect(rig.sent).toMatchObject([
      { text: 'One.', wav_name: 'demo', is_final: true, start_time: 0, index: 0 },
      { text: 'Two.', wav_name: 'second', is_final: false, start_time: 100, end_time: 900, index: 0 },
      { text: '', wav_name: 'second', is_final: true },
    ]);
  });

  test('lets no half sample of one utterance tear the next', () => {
    const rig = begin();
    rig.binary(1);
    rig.text({ is_speaking: false });
    rig.binary(Uint8Array.of(1, 2));
    expect(rig.native.heard).toEqual(['start', 32_000, 2, 'flush', 'marker 0', 2]);
    expect(rig.native.audio.slice(-4)).toEqual([0, 0, 1, 2]);
  });

  test('takes no other rate on the same connection', () => {
    const rig = begin();
    rig.text({ is_speaking: false });
    rig.text({ ...FIRST, audio_fs: 8000 });
    rig.binary(2);
    expect(rig.closes).toEqual([{ code: 4422, reason: 'out-of-range' }]);
  });

  test('says that it takes PCM only, where FunASR says it: at the end', () => {
    const rig = new ConversationRig<Result>(FUNASR);
    rig.text({ ...FIRST, wav_format: 'mp3' });
    rig.binary(1001);
    rig.text({ is_speaking: false, is_end: true });
    rig.native.ready();
    expect(rig.native.audio).toEqual([]);
    passMarkers(rig);
    const text = 'ERROR. Real-time transcription service ONLY SUPPORT PCM stream.';
    expect(rig.sent).toEqual([
      { text, wav_name: 'demo', is_final: true },
      { mode: '2pass', wav_name: 'demo', is_final: false, is_end: true, error: text },
    ]);
    const capital = new ConversationRig<Result>(FUNASR);
    capital.text({ ...FIRST, wav_format: 'PCM' });
    capital.binary(2);
    expect(capital.native.start).not.toBeNull();
  });

  test.each(['', 'nonsense', '5', 'null', '{'])('refuses %j', (text) => {
    const rig = new ConversationRig<Result>(FUNASR);
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
    const rig = new ConversationRig<Result>(FUNASR, { query });
    rig.binary(2);
    expect(rig.native.start).toMatchObject({ meeting: 'standup', speaker: 'Ada' });
  });
});

/** What a client shows that appends words as they come, and has each sentence take the place of its words. */
function shownTo2pass(results: readonly Result[]): string {
  let [sentences, words] = ['', ''];
  for (const { mode, text = '' } of results) {
    if (mode === '2pass-online') words += text;
    else if (mode === '2pass-offline') [sentences, words] = [sentences + text, ''];
  }

  return sentences + words;
}

const word = fc.constantFrom('one', 'two,', "it's", 'four.');
const caption = fc.record({
  final: fc.array(word, { maxLength: 6 }),
  partials: fc.array(fc.record({ words: fc.array(word, { maxLength: 6 }), stable: fc.nat(30) }), {
    maxLength: 4,
  }),
});

describe("FunASR's conversation, whatever is heard,", () => {
  test('leaves a client that corrects itself with the finals alone', () => {
    fc.assert(
      fc.property(fc.array(caption, { maxLength: 6 }), fc.nat(6), (captions, endBefore) => {
        const rig = begin();
        for (const [i, { partials, final }] of captions.entries()) {
          if (i === endBefore) rig.text({ is_speaking: false });
          for (const { words, stable } of partials) {
            const text = words.join(' ');
            // Nothing of an utterance lies beyond its end.
            rig.partial(text, { stableChars: Math.min(stable, text.length), segmentId: i, endMs: 1 });
          }
          rig.final(final.join(' '), { segmentId: i });
        }
        if (endBefore >= captions.length) rig.text({ is_speaking: false });
        passMarkers(rig);
        const said = captions.flatMap(({ final }) => final).join(' ');
        expect(shownTo2pass(rig.sent)).toBe(said);
        expect(rig.sent.map(({ is_final }) => is_final)).toEqual(
          rig.sent.map((_, i) => i === rig.sent.length - 1),
        );
      }),
    );
  });

  test('has told a client that only appends all finals word by word, where what was stable stayed', () => {
    const growing = fc.record({
      final: fc.array(word, { minLength: 1, maxLength: 6 }),
      stable: fc.array(fc.nat(30), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(growing, { maxLength: 6 }), (captions) => {
        const rig = begin({ mode: 'online' });
        for (const [i, { final, stable }] of captions.entries()) {
          const text = final.join(' ');
          for (const stableChars of stable) {
            const kept = Math.min(stableChars, text.length);
            rig.partial(`${text.slice(0, kept)}x y`, { stableChars: kept, segmentId: i });
          }
          rig.final(text, { segmentId: i });
        }
        rig.text({ is_speaking: false });
        passMarkers(rig);
        const said = captions.map(({ final }) => final.join(' ')).join(' ');
        const told = rig.sent.map(({ text }) => text).join('');
        expect(told).toBe(said);
      }),
    );
  });
});
