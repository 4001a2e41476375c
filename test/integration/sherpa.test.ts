import { truncate } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Clip, join, readClips, silence } from '../support/audio.ts';
import type { RawClient } from '../support/raw-client.ts';
import { type RunningServer, runRoundtable, startRoundtable } from '../support/running-server.ts';
import { packMoonshine } from '../support/sherpa-moonshine.ts';
import { TinySherpaModels, writeBpeVocab } from '../support/tiny-sherpa.ts';
import { speak, textOf } from './speech.ts';

const models = new TinySherpaModels();
let clips: readonly Clip[];
beforeAll(async () => {
  clips = await readClips();
});
afterAll(() => models.remove());

describe('A server of a Moonshine that sherpa-onnx runs', () => {
  let server: RunningServer;
  beforeAll(async () => {
    const folder = await models.folder('sherpa-onnx-moonshine-tiny-en');
    await packMoonshine(folder);
    server = await startRoundtable(['--model', folder, '--devices', 'cpu,cpu']);
  });
  afterAll(() => server.stop());

  it('captions speech', async () => {
    const client = await speak(server, join(clips[0]!.samples, silence(1000)), { language: 'en' });
    expect(textOf(client).toLowerCase()).toContain('thought me so silly');
    expect(client.all('final')[0]!.model).toMatch(/^sherpa-onnx-moonshine-tiny-en@/);
  });

  it('says the same to one speaker as to four at once', async () => {
    const samples = join(clips[1]!.samples, silence(1000));
    const alone = await speak(server, samples, { partials: false });
    const together = await Promise.all([0, 1, 2, 3].map(() => speak(server, samples, { partials: false })));
    expect(together.map(textOf)).toEqual([0, 1, 2, 3].map(() => textOf(alone)));
  });
});

describe('A server of a transducer that sherpa-onnx runs', () => {
  let server: RunningServer;
  beforeAll(async () => {
    const folder = await models.write('zipformer-transducer');
    await writeBpeVocab(folder);
    server = await startRoundtable(['--model', folder, '--devices', 'cpu']);
  });
  afterAll(() => server.stop());

  it('tells the words of finals with their times, and takes any language of a model that names none', async () => {
    const client = await speak(server, join(clips[0]!.samples, silence(1000)), {
      words: true,
      language: 'tlh',
    });
    const finals = client.all('final');
    expect(finals.length).toBeGreaterThan(0);
    for (const { text, words, language } of finals) {
      expect(words!.map((word) => word.text).join('')).toBe(text.replaceAll(' ', ''));
      expect(language).toBe('tlh');
    }
    const unsaid = await speak(server, join(clips[0]!.samples, silence(1000)));
    expect(unsaid.all('final')[0]!.language).toBe('und');
  });

  it('listens for the hot words of a stream, and of no other', async () => {
    const samples = join(clips[0]!.samples, silence(1000));
    const threes = (client: RawClient) => textOf(client).toLowerCase().split('three').length - 1;
    const [plain, keen] = await Promise.all([
      speak(server, samples),
      speak(server, samples, { hotWords: [{ text: 'three', weight: 2 }, '你好'] }),
    ]);
    expect(keen.all('ready')[0]!.hotWords).toEqual({ supported: true, used: 1, ignored: ['你好'] });
    expect(threes(keen)).toBeGreaterThan(threes(plain));
    expect(textOf(await speak(server, samples))).toBe(textOf(plain));
  });
});

describe('A server of a model that sherpa-onnx cannot run', () => {
  it('ends with a sentence', async () => {
    const folder = await models.write('paraformer');
    await truncate(joinPath(folder, 'model.onnx'), 40_000);
    const cutOff = await runRoundtable(['serve', '--port', '0', '--model', folder]);
    expect(cutOff).toMatchObject({ code: 1, stderr: expect.stringContaining('cut off') });
    const wrong = await models.write('nemo-ctc', { metadata: { subsampling_factor: '-4' } });
    const { code, stderr } = await runRoundtable(['serve', '--port', '0', '--model', wrong]);
    expect(code).toBe(1);
    expect(stderr).toContain(
      "cannot be loaded: sherpa-onnx cannot run the model: Invalid value -4 for 'subsampling_factor'",
    );
    expect(stderr).not.toContain('    at ');
  });

  it('ends with a sentence where a GPU is asked for', async () => {
    const folder = await models.write('paraformer');
    const { stderr } = await runRoundtable([
      'serve',
      '--port',
      '0',
      '--model',
      folder,
      '--devices',
      'cuda:0',
    ]);
    expect(stderr).toContain('on the processor only: use --devices cpu');
  });
});
