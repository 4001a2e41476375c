import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadMoonshine } from '../inference/moonshine/load-moonshine.ts';
import type { HotWord, Recognizer, SpokenWord } from '../inference/recognizer.ts';
import { readResult } from '../inference/sherpa/heard.ts';
import { withMarks } from '../inference/sherpa/marked-words.ts';
import { parseResult } from '../inference/sherpa/parse-result.ts';
import { Sherpa } from '../inference/sherpa/sherpa.ts';
import type { SherpaGraphs } from '../inference/sherpa/sherpa-graphs.ts';
import { readTokens } from '../inference/sherpa/tokens.ts';
import { describeRecognizer, segment } from './contract/recognizer.contract.ts';
import { readClips } from './support/audio.ts';
import { clip, shippedMoonshine } from './support/models.ts';
import { hearDirectly } from './support/sherpa-direct.ts';
import { packMoonshine } from './support/sherpa-moonshine.ts';
import { rewritingFst } from './support/tiny-fst.ts';
import { writeTinyNano } from './support/tiny-nano.ts';
import { punctuationGraph } from './support/tiny-punctuation-graph.ts';
import { openFolder, TINY_KINDS, TinySherpaModels, writeBpeVocab } from './support/tiny-sherpa.ts';

const models = new TinySherpaModels();
let moonshine: SherpaGraphs;
beforeAll(async () => {
  const folder = await models.folder();
  await packMoonshine(folder);
  moonshine = await openFolder(folder);
});
afterAll(() => models.remove());

describeRecognizer({
  name: 'Moonshine through sherpa-onnx',
  create: () => Sherpa.load(moonshine),
  real: true,
});

for (const kind of TINY_KINDS) {
  describeRecognizer({
    name: `A tiny ${kind} through sherpa-onnx`,
    create: async () => Sherpa.load(await models.open(kind)),
    // Of random weights, which hear something in silence as well.
    real: false,
  });
}

const heardBy = async (recognizer: Recognizer, samples: Float32Array, language: string | null = null) =>
  (await recognizer.decode([{ samples, language }])).hypotheses[0]!;
const spaced = (text: string) => text.replace(/\s+/g, ' ').trim();

