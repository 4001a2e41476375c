import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { paddedSamples } from '../inference/moonshine/padding.ts';
import { byteLinear, floatLinear, transposedByteLinear } from '../inference/moonshine/rebuild/layers.ts';
import { prepareMoonshine, rebuildForGpu, rebuildMoonshine } from '../inference/moonshine/rebuild/rebuild.ts';
import {
  type QuantizedMatrix,
  ShippedGraph,
  UnknownGraphError,
} from '../inference/moonshine/rebuild/shipped-graph.ts';
import { GraphBuilder } from '../inference/onnx/graph-builder.ts';
import { ElementType } from '../inference/onnx/onnx-model.ts';
import { sessionOptions } from '../inference/session-options.ts';
import { modelBytes, tinyDecoder, tinyEncoder } from './support/tiny-moonshine.ts';

/** Pseudo-random bytes, the same every time. */
function bytes(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => ((i + seed) * 7919) % 251);
}

function matrix(rows: number, columns: number, seed: number): QuantizedMatrix {
  return {
    rows,
    columns,
    bytes: bytes(rows * columns, seed),
    zeroPoint: 100 + seed,
    scale: 0.01 * (seed + 1),
  };
}

const INPUTS = 64;
const X = Float32Array.from({ length: INPUTS }, (_, i) => Math.sin(i));

/** What the product should be, one output at a time. */
function product(of: readonly QuantizedMatrix[]): number[] {
  return of.flatMap(({ columns, bytes: weights, zeroPoint, scale }) =>
    Array.from({ length: columns }, (_, column) =>
      X.reduce((sum, x, row) => sum + x * (weights[row * columns + column]! - zeroPoint) * scale, 0),
    ),
  );
}

async function run(
  build: (graph: GraphBuilder, x: string) => string,
  outputs: number,
): Promise<Float32Array> {
  const graph = new GraphBuilder();
  const y = build(graph, graph.input('x', ElementType.float32, ['batch', INPUTS]));
  graph.node('Identity', [y], {}, 'y');
  graph.output('y', ElementType.float32, ['batch', outputs]);
  const session = await InferenceSession.create(graph.build('product'));
  const result = await session.run({ x: new Tensor('float32', X, [1, INPUTS]) });
  await session.release();

  return result.y!.data as Float32Array;
}

function expectClose(actual: Float32Array, expected: readonly number[], tolerance: number): void {
  const size = Math.max(...expected.map(Math.abs));
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of expected.entries())
    expect(Math.abs(actual[i]! - value) / size).toBeLessThan(tolerance);
}

describe('The layers of the rebuilt graphs', () => {
  const two = [matrix(INPUTS, 5, 1), matrix(INPUTS, 3, 7)];

  test('multiply with bytes unpacked to floats, several matrices side by side', async () => {
    const bias = Float32Array.from({ length: 8 }, (_, i) => i);
    const y = await run((graph, x) => floatLinear(graph, x, 'w', two, bias), 8);
    expectClose(
      y,
      product(two).map((value, i) => value + bias[i]!),
      1e-5,
    );
  });

  test('multiply with the bytes themselves, to the precision of bytes', async () => {
    expectClose(await run((graph, x) => byteLinear(graph, x, 'w', two), 8), product(two), 0.02);
  });

  test('multiply with a matrix that is stored transposed', async () => {
    const stored = { ...matrix(4, INPUTS, 3) };
    const turned = new Uint8Array(stored.bytes.length);
    for (let row = 0; row < 4; row++) {
      for (let i = 0; i < INPUTS; i++) turned[i * 4 + row] = stored.bytes[row * INPUTS + i]!;
    }
    const y = await run((graph, x) => transposedByteLinear(graph, x, 'w', stored), 4);
    expectClose(y, product([{ ...stored, rows: INPUTS, columns: 4, bytes: turned }]), 0.02);
  });
});

const HASH = 'a'.repeat(64);
const FILES = ['encoder', 'decoder', 'precise-decoder'].flatMap((name) => [
  `${name}.onnx`,
  `${name}.weights`,
]);

