import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LlamaTokenizer } from 'llama-tokenizer-js';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unpackProducts, writeFloatReference } from '../bench/engine/float-reference.ts';
import { findDifferences } from '../bench/engine/margins.ts';
import { countEncoderWork, multiplyAdds, weightBytes } from '../bench/engine/model-work.ts';
import { sherpaTokens } from '../bench/engine/sherpa-tokens.ts';
import { Tally } from '../bench/engine/tally.ts';
import { loadMoonshine } from '../inference/moonshine/load-moonshine.ts';
import type { MoonshineFiles } from '../inference/moonshine/moonshine-files.ts';
import { GraphBuilder } from '../inference/onnx/graph-builder.ts';
import { decodeModel, ElementType, encodeModel } from '../inference/onnx/onnx-model.ts';
import type { Hypothesis } from '../inference/recognizer.ts';
import { clip, shippedMoonshine } from './support/models.ts';
import { finish } from './support/running-server.ts';

describe("Sherpa's vocabulary", () => {
  const lines = sherpaTokens().trimEnd().split('\n');
  const piece = (id: number) => Buffer.from(lines[id]!.split(' ')[0]!, 'base64').toString('latin1');

  test('has a line for each id', () => {
    expect(lines).toHaveLength(32_768);
    expect(lines.map((line) => Number(line.split(' ')[1]))).toEqual(lines.map((_, id) => id));
  });

  test('has spaces and bytes for what stands for them', () => {
    const { vocabByString } = new LlamaTokenizer() as unknown as { vocabByString: Map<string, number> };
    expect(piece(vocabByString.get('▁the')!)).toBe(' the');
    expect(piece(vocabByString.get('<0xE2>')!)).toBe('\u00e2');
    expect(piece(32_000)).toBe('<<ST_0>>');
  });
});

/** y = x · w as dynamic quantisation writes it: w is `[3, 2]` of bytes, (byte - 10) / 4. */
function quantizedProduct(): Uint8Array {
  const graph = new GraphBuilder();
  const x = graph.input('x', ElementType.float32, ['batch', 3]);
  graph.constant('w_quantized', [3, 2], Uint8Array.of(14, 6, 10, 12, 200, 0));
  graph.constant('w_zero_point', [], Uint8Array.of(10));
  graph.constant('w_scale', [], Float32Array.of(0.25));
  const model = decodeModel(graph.build('product'));
  const node = (opType: string, input: string[], output: string[], to?: number) => ({
    opType,
    input,
    output,
    attribute: to === undefined ? [] : [{ name: 'to', type: 2, i: to }],
  });
  const y = {
    name: 'y',
    type: { tensorType: { elemType: 1, shape: { dim: [{ dimParam: 'batch' }, { dimValue: 2 }] } } },
  };

  return encodeModel({
    ...model,
    graph: {
      ...model.graph,
      output: [y],
      node: [
        node('DynamicQuantizeLinear', [x], ['x_quantized', 'x_scale', 'x_zero_point']),
        node('MatMulInteger', ['x_quantized', 'w_quantized', 'x_zero_point', 'w_zero_point'], ['sums']),
        node('Cast', ['sums'], ['cast'], ElementType.float32),
        node('Mul', ['x_scale', 'w_scale'], ['scales']),
        node('Mul', ['cast', 'scales'], ['y']),
      ],
    },
  });
}

describe('The float32 reference', () => {
  const X = Float32Array.of(0.1, -7.3, 0.003, 1, 2, 3);

  async function product(model: Uint8Array): Promise<readonly number[]> {
    const session = await InferenceSession.create(model);
    const { y } = await session.run({ x: new Tensor('float32', X, [2, 3]) });
    await session.release();

    return [...(y!.data as Float32Array)];
  }

  test('multiplies floats where the shipped graph rounds to bytes', async () => {
    const W = [1, -1, 0, 0.5, 47.5, -2.5];
    const exact = [0, 1].flatMap((row) =>
      [0, 1].map((column) => [0, 1, 2].reduce((sum, i) => sum + X[row * 3 + i]! * W[i * 2 + column]!, 0)),
    );
    const furthest = (values: readonly number[]) =>
      Math.max(...values.map((value, i) => Math.abs(value - exact[i]!)));
    expect(furthest(await product(unpackProducts(quantizedProduct())))).toBeLessThan(1e-5);
    expect(furthest(await product(quantizedProduct()))).toBeGreaterThan(0.01);
  });

  test('keeps nothing of what stood around a product', () => {
    const { graph } = decodeModel(unpackProducts(quantizedProduct()));
    expect(graph.node.map(({ opType }) => opType)).toEqual(['MatMul']);
    expect(graph.initializer.map(({ name }) => name)).toEqual(['w_quantized_unpacked']);
  });

  test('refuses a product of another form', () => {
    const model = decodeModel(quantizedProduct());
    const node = model.graph.node.map((each) =>
      each.opType === 'Cast' ? { ...each, opType: 'Identity' } : each,
    );
    expect(() => unpackProducts(encodeModel({ ...model, graph: { ...model.graph, node } }))).toThrow(
      'is no product that can be unpacked',
    );
  });
});

