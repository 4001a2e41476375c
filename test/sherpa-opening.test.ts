import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ModelFilesError } from '../inference/model-files-error.ts';
import { languagesOf } from '../inference/sherpa/languages.ts';
import { openSherpa } from '../inference/sherpa/open-sherpa.ts';
import { recogniseModel } from '../server/model-store/recognise-model.ts';
import { ModelStore } from '../server/model-store/store.ts';
import { SenseVoiceModels } from './support/sensevoice-models.ts';
import { packMoonshine } from './support/sherpa-moonshine.ts';
import { punctuationGraph } from './support/tiny-punctuation-graph.ts';
import {
  filesOf,
  openFolder,
  PIECES,
  TINY_KINDS,
  TinySherpaModels,
  writeBpeVocab,
} from './support/tiny-sherpa.ts';

const models = new TinySherpaModels();
const senseVoice = new SenseVoiceModels();
afterAll(() => Promise.all([models.remove(), senseVoice.remove()]));

/** A folder of empty files. */
async function folderOf(names: readonly string[], name?: string): Promise<string> {
  const folder = await models.folder(name);
  for (const file of names) {
    await mkdir(join(folder, file, '..'), { recursive: true });
    await writeFile(join(folder, file), file.endsWith('tokens.txt') ? 'YQ== 0\n' : '');
  }

  return folder;
}

const FAMILIES = {
  'zipformer-ctc': 'zipformer-ctc',
  'nemo-ctc': 'nemo-ctc',
  paraformer: 'paraformer',
  'zipformer-transducer': 'transducer',
  'nemo-transducer': 'nemo-transducer',
  whisper: 'whisper',
} as const;
const NANO = [
  ...['encoder_adaptor.int8.onnx', 'llm.int8.onnx', 'embedding.int8.onnx'],
  ...['Qwen3-0.6B/tokenizer.json', 'Qwen3-0.6B/vocab.json', 'Qwen3-0.6B/merges.txt'],
];
const MOONSHINE_V1 = [
  ...[
    'preprocess.onnx',
    'encode.int8.onnx',
    'uncached_decode.int8.onnx',
    'cached_decode.int8.onnx',
    'tokens.txt',
  ],
];

