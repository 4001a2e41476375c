import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ModelFilesError } from '../inference/model-files-error.ts';
import { GraphBuilder } from '../inference/onnx/graph-builder.ts';
import { ElementType } from '../inference/onnx/onnx-model.ts';
import { type GraphChoice, openSenseVoice } from '../inference/sensevoice/open-sensevoice.ts';
import { shippedMoonshine, sileroFile } from './support/models.ts';
import { openFolder, SenseVoiceModels } from './support/sensevoice-models.ts';
import { TINY_PIECES, type TinySenseVoiceOptions } from './support/tiny-sensevoice.ts';

const models = new SenseVoiceModels();
afterAll(() => models.remove());

const sherpa = { packaging: 'sherpa-onnx' } as const;
const funasr = { packaging: 'funasr' } as const;

describe('openSenseVoice', () => {
  test("knows sherpa-onnx' export by its inputs and metadata", async () => {
    const { model, tokens, layout } = await models.open(sherpa);
    expect([model, tokens].map((path) => path.split('/').at(-1))).toEqual(['model.onnx', 'tokens.txt']);
    expect(layout).toMatchObject({
      ...{ packaging: 'sherpa-onnx', features: 'x', logits: 'logits', tagPositions: 4, blank: 0 },
      ...{ vocabularySize: TINY_PIECES.length, sampleScale: 32_768, stackWindow: 7, stackStep: 6 },
      queries: { lengths: 'x_length', language: 'language', textNormalisation: 'text_norm', withItn: 14 },
      languages: ['zh', 'en', 'yue', 'ja', 'ko'],
    });
  });

  test("knows FunASR's by its inputs, and reads am.mvn and config.yaml", async () => {
    const { layout, tokens } = await models.open(funasr);
    const { layout: twin } = await models.open(sherpa);
    expect(tokens.split('/').at(-1)).toBe('tokens.json');
    expect(layout).toMatchObject({
      ...{ packaging: 'funasr', features: 'speech', logits: 'ctc_logits' },
      queries: {
        ...{
          lengths: 'speech_lengths',
          textNormalisation: 'textnorm',
          languageIds: twin.queries!.languageIds,
        },
      },
    });
    expect(layout.normalisation).toEqual(twin.normalisation);
  });

  test("knows Fun-ASR-Nano's by its comment", async () => {
    const { layout } = await models.open({ packaging: 'fun-asr-nano' });
    expect(layout).toMatchObject({
      ...{
        packaging: 'fun-asr-nano',
        queries: null,
        normalisation: null,
        tagPositions: 0,
        sharesRuns: false,
      },
      ...{ blank: layout.vocabularySize - 1, languages: ['zh', 'en', 'ja'] },
    });
    const comment = 'FunAudioLLM/Fun-ASR-MLT-Nano-2512';
    const multilingual = await models.open({ packaging: 'fun-asr-nano', metadata: { comment } });
    expect(multilingual.layout.languages).toHaveLength(31);
  });

  test('lets rows share a run in floats, and not where all of them are rounded together', async () => {
    expect((await models.open(sherpa)).layout.sharesRuns).toBe(true);
    expect((await models.open({ ...sherpa, quantized: true })).layout.sharesRuns).toBe(false);
  });

  test('prefers the precision it is told to, where there are both', async () => {
    const folder = await models.write({ ...sherpa, quantized: true });
    const bytes = join(folder, 'model.int8.onnx');
    const files = { 'model.int8.onnx': bytes, 'tokens.txt': join(folder, 'tokens.txt') };
    const both = { ...files, 'model.onnx': (await models.open(sherpa)).model };
    const open = async (graph: GraphChoice, from: Readonly<Record<string, string>>) =>
      (await openSenseVoice(from, { graph, itn: true }))!.model;
    expect(await open('bytes', both)).toBe(bytes);
    expect(await open('floats', both)).toBe(both['model.onnx']);
    expect(await open('floats', files)).toBe(bytes);
    const halves = join(folder, 'model.fp16.onnx');
    await copyFile(bytes, halves);
    const all = { ...both, 'model.fp16.onnx': halves };
    expect(await open('halves', all)).toBe(halves);
    expect(await open('halves', both)).toBe(both['model.onnx']);
    expect(await open('floats', all)).toBe(both['model.onnx']);
    expect(await open('bytes', { ...all, 'model.int8.onnx': bytes })).toBe(bytes);
  });

  test('is not concerned with models of other kinds', async () => {
    const { encoder } = (await shippedMoonshine()) as { encoder: string };
    for (const files of [{}, { 'model.onnx': encoder }, { 'silero.onnx': await sileroFile() }])
      expect(await openSenseVoice(files, { graph: 'bytes', itn: true })).toBeNull();
  });

  test("reads the same vocabulary from FunASR's list and from sentencepiece's own file", async () => {
    const folder = await models.write(funasr);
    const fromList = await openFolder(folder);
    await rm(join(folder, 'tokens.json'));
    const name = 'chn_jpn_yue_eng_ko_spectok.bpe.model';
    await writeFile(join(folder, name), sentencePieceModel(TINY_PIECES));
    const fromPieces = await openFolder(folder);
    expect(fromPieces!.tokens).toBe(join(folder, name));
    expect(fromPieces!.layout).toEqual(fromList!.layout);
  });
});

