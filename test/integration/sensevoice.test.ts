import { rm } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Clip, join, readClips, silence } from '../support/audio.ts';
import { sileroFile } from '../support/models.ts';
import { type RunningServer, runRoundtable, startRoundtable } from '../support/running-server.ts';
import { SenseVoiceModels } from '../support/sensevoice-models.ts';
import { speak, textOf } from './speech.ts';

const models = new SenseVoiceModels();
let server: RunningServer;
let clips: readonly Clip[];

beforeAll(async () => {
  const folder = await models.write({ packaging: 'sherpa-onnx', seed: 3 });
  [server, clips] = await Promise.all([
    startRoundtable(['--model', folder, '--devices', 'cpu']),
    readClips(),
  ]);
});
afterAll(async () => {
  await server.stop();
  await models.remove();
});

describe('A server of a SenseVoice in a folder', () => {
  it('captions speech in each of its languages', async () => {
    const samples = join(clips[0]!.samples, silence(1000));
    for (const language of ['zh', 'yue', 'ko', 'en-GB']) {
      const client = await speak(server, samples, { language });
      expect(client.all('final').length).toBeGreaterThan(0);
      expect(textOf(client).length).toBeGreaterThan(5);
    }
  });

  it('tells the words of finals with their times, and what else it hears', async () => {
    const samples = join(clips[0]!.samples, silence(1000));
    const client = await speak(server, samples, { words: true, language: 'auto' });
    const finals = client.all('final');
    expect(finals.length).toBeGreaterThan(0);
    for (const { text, words, startMs, endMs, ...told } of finals) {
      expect(words!.map((word) => word.text).join('')).toBe(text.replaceAll(' ', ''));
      let before = startMs;
      for (const word of words!) {
        expect(word.startMs).toBeGreaterThanOrEqual(before);
        expect(word.endMs).toBeGreaterThanOrEqual(word.startMs);
        before = word.endMs;
      }
      expect(before).toBeLessThanOrEqual(endMs);
      // What the tiny model answers to its query for any language, for an event and for an emotion.
      expect(told).toMatchObject({ language: 'en', emotion: 'happy', event: 'laughter' });
    }
  });

  it('says that a caption is in the language that was asked for', async () => {
    const client = await speak(server, join(clips[1]!.samples, silence(1000)), { language: 'ko-KR' });
    expect(client.all('final').map(({ language }) => language)).toEqual(client.all('final').map(() => 'ko'));
  });

  it('says the same to one speaker as to four at once', async () => {
    const samples = join(clips[1]!.samples, silence(1000));
    const alone = await speak(server, samples, { partials: false });
    const together = await Promise.all([0, 1, 2, 3].map(() => speak(server, samples, { partials: false })));
    expect(together.map(textOf)).toEqual([0, 1, 2, 3].map(() => textOf(alone)));
  });

  it('refuses a language that the model does not have', async () => {
    await expect(speak(server, silence(100), { language: 'de' })).rejects.toThrow();
  });
});

describe('A server of a model that was imported', () => {
  it('serves it by its name', async () => {
    const directory = await models.write({ packaging: 'funasr' });
    const folder = await models.write({ packaging: 'funasr', seed: 4 });
    const here = ['--models-dir', directory];
    await runRoundtable(['models', 'import', folder, '--name', 'house-model', ...here]);
    const own = await startRoundtable([
      ...['--model', 'house-model', '--vad-model', await sileroFile(), '--devices', 'cpu'],
      ...here,
    ]);
    try {
      const ready = await (await fetch(`${own.url}/readyz`)).json();
      expect(ready).toMatchObject({ models: { recognizers: [{ name: 'house-model' }] } });
      const client = await speak(own, join(clips[0]!.samples, silence(1000)), { language: 'zh' });
      expect(textOf(client).length).toBeGreaterThan(5);
    } finally {
      await own.stop();
    }
  });
});

describe('A server of a folder that is no model', () => {
  it('ends with a sentence', async () => {
    const folder = await models.write({ packaging: 'sherpa-onnx' });
    await rm(joinPath(folder, 'tokens.txt'));
    const { code, stderr } = await runRoundtable(['serve', '--port', '0', '--model', folder]);
    expect(code).toBe(1);
    expect(stderr).toContain(
      'There is no tokens.txt beside the model: copy that file of its export as well.',
    );
    expect(stderr).not.toContain('    at ');
  });
});
