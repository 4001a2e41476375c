import { rm } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Clip, join, readClips, silence } from '../support/audio.ts';
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