describe('openSenseVoice refuses, and says why:', () => {
  const refusals: readonly (readonly [string, TinySenseVoiceOptions, (folder: string) => unknown, string])[] =
    [
      ['no vocabulary', sherpa, (folder) => rm(join(folder, 'tokens.txt')), 'There is no tokens.txt'],
      ["no am.mvn in FunASR's", funasr, (folder) => rm(join(folder, 'am.mvn')), 'needs its am.mvn'],
      [
        'am.mvn of another model',
        funasr,
        (folder) => writeFile(join(folder, 'am.mvn'), '<AddShift>\n<LearnRateCoef> 0 [ 1 2 ]'),
        'has no 560 numbers behind <AddShift>',
      ],
      [
        'another sample rate',
        funasr,
        (folder) => change(join(folder, 'config.yaml'), 'fs: 16000', 'fs: 8000'),
        'asks for fs 8000; this server can do 16000 only',
      ],
      [
        "another model's vocabulary",
        sherpa,
        (folder) => writeFile(join(folder, 'tokens.txt'), '<blank> 0\na 1\n'),
        `tokens, ${TINY_PIECES.length} against 2`,
      ],
      [
        "a vocabulary too short for FunASR's",
        funasr,
        (folder) => writeFile(join(folder, 'tokens.json'), JSON.stringify(TINY_PIECES.slice(1))),
        `tokens, ${TINY_PIECES.length} against ${TINY_PIECES.length - 1}`,
      ],
      [
        'a hole in the vocabulary',
        sherpa,
        (folder) => writeFile(join(folder, 'tokens.txt'), '<blank> 0\na 2\n'),
        'id 1 is missing',
      ],
      [
        'no vocabulary but something else',
        sherpa,
        (folder) => writeFile(join(folder, 'tokens.txt'), '<html>\nNot found\n'),
        'line 1 is not a piece, a space and its id',
      ],
      ...['vocab_size', 'with_itn', 'lang_yue', 'lfr_window_shift', 'normalize_samples'].map(
        (key) =>
          [
            `metadata without ${key}`,
            { ...sherpa, metadata: { [key]: undefined } },
            () => {},
            `has no ${key}`,
          ] as const,
      ),
      [
        'metadata that is no number',
        { ...sherpa, metadata: { lang_zh: 'three' } },
        () => {},
        "'three' for lang_zh",
      ],
      [
        'too few means',
        { ...sherpa, metadata: { neg_mean: '1,2,3' } },
        () => {},
        'no 560 numbers for neg_mean',
      ],
      [
        'metadata that contradicts the graph',
        { packaging: 'fun-asr-nano', metadata: { lfr_window_size: '5' } },
        () => {},
        'features in a frame, 560 against 400',
      ],
      [
        'a blank outside the vocabulary',
        { packaging: 'fun-asr-nano', metadata: { blank_id: '60514' } },
        () => {},
        'the blank token, 60514',
      ],
      [
        'an encoder without its queries',
        funasr,
        (folder) => writeGraph(folder, ['speech'], 'encoder_out'),
        'takes speech without its queries',
      ],
      [
        'an export that lacks an input',
        funasr,
        (folder) => writeGraph(folder, ['speech', 'speech_lengths', 'language'], 'ctc_logits'),
        'no input called textnorm; it has speech, speech_lengths, language',
      ],
      [
        'an export that lacks its output',
        funasr,
        (folder) => writeGraph(folder, ['speech', 'speech_lengths', 'language', 'textnorm'], 'encoder_out'),
        'no output called ctc_logits; it has encoder_out',
      ],
      [
        'an export for two segments at once',
        funasr,
        (folder) => writeGraph(folder, ['speech', 'speech_lengths', 'language', 'textnorm'], 'ctc_logits', 2),
        'only takes 2 segments at once',
      ],
      [
        'half a file',
        sherpa,
        async (folder) => {
          const file = join(folder, 'model.onnx');
          await writeFile(file, (await readFile(file)).subarray(0, 5000));
        },
        'is no ONNX model, or is cut off',
      ],
    ];

  test.each(refusals)('%s', async (_, options, spoil, sentence) => {
    const folder = await models.write(options);
    await spoil(folder);
    const refusal = await openFolder(folder).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ModelFilesError);
    expect((refusal as Error).message).toContain(sentence);
    expect((refusal as Error).message).toMatch(/[.:][^.]*$/);
  });
});

async function change(file: string, from: string, to: string): Promise<void> {
  await writeFile(file, (await readFile(file, 'utf8')).replace(from, to));
}

/** A graph with these inputs, in place of the folder's. */
async function writeGraph(
  folder: string,
  inputs: readonly string[],
  output: string,
  rows: number | string = 'N',
): Promise<void> {
  const graph = new GraphBuilder();
  for (const name of inputs) {
    const features = name === 'speech';
    graph.input(
      name,
      features ? ElementType.float32 : ElementType.int32,
      features ? ['N', 'T', 560] : [rows],
    );
  }
  graph.output(output, ElementType.float32, ['N', 'T', TINY_PIECES.length]);
  await writeFile(join(folder, 'model.onnx'), graph.build('incomplete'));
}

/** A sentencepiece model of nothing but pieces: field 1 of the model, with field 1 of each piece. */
function sentencePieceModel(pieces: readonly string[]): Uint8Array {
  const field = (bytes: Uint8Array) => Buffer.concat([Buffer.from([0x0a, bytes.length]), bytes]);

  return Buffer.concat(pieces.map((piece) => field(field(Buffer.from(piece)))));
}