describe('A model through sherpa-onnx', () => {
  test.each(TINY_KINDS)('is heard as by sherpa-onnx itself: %s', async (kind) => {
    const folder = await models.write(kind, { seed: 3 });
    const hear = hearDirectly(folder, kind);
    const graphs = await openFolder(folder);
    const { ids, areCapitals } = await readTokens(graphs);
    const recognizer = await Sherpa.load(graphs);
    let heard = 0;
    for (const { samples } of await readClips()) {
      for (const share of [1, 0.37]) {
        const part = samples.slice(0, Math.max(8000, samples.length * share));
        const expected = hear(part);
        const { text, tokens } = await heardBy(recognizer, part);
        const written = spaced(expected.text.replaceAll('<unk>', ''));
        expect(text).toBe(areCapitals ? written.toLowerCase() : written);
        expect(tokens).toEqual(expected.tokens.map((token) => ids.get(token)));
        heard += tokens.length;
      }
    }
    expect(heard).toBeGreaterThan(50);
    await recognizer.close();
  });

  test('hears what the other adapter hears from the same graphs', async () => {
    const sherpa = await Sherpa.load(moonshine);
    const own = await loadMoonshine(await shippedMoonshine(), 'cpu');
    const clips = await readClips();
    let same = 0;
    for (const { samples } of clips) {
      const [theirs, ours] = [await heardBy(sherpa, samples), await heardBy(own, samples)];
      if (theirs.text === ours.text) same++;
    }
    console.info(`Moonshine through sherpa-onnx: the same text in ${same} of ${clips.length} clips`);
    // The two have an onnxruntime each, and on other processors a last bit may tip over between two likely tokens.
    expect(same).toBeGreaterThanOrEqual(clips.length - 1);
    await Promise.all([sherpa.close(), own.close()]);
  });

  test.each(TINY_KINDS.filter((kind) => kind !== 'whisper'))(
    'tells when each word was said: %s',
    async (kind) => {
      const recognizer = await Sherpa.load(await models.open(kind, { seed: 3 }));
      const samples = await clip('2414-128291-0000.flac');
      const { text, words, meanLogProb } = await heardBy(recognizer, samples);
      expect(words!.map((word) => word.text).join('')).toBe(text.replaceAll(' ', ''));
      expect(words!.length).toBeGreaterThan(3);
      let before = 0;
      for (const { startMs, endMs, confidence } of words!) {
        expect(startMs).toBeGreaterThanOrEqual(before);
        expect(endMs).toBeGreaterThan(startMs);
        // Transducers tell how sure they are.
        expect(confidence === undefined).toBe(meanLogProb === null);
        before = startMs;
      }
      expect(words!.at(-1)!.endMs).toBeLessThanOrEqual(samples.length / 16);
      await recognizer.close();
    },
  );

  test('tells the times of words of byte-level pieces, as its Chinese releases have them', async () => {
    // 对, 我 and 做 as the bytes of each, 绍 in three pieces, and an English word.
    const pieces = ['▁ƌŕş', '▁ƍĩĴ', '▁ƌĢĽ', '▁Ǝ', 'š', 'Į', '▁THE', '▁'];
    const graphs = await models.open('zipformer-transducer', { pieces });
    const { areBytes } = await readTokens(graphs);
    expect([areBytes, (await readTokens(await models.open('zipformer-transducer'))).areBytes]).toEqual([
      ...[true, false],
    ]);
    // What sherpa-onnx' page of its release of 2025-07-03 shows of a recording.
    const tokens = ['▁ƌŕş', '▁ƍĩĴ', '▁ƌĢĽ', '▁ƋŠħ', '▁ƋšĬ', '▁Ǝ', 'š', 'Į'];
    const timestamps = [0.16, 0.32, 0.48, 0.64, 0.8, 0.96, 1, 1.08];
    const rest = { durations: [], ys_log_probs: [], lang: '', emotion: '', event: '' };
    const result = { tokens, timestamps, text: '对我做了介绍', ...rest };
    const { words } = readResult(
      result,
      result.text,
      'zipformer-ctc',
      { ids: new Map(), areBytes, areCapitals: false },
      5000,
    );
    expect(words!.map(({ text, startMs }) => [text, startMs])).toEqual(
      Array.from('对我做了介绍', (text, i) => [text, timestamps[i]! * 1000]),
    );
  });

  test('writes in small letters what a model of capitals alone has heard, bytes of other characters among it', async () => {
    const pieces = ['▁THE', '▁CAF', '<0xC3>', '<0x89>', 'S'];
    const vocabulary = await readTokens(await models.open('zipformer-transducer', { pieces }));
    const tokens = [' THE', ' CAF', '<0xC3>', '<0xA9>', 'S'];
    const rest = { durations: [], ys_log_probs: [], lang: '', emotion: '', event: '' };
    const result = { tokens, timestamps: [0.1, 0.2, 0.3, 0.3, 0.4], text: 'THE CAFéS', ...rest };
    const heard = readResult(result, result.text, 'transducer', vocabulary, 1000);
    expect([heard.text, heard.words!.map(({ text }) => text)]).toEqual(['the cafés', ['the', 'cafés']]);
    const mixed = await readTokens(
      await models.open('zipformer-transducer', { pieces: [...pieces, '▁the'] }),
    );
    expect(readResult(result, result.text, 'transducer', mixed, 1000).text).toBe('THE CAFéS');
  });

  test('says nothing of a character whose bytes it has not all heard', () => {
    const result = { tokens: ['▁THE', '▁Ǝ'], timestamps: [0.1, 0.2], text: 'THE \uFFFD' };
    const rest = { durations: [], ys_log_probs: [], lang: '', emotion: '', event: '' };
    const vocabulary = { ids: new Map(), areBytes: true, areCapitals: false };
    const heard = readResult({ ...result, ...rest }, result.text, 'transducer', vocabulary, 1000);
    expect([heard.text, heard.words!.map(({ text }) => text)]).toEqual(['THE', ['THE']]);
  });

  test('lets the event loop turn after a batch, which is when its streams are freed', async () => {
    const recognizer = await Sherpa.load(await models.open('zipformer-ctc'));
    let hasTurned = false;
    setImmediate(() => {
      hasTurned = true;
    });
    await heardBy(recognizer, new Float32Array(8000));
    expect(hasTurned).toBe(true);
    await recognizer.close();
  });

  test('tells no times where its model tells none', async () => {
    expect(
      await heardBy(await Sherpa.load(moonshine), await clip('1688-142285-0002.flac')),
    ).not.toHaveProperty('words');
  });
});