describe('A folder as sherpa-onnx packs it', () => {
  test.each(TINY_KINDS)('is found by what its graphs say: %s', async (kind) => {
    const folder = await models.write(kind);
    await mkdir(join(folder, 'test_wavs'));
    await writeFile(join(folder, 'test_wavs', '0.wav'), '');
    expect((await openFolder(folder)).model.family).toBe(FAMILIES[kind]);
    const recognised = await recogniseModel(folder);
    expect(recognised).toMatchObject({ adapter: 'sherpa', name: 'model' });
    expect((await openSherpa(recognised.files))!.model).toEqual((await openFolder(folder)).model);
  });

  test.each(TINY_KINDS)('is run in bytes where it has both: %s', async (kind) => {
    const folder = await models.write(kind);
    const floats = await openFolder(folder);
    expect(JSON.stringify(floats.model)).not.toContain('int8');
    const both = await models.write(kind, { ending: '.int8.onnx' });
    for (const [name, path] of Object.entries(await filesOf(folder))) await rename(path, join(both, name));
    const { model } = await openFolder(both);
    const graphs = Object.values(model).filter((path) => String(path).endsWith('.onnx'));
    expect(graphs.length).toBeGreaterThan(0);
    expect(graphs.every((path) => String(path).endsWith('.int8.onnx'))).toBe(true);
  });

  test('is Fun-ASR-Nano by the names of its parts', async () => {
    const folder = await folderOf(NANO);
    expect(await openFolder(folder)).toMatchObject({
      model: {
        family: 'fun-asr-nano',
        tokenizer: join(folder, 'Qwen3-0.6B'),
        llm: join(folder, 'llm.int8.onnx'),
      },
      tokens: null,
      languages: ['zh', 'en', 'ja'],
      punctuates: true,
      writesDigits: true,
      hotWords: null,
    });
  });

  test('is Fun-ASR-Nano with hot words where a file has some, but not too many', async () => {
    const folder = await folderOf(NANO);
    await writeFile(join(folder, 'hotwords.txt'), '张三丰\n Kubernetes,\n\n朱元璋，刘备\n');
    const { model } = await openFolder(folder);
    expect(model).toMatchObject({ hotWords: ['张三丰', 'Kubernetes', '朱元璋', '刘备'] });
    expect((await recogniseModel(folder)).files).toHaveProperty('hotwords.txt');
    await writeFile(join(folder, 'hotwords.txt'), 'word\n'.repeat(101));
    await expect(openFolder(folder)).rejects.toThrow('has 101 words');
  });

  test('is Moonshine by the names of its four graphs, or of two with a vocabulary beside them', async () => {
    const name = 'sherpa-onnx-moonshine-base-ja-quantized';
    const four = await openFolder(await folderOf(MOONSHINE_V1));
    expect(four).toMatchObject({ model: { family: 'moonshine-v1' }, base64: true, languages: ['*'] });
    const two = await folderOf(['encoder_model.ort', 'decoder_model_merged.ort', 'tokens.txt'], name);
    expect(await openFolder(two)).toMatchObject({ model: { family: 'moonshine' }, languages: ['ja'] });
    const packed = await models.folder();
    await packMoonshine(packed);
    expect(await recogniseModel(packed)).toMatchObject({ adapter: 'sherpa' });
    await rm(join(packed, 'tokens.txt'));
    expect(await recogniseModel(packed)).toMatchObject({ adapter: 'moonshine' });
  });

  test('is opened as plain data, which can be sent to threads', async () => {
    const graphs = await models.open('whisper');
    expect(structuredClone(graphs)).toEqual(graphs);
  });

  test('is imported with what lies in folders inside it', async () => {
    const folder = await folderOf(NANO, 'nano');
    const directory = await models.folder('store');
    const store = new ModelStore({ directory });
    await store.import(folder, null);
    const { adapter, files } = await store.resolve('nano');
    expect(adapter).toBe('sherpa');
    expect((await openSherpa(files))!.model).toMatchObject({
      tokenizer: join(directory, 'nano', 'Qwen3-0.6B'),
    });
  });

  test('may be named by one of its graphs, if that is all of the model', async () => {
    const single = await models.write('paraformer');
    expect(await recogniseModel(join(single, 'model.onnx'))).toMatchObject({ adapter: 'sherpa' });
    const parts = await models.write('whisper');
    await expect(recogniseModel(join(parts, 'tiny-encoder.onnx'))).rejects.toThrow('name the folder');
  });

  test('is none of its models when it is SenseVoice', async () => {
    for (const packaging of ['sherpa-onnx', 'funasr', 'fun-asr-nano'] as const)
      expect(await openSherpa(await filesOf(await senseVoice.write({ packaging })))).toBe(null);
  });

  test('has the rules and the punctuation that lie beside the model', async () => {
    const folder = await models.write('paraformer');
    for (const name of ['itn_zh_number.fst', 'b.fst', 'rules.far']) await writeFile(join(folder, name), '');
    const inner = join(folder, 'sherpa-onnx-punct-ct-transformer-zh-en-vocab272727-2024-04-12');
    await mkdir(inner);
    await writeFile(join(inner, 'model.onnx'), punctuationGraph(['你', '好']));
    expect(await openFolder(folder)).toMatchObject({
      ruleFsts: [join(folder, 'b.fst'), join(folder, 'itn_zh_number.fst')],
      ruleFars: [join(folder, 'rules.far')],
      punctuation: join(inner, 'model.onnx'),
      punctuates: true,
      writesDigits: true,
    });
    const names = Object.keys((await recogniseModel(folder)).files);
    expect(names).toContain('itn_zh_number.fst');
    expect(names.some((name) => name.endsWith('/model.onnx'))).toBe(true);
  });

  test('may have tokens that only decoding graphs need', async () => {
    const folder = await models.write('zipformer-ctc');
    const path = join(folder, 'tokens.txt');
    const tokens = await readFile(path, 'utf8');
    const { length } = tokens.trimEnd().split('\n');
    await writeFile(path, `${tokens}#0 ${length}\n#1 ${length + 1}\n`);
    expect(await openFolder(folder)).toMatchObject({ tokens: path });
  });

  test('says by its vocabulary whether it writes punctuation, and digits', async () => {
    const told = async (pieces: readonly string[]) => {
      const { punctuates, writesDigits } = await models.open('nemo-transducer', { pieces });

      return [punctuates, writesDigits];
    };
    expect(await told(PIECES)).toEqual([false, false]);
    expect(await told([...PIECES, '.', ','])).toEqual([true, false]);
    expect(await told([...PIECES, '.', ',', '7'])).toEqual([true, true]);
  });

  test('takes hot words where their pieces are told, or are characters', async () => {
    const units = async (pieces: readonly string[], vocab?: readonly string[]) => {
      const folder = await models.write('zipformer-transducer', { pieces });
      if (vocab) await writeBpeVocab(folder, vocab);

      return (await openFolder(folder)).hotWords?.unit;
    };
    const han = Array.from({ length: 200 }, (_, i) => String.fromCodePoint(0x4e00 + i));
    expect(await units(PIECES)).toBe(undefined);
    expect(await units(PIECES, PIECES)).toBe('bpe');
    expect(await units(han)).toBe('cjkchar');
    expect(await units([...PIECES, ...han], PIECES)).toBe('cjkchar+bpe');
    await expect(units(PIECES, ['▁STRANGE'])).rejects.toThrow('▁STRANGE');
  });
});

