import { describe, expect, test } from 'vitest';
import { LevelVad } from '../inference/doubles/level-vad.ts';
import { Silero } from '../inference/silero/silero.ts';
import { ThreadedVad } from '../inference/threads/threaded-vad.ts';
import { WINDOW_SAMPLES } from '../inference/vad.ts';
import { describeVad } from './contract/vad.contract.ts';
import { clip, sileroFile, threadUrl } from './support/models.ts';

describeVad({ name: 'Silero', create: async () => Silero.load(await sileroFile(), 'cpu') });

describeVad({
  name: 'ThreadedVad',
  create: async () => ThreadedVad.start({ workerUrl: threadUrl('vad-thread'), file: await sileroFile() }),
});

describeVad({ name: 'LevelVad', create: async () => new LevelVad() });

describe('Silero', () => {
  test('remembers how the last window ended, and hears the next one by it', async () => {
    const vad = await Silero.load(await sileroFile(), 'cpu');
    const samples = (await clip('1688-142285-0002.flac')).slice(0, 20 * WINDOW_SAMPLES);
    const [first] = await vad.detect([{ windows: samples.slice(), state: vad.initialState() }]);
    expect(first!.state.slice(-64)).toEqual(samples.slice(-64));
    const forgetful = first!.state.slice();
    forgetful.fill(0, -64);
    const next = samples.slice(5 * WINDOW_SAMPLES, 6 * WINDOW_SAMPLES);
    const [recalling, without] = await vad.detect([
      { windows: next.slice(), state: first!.state },
      { windows: next.slice(), state: forgetful },
    ]);
    expect(recalling!.probabilities).not.toEqual(without!.probabilities);
    await vad.close();
  });
});

describe('ThreadedVad', () => {
  test('does not start without its model', async () => {
    const starting = ThreadedVad.start({ workerUrl: threadUrl('vad-thread'), file: '/nowhere/vad.onnx' });
    await expect(starting).rejects.toThrow('/nowhere/vad.onnx');
  });
});
