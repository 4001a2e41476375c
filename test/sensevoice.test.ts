import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Hypothesis,
  type Recognizer,
  SAMPLE_RATE,
  type SpeechSegment,
} from '../inference/recognizer.ts';
import { forGpus, type SenseVoiceGraphs } from '../inference/sensevoice/layout.ts';
import { SenseVoice } from '../inference/sensevoice/sensevoice.ts';
import { ThreadedRecognizers } from '../inference/threads/threaded-recognizers.ts';
import { describeRecognizer, segment } from './contract/recognizer.contract.ts';
import { clip, threadUrl } from './support/models.ts';
import { recognizerOf } from './support/recognizer-pools.ts';
import { SenseVoiceModels } from './support/sensevoice-models.ts';

const models = new SenseVoiceModels();
afterAll(() => models.remove());

let floats: SenseVoiceGraphs;
let bytes: SenseVoiceGraphs;
let nano: SenseVoiceGraphs;
let speech: Float32Array;
beforeAll(async () => {
  floats = await models.open({ packaging: 'sherpa-onnx', seed: 3 });
  bytes = await models.open({ packaging: 'funasr', seed: 4, quantized: true });
  nano = await models.open({ packaging: 'fun-asr-nano', seed: 5 });
  speech = await clip('1688-142285-0005.flac');
});

describeRecognizer({
  name: 'SenseVoice in floats',
  create: () => SenseVoice.load(floats, 'cpu'),
  // Its weights are random: it hears something, but no words.
  real: false,
});
describeRecognizer({
  name: 'SenseVoice in bytes',
  create: () => SenseVoice.load(bytes, 'cpu'),
  real: false,
});
describeRecognizer({
  name: 'Fun-ASR-Nano',
  create: () => SenseVoice.load(nano, 'cpu'),
  real: false,
});
describeRecognizer({
  name: 'SenseVoice on threads',
  create: async () =>
    recognizerOf(
      await ThreadedRecognizers.start({
        workerUrl: threadUrl('recognizer-thread'),
        models: [bytes, floats],
        devices: ['cpu', 'cpu'],
      }),
      1,
    ),
  real: false,
});

describe('SenseVoice for GPUs', () => {
  test.each(['sherpa-onnx', 'funasr'] as const)(
    'hears of padded rows what it hears of each alone, in the packaging of %s',
    async (packaging) => {
      const graphs = await models.open({ packaging, seed: 6 });
      const [alone, padding] = await Promise.all(
        [graphs, forGpus(graphs)].map((each) => SenseVoice.load(each, 'cpu')),
      );
      expect(padding!.capabilities.batching).toBe('any');
      const rows = [0.2, 3.7, 1, 2.9, 1.05, 4].map((seconds) =>
        segment(speech.slice(0, seconds * SAMPLE_RATE)),
      );
      const expected = [];
      for (const row of rows) expected.push(...(await alone!.decode([row])).hypotheses);
      const { hypotheses } = await padding!.decode(rows);
      const told = (list: readonly Hypothesis[]) =>
        list.map(({ tokens, words, language, emotion }) => ({
          ...{ tokens, language, emotion },
          words: words!.map(({ text, startMs, endMs }) => ({ text, startMs, endMs })),
        }));
      expect(told(hypotheses)).toEqual(told(expected));
      for (const [i, { meanLogProb }] of hypotheses.entries())
        expect(meanLogProb ?? 0).toBeCloseTo(expected[i]!.meanLogProb ?? 0, 4);
      await Promise.all([alone!.close(), padding!.close()]);
    },
  );

  test('leaves graphs alone that take no lengths', () => {
    expect(forGpus(nano).pads).toBe(false);
    expect(forGpus(bytes).pads).toBe(false);
  });
});

