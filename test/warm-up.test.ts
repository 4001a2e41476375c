import { describe, expect, test } from 'vitest';
import type { Device } from '../inference/device.ts';
import { FallbackRecognizer } from '../inference/devices/fallback-recognizer.ts';
import { warmUpGpu } from '../inference/devices/warm-up.ts';
import { ScriptedRecognizer } from '../inference/doubles/scripted-recognizer.ts';
import { SAMPLE_RATE } from '../inference/recognizer.ts';

const MAX_MS = 20_000;

/** Warms a device that takes so long for a second of audio. @returns rows and seconds of its batches. */
async function warm(device: Device, msPerSecond: number, firstMs = 0): Promise<readonly [number, number][]> {
  const batches: [number, number][] = [];
  let nowMs = 0;
  const double = new ScriptedRecognizer({
    script: () => '',
    capabilities: { maxBatchSize: 64 },
    gate: async (batch) => {
      const seconds = batch[0]!.samples.length / SAMPLE_RATE;
      nowMs += msPerSecond * batch.length * seconds + (batches.length === 0 ? firstMs : 0);
      batches.push([batch.length, seconds]);
    },
  });
  const { capabilities } = double;
  const recognizer = await FallbackRecognizer.load({ device, capabilities, load: async () => double });
  await warmUpGpu(recognizer, MAX_MS, () => nowMs);
  expect(nowMs).toBeLessThanOrEqual(MAX_MS);

  return batches;
}

describe('Warming a GPU', () => {
  test('has it decode batches of all sizes and lengths, the largest last', async () => {
    const batches = await warm('cuda:0', 0.1);
    expect(batches).toHaveLength(19);
    expect(batches[0]).toEqual([1, 1]);
    expect(batches.at(-1)).toEqual([64, 30]);
  });

  test('ends before a batch that would take longer than twenty seconds in all', async () => {
    const batches = await warm('cuda:0', 20);
    expect(batches.at(-1)).toEqual([64, 4]);
  });

  test('goes on after a first batch that took long because everything was loaded for it', async () => {
    expect(await warm('cuda:0', 0.1, 15_000)).toHaveLength(19);
  });

  test('leaves one that cannot decode silence to the processor, whatever it says', async () => {
    const load = async (device: Device) =>
      new ScriptedRecognizer({
        script: () => 'heard',
        gate: async () => {
          if (device !== 'cpu') throw new Error('Non-zero status code returned while running Loop node.');
        },
      });
    const { capabilities } = await load('cpu');
    const recognizer = await FallbackRecognizer.load({ device: 'cuda:0', capabilities, load });
    await warmUpGpu(recognizer, MAX_MS);
    expect(recognizer.standing).toEqual({
      runs: 'cpu',
      why: 'The runtime says: Non-zero status code returned while running Loop node.',
    });
    const segment = { samples: new Float32Array(SAMPLE_RATE), language: null };
    expect((await recognizer.decode([segment])).hypotheses).toMatchObject([{ text: 'heard' }]);
  });

  test('is not for processors', async () => {
    expect(await warm('cpu', 1)).toEqual([]);
  });
});
