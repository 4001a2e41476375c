import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { byteLinear, floatLinear, transposedByteLinear } from '../inference/moonshine/rebuild/layers.ts';
import { prepareMoonshine, rebuildMoonshine } from '../inference/moonshine/rebuild/rebuild.ts';
import {
  type QuantizedMatrix,
  ShippedGraph,
  UnknownGraphError,
} from '../inference/moonshine/rebuild/shipped-graph.ts';
import { GraphBuilder } from '../inference/onnx/graph-builder.ts';
import { ElementType } from '../inference/onnx/onnx-model.ts';
import { shippedMoonshine } from './support/models.ts';

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

describe('Rebuilding a model', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rebuild-'));
  });

  afterEach(() => rm(folder, { recursive: true }));

  /** The shipped graphs under another roof, so that what is written is the test's own. */
  async function shipped() {
    const { encoder, decoder } = await shippedMoonshine();
    await copyFile(encoder, join(folder, 'encoder.onnx'));
    await copyFile(decoder, join(folder, 'decoder.onnx'));

    return { encoder: join(folder, 'encoder.onnx'), decoder: join(folder, 'decoder.onnx') };
  }

  test('is done once, and leaves nothing half-written', async () => {
    const files = await shipped();
    const [first, second] = await Promise.all([
      rebuildMoonshine(files, 'a'.repeat(64)),
      rebuildMoonshine(files, 'a'.repeat(64)),
    ]);
    expect(second).toEqual(first);
    const { mtimeMs } = await stat(first.decoder);
    await rebuildMoonshine(files, 'a'.repeat(64));
    expect((await stat(first.decoder)).mtimeMs).toBe(mtimeMs);
    expect((await readdir(join(folder, 'rebuilt', 'aaaaaaaaaaaaaaaa-v2'))).sort()).toEqual([
      'SHA256SUMS',
      'decoder.onnx',
      'encoder.onnx',
    ]);
  });

  test.each(['encoder', 'decoder'] as const)(
    'is done again when the %s it wrote is damaged',
    async (name) => {
      const files = await shipped();
      const rebuilt = await rebuildMoonshine(files, 'a'.repeat(64));
      const whole = await readFile(rebuilt[name]);
      for (const damaged of [
        whole.subarray(0, 1000),
        whole.map((byte, i) => (i === 1e6 ? byte ^ 1 : byte)),
      ]) {
        await writeFile(rebuilt[name], damaged);
        await rebuildMoonshine(files, 'a'.repeat(64));
        expect(whole.equals(await readFile(rebuilt[name]))).toBe(true);
      }
    },
  );

  test('keeps what belongs to another model or another version apart', async () => {
    const files = await shipped();
    await mkdir(join(folder, 'rebuilt', 'aaaaaaaaaaaaaaaa-v0'), { recursive: true });
    await writeFile(join(folder, 'rebuilt', 'aaaaaaaaaaaaaaaa-v0', 'decoder.onnx'), 'old');
    const { decoder } = await rebuildMoonshine(files, 'a'.repeat(64));
    const { decoder: other } = await rebuildMoonshine(files, 'b'.repeat(64));
    expect(decoder).not.toContain('-v0');
    expect(other).not.toBe(decoder);
  });

  test('is given up, with a reason, for files that are something else', async () => {
    const files = await shipped();
    for (const content of ['', 'no graph at all', bytes(5000, 1)]) {
      await writeFile(files.decoder, content);
      const warnings: unknown[] = [];
      const graphs = await prepareMoonshine(files, 'c'.repeat(64), (error) => warnings.push(error));
      expect(graphs).toEqual({ kind: 'shipped', ...files });
      expect(warnings).toEqual([expect.any(UnknownGraphError)]);
    }
    expect(await readdir(folder)).toEqual(['decoder.onnx', 'encoder.onnx']);
  });

  test('is given up where nothing can be written', async () => {
    const files = await shipped();
    await writeFile(join(folder, 'rebuilt'), 'in the way');
    const warnings: unknown[] = [];
    expect((await prepareMoonshine(files, 'd'.repeat(64), (error) => warnings.push(error))).kind).toBe(
      'shipped',
    );
    expect(warnings).toHaveLength(1);
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
