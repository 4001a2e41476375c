import { copyFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MoonshineFiles } from '../inference/moonshine/moonshine-files.ts';
import { Failure } from '../server/failure.ts';
import { isModelPath, recogniseModel } from '../server/model-store/recognise-model.ts';
import { shippedMoonshine, sileroFile } from './support/models.ts';
import { SenseVoiceModels } from './support/sensevoice-models.ts';

describe('A model at a path', () => {
  const models = new SenseVoiceModels();
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roundtable-kinds-'));
  });
  afterAll(async () => {
    await models.remove();
    await rm(folder, { recursive: true });
  });

  test('is told from one in the catalogue by its slash', () => {
    expect(['./sense', '/srv/models/x', 'models/x', '.', '..'].map(isModelPath)).not.toContain(false);
    expect(['moonshine-tiny-en', 'silero-v6', 'a.b'].map(isModelPath)).not.toContain(true);
  });

  test.each(['sherpa-onnx', 'funasr', 'fun-asr-nano'] as const)(
    'is SenseVoice as %s has it',
    async (packaging) => {
      const path = await models.write({ packaging });
      await writeFile(join(path, 'README.md'), 'What else is there changes nothing.');
      const model = await recogniseModel(path);
      expect(model).toMatchObject({ adapter: 'sensevoice', name: path.split('/').at(-1) });
      expect(model.languages).toContain('zh');
      expect(model.contentHash).toMatch(/^[0-9a-f]{64}$/);
      expect(Object.keys(model.files)).not.toContain('README.md');
      expect(await recogniseModel(join(path, 'model.onnx'))).toMatchObject({ adapter: 'sensevoice' });
    },
  );

  test('is called as clients can ask for it, however its folder is spelt', async () => {
    const path = join(folder, ' de\u0301butante');
    await cp(await models.write({ packaging: 'sherpa-onnx' }), path, { recursive: true });
    expect(await recogniseModel(path)).toMatchObject({ name: 'd\u00e9butante' });
  });

  test('is another for other weights, and the same for the same', async () => {
    const hashes = [];
    for (const seed of [1, 1, 2])
      hashes.push((await recogniseModel(await models.write({ packaging: 'sherpa-onnx', seed }))).contentHash);
    expect(hashes[1]).toBe(hashes[0]);
    expect(hashes[2]).not.toBe(hashes[0]);
  });

  test('is Moonshine by its two graphs', async () => {
    const { encoder, decoder } = (await shippedMoonshine()) as unknown as MoonshineFiles;
    const path = join(folder, 'moonshine');
    await mkdir(path);
    await copyFile(encoder, join(path, 'encoder_model.onnx'));
    await copyFile(decoder, join(path, 'decoder_model_merged.onnx'));
    expect(await recogniseModel(path)).toMatchObject({ adapter: 'moonshine', languages: ['en'] });
  });

  test('is Silero by its inputs', async () => {
    expect(await recogniseModel(await sileroFile())).toMatchObject({ adapter: 'silero', languages: ['*'] });
  });

  test('is refused in a sentence when it is of no kind, incomplete, or not there', async () => {
    const strange = join(folder, 'strange');
    await mkdir(strange);
    await writeFile(join(strange, 'weights.bin'), 'x');
    const incomplete = await models.write({ packaging: 'funasr' });
    await rm(join(incomplete, 'am.mvn'));
    for (const [path, sentence] of [
      [strange, 'is no model of a kind that is known'],
      [strange, 'It has weights.bin.'],
      [incomplete, 'needs its am.mvn'],
      [join(folder, 'nowhere'), 'There is no model at'],
    ] as const) {
      const refusal = await recogniseModel(path).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(Failure);
      expect((refusal as Error).message).toContain(sentence);
    }
  });
});
