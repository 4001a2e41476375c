import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { weightBytes } from '../inference/weight-files.ts';
import { Failure } from '../server/failure.ts';
import { defaultModelMemoryMb } from '../server/models/memory-limit.ts';
import { planMemory, requireRoom, withFewerThreads } from '../server/models/model-memory.ts';

const MODELS = [
  { name: 'small', fileBytes: 100_000_000 },
  { name: 'large', fileBytes: 240_000_000 },
];

describe('The memory of models', () => {
  test('is expected of each model in each thread', () => {
    const plan = planMemory(MODELS, 4, { modelMemoryMb: 4000 });
    expect(plan.shares.map(({ name }) => name)).toEqual(['small', 'large']);
    expect(plan.shares[1]!.bytes / plan.shares[0]!.bytes).toBeCloseTo(2.4);
    expect(plan.expectedBytes).toBe(4 * planMemory(MODELS, 1, { modelMemoryMb: 1 }).expectedBytes);
    expect(() => requireRoom(plan)).not.toThrow();
  });

  test('is refused beyond what is allowed, with what each model would take and what to do', () => {
    const plan = planMemory(MODELS, 4, { modelMemoryMb: 2000 });
    expect(() => requireRoom(plan)).toThrow(Failure);
    expect(() => requireRoom(plan)).toThrow(
      'The models are expected to take 3,400 MB of memory in 4 threads (small 1,000 MB, large 2,400 MB), and --model-memory-mb allows 2,000 MB. Name fewer models with --model or fewer threads with --devices, or allow more.',
    );
  });

  test('takes as many threads as have room where fewer will do, and one at least', () => {
    const fewer = (modelMemoryMb: number) => withFewerThreads(planMemory(MODELS, 4, { modelMemoryMb }));
    for (const [allowedMb, threads] of [
      [4000, 4],
      [3400, 4],
      [3399, 3],
      [1000, 1],
      [10, 1],
    ] as const) {
      expect(fewer(allowedMb)).toEqual(planMemory(MODELS, threads, { modelMemoryMb: allowedMb }));
    }
  });

  test('may be four fifths of the machine, or less in a container, unless it is said', () => {
    expect(defaultModelMemoryMb()).toBeGreaterThan(0);
    expect(defaultModelMemoryMb()).toBeLessThanOrEqual((0.8 * totalmem()) / 1e6);
  });
});

describe('The files of a model', () => {
  const folders: string[] = [];
  afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

  test('are its graphs and the weights that lie beside them, each once', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'weights-'));
    folders.push(folder);
    const files = {
      ...{ 'encoder.onnx': 10, 'encoder.weights': 200, 'decoder.onnx': 3000, 'decoder.onnx.data': 40_000 },
      'stranger.onnx': 500_000,
    };
    for (const [name, bytes] of Object.entries(files))
      await writeFile(join(folder, name), Buffer.alloc(bytes));
    const [encoder, decoder] = ['encoder.onnx', 'decoder.onnx'].map((name) => join(folder, name));
    const graphs = {
      kind: 'rebuilt',
      encoder: encoder!,
      decoder: decoder!,
      preciseDecoder: decoder!,
    } as const;
    expect(await weightBytes(graphs)).toBe(43_210);
  });
});
