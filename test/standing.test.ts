import { afterEach, describe, expect, test } from 'vitest';
import type { Device } from '../inference/device.ts';
import type { RecognizerGraphs } from '../inference/load-recognizer.ts';
import { type DevicePlace, ThreadedRecognizers } from '../inference/threads/threaded-recognizers.ts';
import { fixture } from './support/commanded-pool.ts';

const GRAPHS: RecognizerGraphs = { kind: 'shipped', encoder: '', decoder: '' };
const LOST = 'Its thread died, or did not answer.';

let recognizers: ThreadedRecognizers;
afterEach(() => recognizers.close());

async function start(devices: readonly Device[]): Promise<DevicePlace[]> {
  const moves: DevicePlace[] = [];
  recognizers = await ThreadedRecognizers.start({
    ...{ workerUrl: fixture('standing'), models: [GRAPHS, GRAPHS], devices },
    onMove: (place) => moves.push(place),
  });

  return moves;
}

const sorts = () => [0, 1].map((model) => recognizers.nextSort(model));
const segment = (samples: number) => ({ samples: new Float32Array(samples), language: null });

describe('ThreadedRecognizers on a GPU that has no room for one of two models', () => {
  test('have the batches of that one formed for the processor, and of the other for the GPU', async () => {
    await start(['cuda:0', 'cpu']);
    expect(recognizers.places).toEqual([
      { asked: 'cuda:0', runs: 'cpu', why: 'Its memory is full.' },
      { asked: 'cpu', runs: 'cpu', why: null },
    ]);
    expect(sorts()).toEqual([0, 1]);
    const first = recognizers.decode(0, [segment(1)]);
    // The next one has no GPU.
    expect(sorts()).toEqual([1, 1]);
    await first;
  });

  test('have all formed for the processor once the thread has died, and say so once', async () => {
    const moves = await start(['cuda:0']);
    await expect(recognizers.decode(1, [segment(2)])).rejects.toThrow('died');
    await recognizers.decode(0, [segment(1)]);
    await recognizers.decode(1, [segment(1)]);
    expect(sorts()).toEqual([1, 1]);
    expect(recognizers.threadsBySort).toEqual([0, 1]);
    expect(moves).toEqual([{ asked: 'cuda:0', runs: 'cpu', why: LOST }]);
  });

  test('start on the processor where the thread dies as it loads onto the GPU', async () => {
    expect(await start(['cuda:9', 'cuda:0'])).toEqual([]);
    expect(recognizers.places).toMatchObject([
      { asked: 'cuda:9', runs: 'cpu', why: LOST },
      { asked: 'cuda:0', why: 'Its memory is full.' },
    ]);
    expect(recognizers.idle).toBe(2);
  });

  test('are all of one sort where no GPU is asked for', async () => {
    await start(['cpu', 'cpu']);
    expect(sorts()).toEqual([0, 0]);
    expect(recognizers.threadsBySort).toEqual([2]);
  });
});
