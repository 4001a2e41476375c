import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { join, readClips, silence } from '../support/audio.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { speak, textOf } from './speech.ts';

describe('A server of Moonshine', () => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await startRoundtable(['--devices', 'cpu']);
  });
  afterAll(() => server.stop());

  it('listens for the hot words of a stream, and of no other that speaks meanwhile', async () => {
    const clips = await readClips();
    const samples = join(clips[1]!.samples, silence(1000));
    const [plain, keen] = await Promise.all([
      speak(server, samples),
      speak(server, samples, { hotWords: ['Helstone', '赫尔斯通'] }),
    ]);
    expect(keen.all('ready')[0]!.hotWords).toEqual({ supported: true, used: 1, ignored: ['赫尔斯通'] });
    expect(textOf(plain)).not.toContain('Helstone');
    expect(textOf(keen)).toContain('Helstone');
  });
});