describe('The languages of a folder', () => {
  test.each([
    ['sherpa-onnx-zipformer-en-2023-06-26', '', ['en']],
    ['sherpa-onnx-nemo-parakeet_tdt_ctc_110m-en-36000-int8', '', ['en']],
    ['sherpa-onnx-nemo-fast-conformer-ctc-be-de-en-es', '', ['be', 'de', 'en', 'es']],
    ['sherpa-onnx-zipformer-cantonese-2024-03-13', '', ['yue']],
    ['sherpa-onnx-nemo-ctc-giga-am-v2-russian-2025', '', ['ru']],
    ['model', 'https://huggingface.co/nvidia/parakeet-tdt-0.6b-v2', ['en']],
    ['model', '', ['*']],
  ])('are told by its name, or the address of the original: %s %s', (name, url, languages) => {
    expect(languagesOf(name, new Map([['url', url]]), 'nemo-ctc', ['▁the'])).toEqual(languages);
  });

  test('are 25 for the third Parakeet', () => {
    const url = 'https://huggingface.co/nvidia/parakeet-tdt-0.6b-v3';
    expect(languagesOf('model', new Map([['url', url]]), 'nemo-transducer', [])).toHaveLength(25);
  });

  test('are told by scripts that are one language only, and by all of the pieces of Paraformer', () => {
    expect(languagesOf('model', new Map(), 'transducer', ['あ', '東'])).toEqual(['ja']);
    expect(languagesOf('model', new Map(), 'transducer', ['東'])).toEqual(['zh']);
    expect(
      languagesOf('sherpa-onnx-paraformer-zh-2023-09-14', new Map(), 'paraformer', ['你', 'the']),
    ).toEqual(['zh', 'en']);
  });
});

describe('A folder that sherpa-onnx could not run', () => {
  const refusal = async (folder: string): Promise<string> => {
    const error = await openSherpa(await filesOf(folder)).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ModelFilesError);

    return (error as Error).message;
  };

  test.each([
    ['zipformer-transducer', 'joiner-epoch-99-avg-1.onnx', 'has no joiner-epoch-99-avg-1.int8.onnx or'],
    ['nemo-transducer', 'decoder.onnx', 'has no decoder.int8.onnx or decoder.onnx'],
    ['whisper', 'tiny-decoder.onnx', 'is Whisper, but has no tiny-decoder.int8.onnx'],
    ['whisper', 'tiny-tokens.txt', 'has no tiny-tokens.txt'],
    ['paraformer', 'tokens.txt', 'is Paraformer, but has no tokens.txt'],
    ['nemo-ctc', 'tokens.txt', 'has no tokens.txt'],
  ] as const)('is named by the file that it lacks: %s without %s', async (kind, file, sentence) => {
    const folder = await models.write(kind);
    await rm(join(folder, file));
    expect(await refusal(folder)).toContain(sentence);
  });

  test.each([...NANO.slice(1), ...MOONSHINE_V1.slice(2)])(
    'is named by the file that it lacks: %s',
    async (file) => {
      const all = NANO.includes(file) ? NANO : MOONSHINE_V1;
      expect(await refusal(await folderOf(all.filter((name) => name !== file)))).toMatch(
        / has no \S+.*: copy that file/,
      );
    },
  );

  test.each([
    ['zipformer-transducer', { decode_chunk_len: '32' }],
    ['zipformer-ctc', { comment: 'streaming zipformer2 CTC' }],
    ['nemo-transducer', { cache_last_channel_dim1: '17' }],
  ] as const)('is a streaming one: %s', async (kind, metadata) => {
    expect(await refusal(await models.write(kind, { metadata }))).toContain('is a streaming model');
  });

  test('has metadata for another vocabulary, another rate, or none that it needs', async () => {
    const other = { metadata: { vocab_size: '8404' } };
    for (const kind of ['paraformer', 'nemo-ctc', 'nemo-transducer'] as const)
      expect(await refusal(await models.write(kind, other))).toContain('belong to different models');
    const few = await models.write('zipformer-ctc');
    await writeFile(join(few, 'tokens.txt'), '<blk> 0\nA 1\n');
    expect(await refusal(few)).toContain('tokens against 2 in tokens.txt');
    const slow = await models.write('zipformer-ctc', { metadata: { sample_rate: '8000' } });
    expect(await refusal(slow)).toContain('audio at 8000 Hz');
    const bare = await models.write('paraformer', { metadata: { neg_mean: undefined } });
    expect(await refusal(bare)).toContain('has no neg_mean');
    const deaf = await models.write('whisper', { metadata: { sot_sequence: undefined } });
    expect(await refusal(deaf)).toContain('has no sot_sequence');
  });

  test('is of a kind that is not run, or several models at once', async () => {
    const canary = await models.write('whisper', { metadata: { model_type: 'EncDecMultiTaskModel' } });
    expect(await refusal(canary)).toContain('is a model of type EncDecMultiTaskModel');
    const two = await models.write('whisper');
    await rename(join(two, 'tiny-decoder.onnx'), join(two, 'base-encoder.onnx'));
    expect(await refusal(two)).toContain('encoders of several models');
  });

  test('has no list of tokens where one should be', async () => {
    const folder = await models.write('zipformer-ctc');
    for (const text of ['', 'a\nb\n', 'a 0\nb 0\n']) {
      await writeFile(join(folder, 'tokens.txt'), text);
      expect(await refusal(folder)).toContain('is no list of tokens');
    }
  });

  test('has a graph that is none', async () => {
    const folder = await models.write('paraformer');
    await writeFile(join(folder, 'model.onnx'), 'x');
    expect(await refusal(folder)).toContain('is no ONNX model');
  });
});