describe('The work of a model', () => {
  test('counts weights that are read whole, and not tables of which rows are gathered', () => {
    const graph = new GraphBuilder();
    const ids = graph.input('ids', ElementType.int64, [1]);
    const row = graph.node('Gather', [graph.constant('table', [100, 3], new Float32Array(300)), ids]);
    graph.node('MatMul', [row, graph.constant('w', [3, 2], new Float32Array(6))], {}, 'y');
    graph.output('y', ElementType.float32, [1, 2]);
    expect(weightBytes(graph.build('tiny'))).toBe(24);
  });

  test("is what the encoder's sizes say", async () => {
    const { encoder, decoder } = await shippedMoonshine();
    const work = countEncoderWork(await readFile(encoder), await readFile(decoder));
    expect(work.framesPerSecond).toBeCloseTo(41.67, 2);
    // Four of attention and two of the feed-forward network in six layers; a key and a value for six of the decoder.
    expect(work.weightsPerFrame).toBe(6 * (4 * 288 * 288 + 2 * 288 * 1152) + 12 * 288 * 288);
    const convolutions = 250 * 288 * 127 + (250 / 3) * 288 * 576 * 7 + (250 / 6) * 576 * 288 * 3;
    expect(work.convolutionsPerSecond).toBeCloseTo(convolutions, 0);
    // Attention makes two seconds dearer than twice one.
    const pairs = (2 * work.framesPerSecond) ** 2 - 2 * work.framesPerSecond ** 2;
    expect(multiplyAdds(work, 2) - 2 * multiplyAdds(work, 1)).toBeCloseTo(pairs * 6 * 2 * 288, 0);
  });
});

describe('The float32 reference of the real model', () => {
  let folder: string;
  let files: MoonshineFiles;
  let samples: Float32Array;
  let reference: Hypothesis;

  async function hear(graphs: MoonshineFiles): Promise<Hypothesis> {
    const model = await loadMoonshine({ kind: 'shipped', ...graphs }, 'cpu');
    const { hypotheses } = await model.decode([{ samples, language: null }]);
    await model.close();

    return hypotheses[0]!;
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'float-reference-'));
    samples = await clip('1688-142285-0005.flac');
    files = await writeFloatReference(await shippedMoonshine(), folder);
    reference = await hear(files);
  });

  afterAll(() => rm(folder, { recursive: true }));

  test('hears what is said, with other confidence than the shipped graphs', async () => {
    const { encoder, decoder } = await shippedMoonshine();
    const rounded = await hear({ encoder, decoder });
    expect(reference.tokens).toEqual(rounded.tokens);
    expect(reference.meanLogProb).not.toBe(rounded.meanLogProb);
    expect(reference.meanLogProb).toBeCloseTo(rounded.meanLogProb!, 1);
  });

  test('says by how much it preferred its own tokens', async () => {
    const item = { path: 'a.flac', reference: '', audio: samples };
    const tally = (tokens: readonly number[]) => {
      const heard = new Tally<typeof item>();
      heard.add([item], { heard: [{ text: '', tokens, steps: tokens.length + 1 }], passes: 1, ms: 1 });

      return heard;
    };
    const differences = (tokens: readonly number[]) =>
      findDifferences([item], tally(tokens), tally(reference.tokens), files);
    expect(await differences(reference.tokens)).toEqual([]);
    const [cut] = await differences(reference.tokens.slice(0, 3));
    expect(cut).toMatchObject({ path: 'a.flac', token: 3 });
    // The sentence goes on: that it ends here is the least likely.
    expect(cut!.margin).toBeGreaterThan(5);
  });
});

describe.concurrent('bench engine', () => {
  const BENCH = fileURLToPath(new URL('../dist/bench/main.js', import.meta.url));
  const bench = (...args: string[]) => finish(spawn(process.execPath, [BENCH, 'engine', ...args]));

  test.each([
    [['--clips', '0'], 'It has to be a whole number from 1 up.'],
    [['--clips', '1.5'], 'It has to be a whole number from 1 up.'],
    [['--json', 'figures.txt'], 'Its name has to end in .json: a chart is put beside it.'],
  ])('refuses %j', async (args, sentence) => {
    const { code, stderr } = await bench('--data', 'nowhere', ...args);
    expect(code).toBe(1);
    expect(stderr).toContain(sentence);
  });

  test('wants a folder of recordings', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bench-engine-'));
    const without = await bench('--data', folder);
    await writeFile(join(folder, 'refs.tsv'), 'path\tlang\treference\na.flac\tzh\t你好\n');
    const foreign = await bench('--data', folder);
    await rm(folder, { recursive: true });
    expect(without).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`There is no refs.tsv in ${folder}`),
    });
    expect(foreign).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        `None of the recordings in ${folder} can be used: they have to be in en.`,
      ),
    });
  });
});