describe('Whisper through sherpa-onnx', () => {
  let whisper: Sherpa;
  let speech: Float32Array;
  beforeAll(async () => {
    whisper = await Sherpa.load(await models.open('whisper', { seed: 3 }));
    speech = await clip('2414-128291-0000.flac');
  });
  afterAll(() => whisper.close());

  test('is asked for a language by each segment, in one batch as by itself', async () => {
    const languages = ['de', null, 'zh-Hans-CN', 'cmn', 'en-GB', null];
    const alone = [];
    for (const language of languages) alone.push(await heardBy(whisper, speech, language));
    expect(alone.map(({ language }) => language)).toEqual([
      'de',
      alone[1]!.language,
      'zh',
      'zh',
      'en',
      alone[1]!.language,
    ]);
    const batch = languages.slice(0, 4).map((language) => ({ samples: speech, language }));
    expect((await whisper.decode(batch)).hypotheses).toEqual(alone.slice(0, 4));
  });

  test('hears what it hears where it is asked for a language that it does not have', async () => {
    expect(await heardBy(whisper, speech, 'tlh')).toEqual(await heardBy(whisper, speech));
  });

  test('knows the languages that its metadata has, or English alone', async () => {
    expect(whisper.capabilities.languages).toEqual(['en', 'de', 'zh']);
    const english = await models.open('whisper', { metadata: { is_multilingual: '0' } });
    expect(english.languages).toEqual(['en']);
  });
});

describe('Fun-ASR-Nano through sherpa-onnx', () => {
  const open = async (hotWords = '') => {
    const folder = await models.folder();
    await writeTinyNano(folder, 3);
    if (hotWords) await writeFile(join(folder, 'hotwords.txt'), hotWords);

    return Sherpa.load(await openFolder(folder));
  };

  describeRecognizer({ name: 'A tiny Fun-ASR-Nano through sherpa-onnx', create: () => open(), real: false });

  test('is told the hot words that lie beside it, and takes none of a stream', async () => {
    const plain = await open();
    const told = await open('会议\n你好\n');
    const speech = await clip('2414-128291-0000.flac');
    expect((await heardBy(told, speech)).text).not.toBe((await heardBy(plain, speech)).text);
    expect(plain.capabilities.hotWords).toBe(false);
  });
});

describe('What sherpa-onnx writes of a result', () => {
  const json = (text: string, numbers: string) =>
    `{"lang": "", "emotion": "", "event": "", "text": "${text}", "timestamps": [${numbers}], "durations": [], "tokens":["${text}"], "ys_log_probs": [${numbers}], "words": []}`;

  test('is read where it has line breaks, and numbers that are none', () => {
    const result = parseResult(json('one\n\u0007two', '0.04, -inf, nan, -nan(ind)'));
    expect(result.text).toBe('one  two');
    expect(result.ys_log_probs).toEqual([0.04, Number.NaN, Number.NaN, Number.NaN]);
  });

  test('has the words that look like such numbers', () => {
    for (const text of ['my nan, inf]', '[nan, -inf]', ' \\"timestamps\\": [nan]'])
      expect(parseResult(json(text, '1')).text).toBe(JSON.parse(`"${text}"`));
  });
});

describe('Audio that is no sound', () => {
  test.each(TINY_KINDS)('leaves the process alive, and the recogniser as it was: %s', async (kind) => {
    const recognizer = await Sherpa.load(await models.open(kind));
    const speech = (await clip('2414-128291-0000.flac')).slice(0, 16_000);
    const before = await heardBy(recognizer, speech);
    for (const sample of [Number.NaN, Number.POSITIVE_INFINITY, 1e38, -1e-42])
      for (const length of [1, 20_000]) await heardBy(recognizer, new Float32Array(length).fill(sample));
    expect(await heardBy(recognizer, speech)).toEqual(before);
    await recognizer.close();
  });
});

