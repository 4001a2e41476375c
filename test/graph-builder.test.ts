import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { GraphBuilder, MICROSOFT } from '../inference/onnx/graph-builder.ts';
import { DataLocation, decodeModel, ElementType } from '../inference/onnx/onnx-model.ts';

/** y = gelu(x · w) split in two halves. */
function tinyGraph(): Uint8Array {
  const graph = new GraphBuilder();
  const x = graph.input('x', ElementType.float32, ['batch', 2]);
  const weights = graph.constant('w', [2, 4], Float32Array.of(1, 0, 2, 0, 0, 1, 0, 2));
  const product = graph.node('MatMul', [x, weights]);
  const [opened] = graph.contrib('QuickGelu', [product], { alpha: { float: 1 } });
  const [left, right] = graph.split(opened!, [2, 2]);
  graph.node('Transpose', [left!], { perm: [1, 0] }, 'left');
  graph.node('Identity', [right!], {}, 'right');
  graph.output('left', ElementType.float32, [2, 'batch']);
  graph.output('right', ElementType.float32, ['batch', 2]);

  return graph.build('tiny');
}

describe('GraphBuilder', () => {
  test('writes the nodes it was told, in their order, each with its operands and attributes', () => {
    const { graph } = decodeModel(tinyGraph());
    const nodes = graph.node.map(({ opType, domain, input, output }) => ({ opType, domain, input, output }));
    expect(nodes).toEqual([
      { opType: 'MatMul', domain: '', input: ['x', 'w'], output: ['value_0'] },
      { opType: 'QuickGelu', domain: MICROSOFT, input: ['value_0'], output: ['value_1'] },
      { opType: 'Split', domain: '', input: ['value_1', 'integers_2_2'], output: ['value_2', 'value_3'] },
      { opType: 'Transpose', domain: '', input: ['value_2'], output: ['left'] },
      { opType: 'Identity', domain: '', input: ['value_3'], output: ['right'] },
    ]);
    expect(graph.node[1]!.attribute).toMatchObject([{ name: 'alpha', type: 1, f: 1 }]);
    expect(graph.node[3]!.attribute[0]!.ints!.map(Number)).toEqual([1, 0]);
    expect(graph.initializer.map(({ name }) => name)).toEqual(['w', 'integers_2_2']);
    expect(graph.input.map(({ name }) => name)).toEqual(['x']);
    expect(graph.output.map(({ name }) => name)).toEqual(['left', 'right']);
  });

  test('writes a graph that the runtime runs', async () => {
    const session = await InferenceSession.create(tinyGraph());
    const { left, right } = await session.run({ x: new Tensor('float32', Float32Array.of(1, -1), [1, 2]) });
    const silu = (x: number) => x / (1 + Math.exp(-x));
    expect(left!.dims).toEqual([2, 1]);
    for (const [i, x] of [1, -1].entries()) expect((left!.data as Float32Array)[i]).toBeCloseTo(silu(x), 5);
    for (const [i, x] of [2, -2].entries()) expect((right!.data as Float32Array)[i]).toBeCloseTo(silu(x), 5);
    await session.release();
  });

  test('puts large constants into a file of their own, at whole pages, where the runtime finds them', async () => {
    const graph = new GraphBuilder();
    const ramp = (length: number) => Float32Array.from({ length }, (_, i) => i);
    const x = graph.input('x', ElementType.float32, [1]);
    const sum = graph.node('Add', [x, graph.constant('small', [1], Float32Array.of(0.5))]);
    const first = graph.node('Add', [sum, graph.constant('first', [1025], ramp(1025))]);
    graph.topK(graph.node('Add', [first, graph.constant('second', [1025], ramp(1025))]), 2, 'most', 'where');
    graph.output('most', ElementType.float32, [2]);
    graph.output('where', ElementType.int64, [2]);
    const { model, weights } = graph.buildApart('large', 'large.weights');
    const constants = new Map(decodeModel(model).graph.initializer.map((tensor) => [tensor.name, tensor]));
    expect(constants.get('small')!.rawData).toHaveLength(4);
    expect(constants.get('second')).toMatchObject({
      dataLocation: DataLocation.external,
      externalData: [
        { key: 'location', value: 'large.weights' },
        { key: 'offset', value: '8192' },
        { key: 'length', value: '4100' },
      ],
    });
    expect(weights).toHaveLength(2 * 8192);
    const folder = await mkdtemp(join(tmpdir(), 'graph-'));
    await writeFile(join(folder, 'large.onnx'), model);
    await writeFile(join(folder, 'large.weights'), weights);
    const session = await InferenceSession.create(join(folder, 'large.onnx'));
    const { most, where } = await session.run({ x: new Tensor('float32', Float32Array.of(1), [1]) });
    await session.release();
    await rm(folder, { recursive: true });
    expect([...(most!.data as Float32Array)]).toEqual([2049.5, 2047.5]);
    expect([...(where!.data as BigInt64Array)].map(Number)).toEqual([1024, 1023]);
  });

  test('keeps one of two constants of the same name', () => {
    const graph = new GraphBuilder();
    expect(graph.integers(1, 2)).toBe(graph.integers(1, 2));
    expect(decodeModel(graph.build('empty')).graph.initializer).toHaveLength(1);
  });

  test('writes a loop that ends by its count or by its condition, and collects a value of each turn', async () => {
    const graph = new GraphBuilder();
    const turns = graph.input('turns', ElementType.int64, []);
    const enough = graph.input('enough', ElementType.float32, []);
    const [doubles] = graph.loop(
      turns,
      [{ value: graph.number(1), type: ElementType.float32 }],
      (turn, [sum]) => {
        const doubled = graph.node('Mul', [sum!, graph.number(2)]);
        const plus = graph.node('Add', [doubled, graph.cast(turn, ElementType.float32)]);

        return {
          goOn: graph.node('Less', [plus, enough]),
          carried: [plus],
          collected: [{ value: graph.node('Identity', [doubled]), type: ElementType.float32 }],
        };
      },
    );
    graph.node('Identity', [doubles!], {}, 'doubles');
    graph.output('doubles', ElementType.float32, ['said']);
    const session = await InferenceSession.create(graph.build('loop'));
    const run = async (count: number, limit: number) => {
      const answer = await session.run({
        turns: new Tensor('int64', BigInt64Array.of(BigInt(count)), []),
        enough: new Tensor('float32', Float32Array.of(limit), []),
      });

      return [...(answer.doubles!.data as Float32Array)];
    };
    expect(await run(4, 1000)).toEqual([2, 4, 10, 24]);
    expect(await run(100, 9)).toEqual([2, 4, 10]);
    await session.release();
  });

  test('writes the floats of a part in its precision, under names of its own', () => {
    const graph = new GraphBuilder();
    const numbers = Float32Array.of(1, -2);
    const put = () => graph.constant('w', [2], numbers);
    const names = [
      put(),
      graph.part('one', ElementType.float16, put),
      graph.part('two', ElementType.float32, put),
    ];
    expect(names).toEqual(['w', 'one.w', 'two.w']);
    const [plain, half, again] = decodeModel(graph.build('parts')).graph.initializer;
    expect([plain!.dataType, half!.dataType, again!.dataType]).toEqual([1, 10, 1]);
    expect([...half!.rawData!]).toEqual([0x00, 0x3c, 0x00, 0xc0]);
    expect(graph.floats).toBe(ElementType.float32);
  });
});
