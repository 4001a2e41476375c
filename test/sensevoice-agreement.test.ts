import { afterAll, describe, expect, test } from 'vitest';
import { readClips as readDataClips } from '../bench/data-folder.ts';
import type { Hypothesis } from '../inference/recognizer.ts';
import { SenseVoice } from '../inference/sensevoice/sensevoice.ts';
import { readVocabulary, type Vocabulary } from '../inference/sensevoice/vocabulary.ts';
import { readRecording } from '../server/recording/read-recording.ts';
import { readClips } from './support/audio.ts';
import { editDistance } from './support/edit-distance.ts';
import { SenseVoiceModels } from './support/sensevoice-models.ts';
import { type SherpaAnswer, SherpaSenseVoice } from './support/sherpa-sensevoice.ts';
import type { TinySenseVoiceOptions } from './support/tiny-sensevoice.ts';

/** A folder of recordings with references (`refs.tsv`), as the benches' `--data` names it. */
const DATA = process.env.ROUNDTABLE_SPEECH_DATA;
const LANGUAGES = ['auto', 'zh', 'en', 'yue', 'ja', 'ko'];

interface Speech {
  readonly name: string;
  readonly samples: Float32Array;
  /** A name of SenseVoice's. */
  readonly language: string;
}

type Options = TinySenseVoiceOptions & { readonly itn?: boolean };

const MODELS: readonly (readonly [string, Options])[] = [
  ['in floats', { packaging: 'sherpa-onnx', seed: 3, itn: true }],
  ['in bytes', { packaging: 'sherpa-onnx', seed: 4, quantized: true }],
  ["in FunASR's packaging, beside the same weights in sherpa-onnx'", { packaging: 'funasr', seed: 3 }],
  ['of Fun-ASR-Nano', { packaging: 'fun-asr-nano', seed: 5 }],
];
/**
 * Where a graph rounds to bytes, the last bit of a feature can tip a number over into the next byte: with random weights,
 * whose choices are close, that changes one token in a thousand.
 */
const tippedAtMost = (tokens: number) => 2 + 0.002 * tokens;

describe('SenseVoice beside sherpa-onnx, on the same files with random weights', () => {
  const models = new SenseVoiceModels();
  afterAll(() => models.remove());

  test.each(MODELS)('hears the same tokens at the same times: a model %s', async (_, options) => {
    const { tokens, errors } = await compare(models, options, await fixtures());
    expect(tokens).toBeGreaterThan(100);
    expectFew(errors, options, tokens);
  });

  if (DATA === undefined) console.info('ROUNDTABLE_SPEECH_DATA names no folder of recordings to compare.');
  test.skipIf(DATA === undefined)(
    'hears the same in every recording of the folder that ROUNDTABLE_SPEECH_DATA names',
    { timeout: 600_000 },
    async () => {
      const speech = await recordings(DATA!);
      for (const [name, options] of MODELS) {
        const { tokens, errors } = await compare(models, options, speech);
        console.info(
          `SenseVoice ${name}: ${tokens} tokens in ${speech.length} recordings, ${sum(errors)} differ`,
        );
        expect(tokens).toBeGreaterThan(10 * speech.length);
        expectFew(errors, options, tokens);
      }
    },
  );
});

/** @returns how many tokens sherpa-onnx heard, and in which recordings ours are others: how many edits away. */
async function compare(
  models: SenseVoiceModels,
  options: Options,
  speech: readonly Speech[],
): Promise<{ readonly tokens: number; readonly errors: Readonly<Record<string, number>> }> {
  const graphs = await models.open(options);
  const twin =
    options.packaging === 'funasr' ? await models.open({ ...options, packaging: 'sherpa-onnx' }) : graphs;
  const sherpa = new SherpaSenseVoice(twin);
  const vocabulary = await readVocabulary(graphs.tokens, options.packaging === 'fun-asr-nano');
  const hypotheses = await decodeAll(await SenseVoice.load(graphs, 'cpu'), speech);
  const errors: Record<string, number> = {};
  let tokens = 0;
  for (const [i, { name, samples, language }] of speech.entries()) {
    const answer = sherpa.decode(samples, language);
    tokens += answer.tokens.length;
    const edits = editDistance(ours(hypotheses[i]!, vocabulary), theirs(answer));
    if (edits > 0) errors[name] = edits;
    else if (!isTimedAlike(hypotheses[i]!, answer)) errors[`times of ${name}`] = 1;
  }

  return { tokens, errors };
}

/** None, or in bytes some. */
function expectFew(errors: Readonly<Record<string, number>>, { quantized }: Options, tokens: number): void {
  if (quantized) expect(sum(errors)).toBeLessThanOrEqual(tippedAtMost(tokens));
  else expect(errors).toEqual({});
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

async function decodeAll(model: SenseVoice, speech: readonly Speech[]): Promise<readonly Hypothesis[]> {
  const hypotheses: Hypothesis[] = [];
  for (const { samples, language } of speech) {
    const answer = await model.decode([{ samples, language: language === 'auto' ? null : language }]);
    hypotheses.push(...answer.hypotheses);
  }
  await model.close();

  return hypotheses;
}

/** Tags, then tokens, in one form for both. */
function ours({ tokens, language, emotion, event }: Hypothesis, vocabulary: Vocabulary): readonly string[] {
  const tags = [language, emotion, event].map((tag) => tag ?? '');

  return [...tags, ...tokens.map((token) => Buffer.from(vocabulary.bytes(token)).toString())];
}

function theirs({ tokens, lang, emotion, event }: SherpaAnswer): readonly string[] {
  return [...[lang, emotion, event].map((tag) => tag.replace(/[<|>]/g, '').toLowerCase()), ...tokens];
}

/** Whether each word begins with a token of theirs. They tell when its stack begins, which is half a step later. */
function isTimedAlike({ words }: Hypothesis, { positions }: SherpaAnswer): boolean {
  const begins = positions.map((position) => Math.max(0, 60 * position - 30));

  return words!.every(({ startMs }) => begins.includes(startMs));
}

async function fixtures(): Promise<readonly Speech[]> {
  const clips = await readClips();
  // Whole clips, each in another language, and beginnings of other lengths.
  return clips.flatMap(({ path, samples }, i) =>
    [1, 0.37, 0.05].map((share, j) => ({
      name: `${path}, ${share} of it`,
      samples: samples.slice(0, Math.round(samples.length * share)),
      language: LANGUAGES[(3 * i + j) % LANGUAGES.length]!,
    })),
  );
}

async function recordings(data: string): Promise<readonly Speech[]> {
  const speech: Speech[] = [];
  for (const [i, { path, language }] of (await readDataClips(data)).entries()) {
    const { samples } = await readRecording(path);
    // Every other one in whatever language the model finds.
    speech.push({ name: path, samples, language: i % 2 === 0 ? language : 'auto' });
  }

  return speech;
}