describe('SenseVoice', () => {
  let model: Recognizer;
  beforeAll(async () => {
    model = await SenseVoice.load(floats, 'cpu');
  });
  afterAll(() => model.close());

  const one = async (samples: Float32Array, language: string | null = null, by = model) =>
    (await by.decode([{ samples, language }])).hypotheses[0]!;

  test('takes each of its languages by its tag, and finds one by itself without', async () => {
    const heard: Record<string, string | undefined> = {};
    const tags = [
      'zh',
      'cmn-Hans-CN',
      'zh-TW',
      'yue',
      'zh-HK',
      'zh-Hant-HK',
      'en-US',
      'ja',
      'ko',
      'EN',
      null,
    ];
    for (const tag of tags) heard[`${tag}`] = (await one(speech, tag)).language;
    expect(heard).toEqual({
      ...{ zh: 'zh', 'cmn-Hans-CN': 'zh', 'zh-TW': 'zh', yue: 'yue', 'zh-HK': 'yue', 'zh-Hant-HK': 'yue' },
      ...{ 'en-US': 'en', ja: 'ja', ko: 'ko', EN: 'en', null: 'en' },
    });
  });

  test('tells emotion and sound event beside the text, not in it', async () => {
    const { text, emotion, event } = await one(speech);
    expect({ emotion, event }).toEqual({ emotion: 'happy', event: 'laughter' });
    expect(text).not.toMatch(/[<>|▁]/);
  });

  test('asks for written text or for words as they are spoken, as it was opened', async () => {
    const written = await SenseVoice.load({ ...floats, itn: true }, 'cpu');
    const [spoken, itn] = [await one(speech), await one(speech, null, written)];
    await written.close();
    expect(itn.tokens).not.toEqual(spoken.tokens);
  });

  test('tells when each word is said, in order and within the segment', async () => {
    for (const samples of [speech, speech.slice(0, 9000)]) {
      const { words, text } = await one(samples);
      expect(words!.map((word) => word.text).join('')).toBe(text.replaceAll(' ', ''));
      let before = 0;
      for (const { startMs, endMs, confidence } of words!) {
        expect(startMs).toBeGreaterThanOrEqual(before);
        expect(endMs).toBeGreaterThan(startMs);
        expect(endMs).toBeLessThanOrEqual(samples.length / 16);
        expect(confidence).toBeGreaterThan(0);
        expect(confidence).toBeLessThanOrEqual(1);
        before = startMs;
      }
    }
  });

  test.each(['in floats', 'in bytes', 'of Fun-ASR-Nano'])(
    'hears the same, to the last bit, in any company: a model %s',
    async (which) => {
      const graphs = { 'in floats': floats, 'in bytes': bytes, 'of Fun-ASR-Nano': nano }[which]!;
      const by = await SenseVoice.load(graphs, 'cpu');
      const at = (from: number, length: number): SpeechSegment =>
        segment(speech.subarray(from, from + length));
      const rows = [
        at(0, 24_000),
        at(9000, 24_000),
        at(3000, 17_123),
        at(20_000, 24_100),
        at(100, 17_123),
        at(7, 4000),
      ];
      const alone = [];
      for (const row of rows) alone.push(...(await by.decode([row])).hypotheses);
      expect((await by.decode(rows)).hypotheses).toEqual(alone);
      expect((await by.decode([...rows].reverse())).hypotheses).toEqual([...alone].reverse());
      const loud = { ...segment(speech.map((sample) => 20 * sample).subarray(0, 24_000)), language: 'ko' };
      expect((await by.decode([loud, rows[0]!])).hypotheses[1]).toEqual(alone[0]);
      await by.close();
    },
  );

  test('hears nothing where not even a frame fits, alone and in company', async () => {
    const nothing = { text: '', tokens: [], meanLogProb: null, cut: null, words: [] };
    const { hypotheses } = await model.decode([segment(new Float32Array(399)), segment(speech)]);
    expect(hypotheses[0]).toEqual(nothing);
    expect(hypotheses[1]).toEqual(await one(speech));
  });

  test('hears nothing where the model says punctuation only, but tells what sound it is', async () => {
    const by = await SenseVoice.load(
      await models.open({ packaging: 'funasr', pieces: ['.', '。', ','] }),
      'cpu',
    );
    expect(await one(speech, 'ja', by)).toEqual({
      ...{ text: '', tokens: [], meanLogProb: null, cut: null, words: [] },
      ...{ language: 'ja', emotion: 'happy', event: 'laughter' },
    });
    await by.close();
  });

  test('does not look at drafts, and says so', async () => {
    expect(model.capabilities.drafts).toBe(false);
    const { hypotheses } = await model.decode([{ ...segment(speech), draft: [5, 6, 7] }]);
    expect(hypotheses[0]).toEqual(await one(speech));
  });

  test('takes half a minute, and 16 of it at once', async () => {
    const long = new Float32Array(30 * SAMPLE_RATE);
    for (let at = 0; at + speech.length < long.length; at += speech.length) long.set(speech, at);
    const { hypotheses } = await model.decode(Array.from({ length: 16 }, () => segment(long)));
    expect(new Set(hypotheses.map(({ text }) => text)).size).toBe(1);
    expect(hypotheses[0]!.words!.at(-1)!.endMs).toBeGreaterThan(25_000);
  });

  test('fails a batch whose answer is not of the shape it was told of', async () => {
    const contradicted = { ...floats, layout: { ...floats.layout, tagPositions: 3 } };
    const by = await SenseVoice.load(contradicted, 'cpu');
    await expect(by.decode([segment(speech)])).rejects.toThrow('it is no SenseVoice');
    await by.close();
  });
});