describe('Rebuilding a model', () => {
  let folder: string;
  let shipped: { readonly encoder: string; readonly decoder: string };
  /** What is written, and where. */
  let rebuilt: string;
  let encoder: Uint8Array;
  let decoder: Uint8Array;

  beforeAll(() => {
    encoder = modelBytes(tinyEncoder());
    decoder = modelBytes(tinyDecoder());
  });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rebuild-'));
    shipped = { encoder: join(folder, 'encoder.onnx'), decoder: join(folder, 'decoder.onnx') };
    rebuilt = join(folder, 'rebuilt', 'aaaaaaaaaaaaaaaa-v4');
    await writeFile(shipped.encoder, encoder);
    await writeFile(shipped.decoder, decoder);
  });

  afterEach(() => rm(folder, { recursive: true }));

  const rebuild = () => rebuildMoonshine(shipped, HASH);
  const sums = () => readFile(join(rebuilt, 'SHA256SUMS'), 'utf8');

  /** What there is when it has been tried, and the warnings. */
  async function prepare() {
    const warnings: unknown[] = [];
    const graphs = await prepareMoonshine(shipped, HASH, (error) => warnings.push(error));

    return { graphs, warnings };
  }

  /** Whether every file is what its checksum says, and there is nothing else. */
  async function expectWhole() {
    expect((await readdir(rebuilt)).sort()).toEqual(['SHA256SUMS', ...FILES].sort());
    const lines = FILES.map(async (file) => {
      const content = await readFile(join(rebuilt, file));

      return `${createHash('sha256').update(content).digest('hex')}  ${file}\n`;
    });
    expect(await sums()).toBe((await Promise.all(lines)).join(''));
  }

  test('is done once, and leaves nothing half-written', async () => {
    const [first, second] = await Promise.all([rebuild(), rebuild()]);
    expect(second).toEqual(first);
    expect(Object.values(first)).toEqual(
      ['encoder', 'decoder', 'precise-decoder'].map((name) => join(rebuilt, `${name}.onnx`)),
    );
    await expectWhole();
    const { mtimeMs } = await stat(first.decoder);
    await rebuild();
    expect((await stat(first.decoder)).mtimeMs).toBe(mtimeMs);
  });

  test('is done again when a file it wrote is damaged, cut short or gone', async () => {
    await rebuild();
    const before = await sums();
    const flipBit = async (file: string) => {
      const content = await readFile(file);
      content[content.length >> 1]! ^= 1;
      await writeFile(file, content);
    };
    const damages: readonly (readonly [string, (file: string) => Promise<void>])[] = [
      ['decoder.weights', flipBit],
      ['precise-decoder.weights', (file) => truncate(file, 1000)],
      ['encoder.weights', (file) => rm(file)],
      ['SHA256SUMS', (file) => truncate(file, before.length - 30)],
    ];
    for (const [file, damage] of damages) {
      await damage(join(rebuilt, file));
      const { graphs, warnings } = await prepare();
      expect([graphs.kind, ...warnings]).toEqual(['rebuilt']);
      expect(await sums()).toBe(before);
      await expectWhole();
    }
  });

  test('keeps what belongs to another model or another version apart', async () => {
    const others = ['aaaaaaaaaaaaaaaa-v3', 'bbbbbbbbbbbbbbbb-v4'].map((name) =>
      join(folder, 'rebuilt', name),
    );
    for (const other of others) {
      await mkdir(other, { recursive: true });
      await writeFile(join(other, 'decoder.onnx'), 'other');
    }
    await rebuild();
    await expectWhole();
    for (const other of others) {
      expect(await readdir(other)).toEqual(['decoder.onnx']);
      expect(await readFile(join(other, 'decoder.onnx'), 'utf8')).toBe('other');
    }
  });

  test.each<[string, () => Uint8Array | string]>([
    ['an empty file', () => ''],
    ['text', () => 'no graph at all'],
    ['bytes without meaning', () => bytes(5000, 1)],
    ['half of the model', () => decoder.subarray(0, decoder.length >> 1)],
    ['another model', () => encoder],
  ])('is given up with one warning for %s, and writes no file', async (_, content) => {
    await writeFile(shipped.decoder, content());
    const { graphs, warnings } = await prepare();
    expect(graphs).toEqual({ kind: 'shipped', ...shipped });
    expect(warnings).toEqual([expect.any(UnknownGraphError)]);
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    expect(entries.filter((entry) => entry.isFile()).map(({ name }) => name)).toEqual([
      'decoder.onnx',
      'encoder.onnx',
    ]);
  });

  test('is given up with one warning when a shipped graph is gone', async () => {
    await rm(shipped.encoder);
    const { graphs, warnings } = await prepare();
    expect(graphs.kind).toBe('shipped');
    expect(warnings).toEqual([expect.objectContaining({ code: 'ENOENT', path: shipped.encoder })]);
  });

  test('is given up with one warning where a file is in the way', async () => {
    await writeFile(join(folder, 'rebuilt'), 'in the way');
    const { graphs, warnings } = await prepare();
    expect(graphs).toEqual({ kind: 'shipped', ...shipped });
    expect(warnings).toHaveLength(1);
  });

  test('is given up with one warning where nothing can be written', async () => {
    // A file where the folder should be stops even root.
    await writeFile(join(folder, 'rebuilt'), '');
    const { graphs, warnings } = await prepare();
    expect(graphs).toEqual({ kind: 'shipped', ...shipped });
    expect(warnings).toEqual([expect.objectContaining({ code: 'ENOTDIR' })]);
  });

  test('keeps a graph for GPUs beside them in each precision, written once, that says the same', async () => {
    const said = [];
    for (const precision of ['float32', 'float16'] as const) {
      const { model } = await rebuildForGpu(shipped, HASH, precision);
      const { mtimeMs } = await stat(model);
      expect((await rebuildForGpu(shipped, HASH, precision)).model).toBe(model);
      expect((await stat(model)).mtimeMs).toBe(mtimeMs);
      expect(model).toContain(precision);
      const session = await InferenceSession.create(model, sessionOptions('cpu'));
      const width = paddedSamples(30_000);
      const { tokens } = await session.run({
        samples: new Tensor(
          'float32',
          Float32Array.from({ length: 2 * width }, (_, i) => Math.sin(i * i)),
          [2, width],
        ),
        lengths: new Tensor('int64', BigInt64Array.of(30_000n, 9000n), [2]),
        limits: new Tensor('int64', BigInt64Array.of(4n, 7n), [2]),
        turns: new Tensor('int64', BigInt64Array.of(7n), []),
      });
      await session.release();
      said.push([...(tokens!.data as BigInt64Array)]);
      await rm(model.replace('.onnx', '.weights'));
      await rebuildForGpu(shipped, HASH, precision);
      expect((await stat(model.replace('.onnx', '.weights'))).size).toBeGreaterThan(1e6);
    }
    expect(said[1]).toEqual(said[0]);
  });

  test('makes graphs that the runtime loads, with their weights beside them', async () => {
    const { encoder, decoder, preciseDecoder } = await rebuild();
    for (const file of [encoder, decoder, preciseDecoder]) {
      const session = await InferenceSession.create(file, sessionOptions('cpu'));
      await session.release();
    }
    await rm(decoder.replace('.onnx', '.weights'));
    await expect(InferenceSession.create(decoder, sessionOptions('cpu'))).rejects.toThrow('decoder.weights');
  });
});

describe('ShippedGraph', () => {
  test('names what it misses', () => {
    const graph = new GraphBuilder();
    graph.constant('known', [1], Float32Array.of(3));
    const shippedGraph = new ShippedGraph(graph.build('tiny'));
    expect([...shippedGraph.floats('known')]).toEqual([3]);
    expect(() => shippedGraph.floats('other')).toThrow(new UnknownGraphError('It has no constant other.'));
    expect(() => shippedGraph.matrix('/layers.0/q')).toThrow(
      'It has no quantised product named /layers.0/q.',
    );
    expect(() => shippedGraph.producer('y')).toThrow('Nothing makes y.');
  });
});