describe('Hot words through sherpa-onnx', () => {
  let transducer: Sherpa;
  let speech: Float32Array;
  beforeAll(async () => {
    const folder = await models.write('zipformer-transducer');
    await writeBpeVocab(folder);
    transducer = await Sherpa.load(await openFolder(folder));
    speech = await clip('1688-142285-0002.flac');
  });
  afterAll(() => transducer.close());

  const hear = async (...words: readonly HotWord[]) => {
    const hotWords = { key: JSON.stringify(words), words };

    return (await transducer.decode([{ ...segment(speech), hotWords }])).hypotheses[0]!.text;
  };
  const threes = (text: string) => text.split('three').length - 1;

  test('are heard more, by their weight, in their segment only', async () => {
    expect(transducer.capabilities.hotWords).toBe(true);
    const plain = await heardBy(transducer, speech);
    expect(threes(await hear({ text: 'Three', weight: 1 }))).toBeGreaterThan(threes(plain.text));
    expect(threes(await hear({ text: 'three', weight: 4 }))).toBeGreaterThan(
      threes(await hear({ text: 'three', weight: 1 })),
    );
    expect((await heardBy(transducer, speech)).text).toBe(plain.text);
  });

  test('change nothing where the model cannot write them, or they mean something to sherpa-onnx', async () => {
    const { text: plain } = await heardBy(transducer, speech);
    for (const text of [
      '你好',
      'three 3',
      'THREE/A',
      'A :x',
      ':',
      '#1',
      '@a',
      '',
      ' ',
      'THREE\nA',
      'naïve',
      '<unk>',
    ])
      expect(await hear({ text, weight: 8 })).toBe(plain);
    expect(await hear({ text: 'A', weight: Number.NaN })).toBe(plain);
  });

  test('may be ten thousand', async () => {
    const words = Array.from({ length: 10_000 }, (_, i) => ({ text: `speaker ${i.toString(2)}`, weight: 1 }));
    const spelt = words.map(({ text, weight }) => ({
      text: text.replaceAll('0', 'A').replaceAll('1', 'B'),
      weight,
    }));
    expect(await hear(...words)).toBe((await heardBy(transducer, speech)).text);
    expect(await hear(...spelt)).not.toBe('');
  });

  test('are not taken by a model without the pieces to spell them, nor by one of another kind', async () => {
    for (const kind of TINY_KINDS) expect((await models.open(kind)).hotWords).toBe(null);
  });
});

describe('What lies beside a model', () => {
  const hear = async (folder: string) => {
    const recognizer = await Sherpa.load(await openFolder(folder));

    return heardBy(recognizer, await clip('2414-128291-0000.flac'));
  };

  test('rewrites its text by rules: then there are no times of words', async () => {
    const folder = await models.write('zipformer-transducer');
    const plain = await hear(folder);
    expect(plain.text).toContain('you');
    await writeFile(join(folder, 'itn.fst'), rewritingFst({ YOU: 'U' }));
    const { text, words } = await hear(folder);
    expect(text).toBe(plain.text.replaceAll('you', 'u'));
    expect(plain.words!.length).toBeGreaterThan(0);
    expect(words).toBe(undefined);
  });

  test('puts in punctuation, of the words as well', async () => {
    const folder = await models.write('paraformer');
    const plain = await hear(folder);
    const inner = join(folder, 'punctuation');
    await mkdir(inner);
    await writeFile(join(inner, 'model.onnx'), punctuationGraph(['好', '你']));
    const { text, words } = await hear(folder);
    expect(plain.text).toContain('好');
    expect(text).toContain('好，');
    expect(words!.map((word) => word.text).join('')).toBe(text.replaceAll(' ', ''));
    expect(words!.map(({ startMs }) => startMs)).toEqual(plain.words!.map(({ startMs }) => startMs));
    expect(text.replace(/[\s\p{P}]/gu, '')).toBe(plain.text.replace(/[\s\p{P}]/gu, ''));
  });
});

describe('Words whose text was given marks', () => {
  const WORD = fc.constantFrom('hello', 'you', '你', '好', "don't", 'a');
  const MARK = fc.constantFrom('', ',', '.', '。', '，', '?!');
  const at = (text: string, i: number): SpokenWord => ({ text, startMs: i, endMs: i + 1 });

  test('have all of it, each mark with the word before it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(WORD, MARK, fc.constantFrom('', ' ')), { minLength: 1 }), (parts) => {
        const text = parts.map((part) => part.join('')).join('');
        const marked = withMarks(
          parts.map(([word], i) => at(word, i)),
          text,
        );
        expect(marked!.map((word) => word.text)).toEqual(parts.map(([word, mark]) => word + mark));
        expect(marked!.map(({ startMs }) => startMs)).toEqual(parts.map((_, i) => i));
      }),
    );
  });

  test('are given up where it says something else', () => {
    const words = ['one', 'hundred'].map(at);
    for (const text of ['100', 'one hundred and', 'one', 'one thousand', ''])
      expect(withMarks(words, text)).toBe(null);
    expect(withMarks(words, '"One hundred"')).toBe(null);
    expect(withMarks(words, '"one" hundred')!.map((word) => word.text)).toEqual(['"one"', 'hundred']);
  });
});
