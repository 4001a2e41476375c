import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Moonshine } from '../inference/moonshine/moonshine.ts';
import { OneRunMoonshine } from '../inference/moonshine/one-run-moonshine.ts';
import { frameCount, paddedSamples } from '../inference/moonshine/padding.ts';
import { endsInLoop, freshHistory } from '../inference/moonshine/rebuild/loop-detection.ts';
import { findLoop } from '../inference/moonshine/repetition.ts';
import { MAX_RUN_SCORES, shareRuns } from '../inference/moonshine/share-runs.ts';
import { GraphBuilder } from '../inference/onnx/graph-builder.ts';
import { ElementType } from '../inference/onnx/onnx-model.ts';
import { SAMPLE_RATE } from '../inference/recognizer.ts';
import { join, readClips } from './support/audio.ts';
import { oneRunMoonshine, rebuiltMoonshine } from './support/models.ts';

describe('Moonshine in one run', () => {
  let model: OneRunMoonshine;
  let passByPass: Moonshine;
  let clips: readonly Float32Array[];

  beforeAll(async () => {
    const rebuilt = await rebuiltMoonshine();
    if (rebuilt.kind !== 'rebuilt') throw new Error('These tests compare with the rebuilt graphs.');
    model = await OneRunMoonshine.load(await oneRunMoonshine(), 'cpu');
    passByPass = await Moonshine.load(rebuilt, 'cpu');
    clips = (await readClips()).map(({ samples }) => samples);
  });

  afterAll(async () => {
    await model.close();
    await passByPass.close();
  });

  const decode = async (recognizer: OneRunMoonshine | Moonshine, list: readonly Float32Array[]) =>
    (await recognizer.decode(list.map((samples) => ({ samples: samples.slice(), language: null }))))
      .hypotheses;

  test('chooses the tokens that are chosen pass by pass, as sure of them, whatever is beside them', async () => {
    const stretches = [...clips, ...clips.map((samples, i) => samples.slice(0, (0.7 + i / 2) * SAMPLE_RATE))];
    const expected = await decode(passByPass, stretches);
    const heard = await decode(model, stretches);
    expect(heard.map(({ tokens }) => tokens)).toEqual(expected.map(({ tokens }) => tokens));
    for (const [i, { meanLogProb }] of heard.entries())
      expect(Math.abs(meanLogProb! - expected[i]!.meanLogProb!)).toBeLessThan(0.1);
    for (const [i, samples] of stretches.entries()) {
      const [alone] = await decode(model, [samples]);
      expect(alone!.tokens).toEqual(heard[i]!.tokens);
      expect(alone!.meanLogProb).toBeCloseTo(heard[i]!.meanLogProb!, 4);
    }
  });

  test('hears the same of a row however far it is padded', async () => {
    const long = join(...clips, ...clips).slice(0, 20 * SAMPLE_RATE);
    const [alone] = await decode(model, [clips[0]!]);
    const [beside] = await decode(model, [clips[0]!, long]);
    expect(beside!.tokens).toEqual(alone!.tokens);
    expect(beside!.meanLogProb).toBeCloseTo(alone!.meanLogProb!, 4);
  });

  test('takes as many turns as its longest row has tokens, and no more', async () => {
    const { hypotheses, passes } = await model.decode(
      clips.map((samples) => ({ samples: samples.slice(), language: null })),
    );
    expect(passes).toBe(Math.max(...hypotheses.map(({ tokens }) => tokens.length + 1)));
  });
});

describe('The padding of rows for one run', () => {
  test('makes whole blocks for every convolution and a multiple of 64 frames, and loses no sample', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 * SAMPLE_RATE }), (samples) => {
        const padded = paddedSamples(samples);
        expect(padded).toBeGreaterThanOrEqual(samples);
        expect(padded % 64).toBe(0);
        expect((padded / 64 - 1) % 6).toBe(0);
        expect(frameCount(padded) % 64).toBe(0);
        expect(padded - samples).toBeLessThan(samples < 25_408 ? 25_408 : 24_576);
      }),
    );
  });
});

describe('The runs of a batch', () => {
  const costOf = (run: readonly number[], lengths: readonly number[]) =>
    run.length * frameCount(paddedSamples(Math.max(...run.map((index) => lengths[index]!)))) ** 2;

  test('have every segment once, those of like length together, and bounded memory', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 30 * SAMPLE_RATE }), { minLength: 1, maxLength: 64 });
    fc.assert(
      fc.property(lengths, (list) => {
        const runs = shareRuns(list);
        expect(runs.flat().sort((a, b) => a - b)).toEqual([...list.keys()]);
        const inOrder = runs.flat().map((index) => list[index]!);
        expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b));
        for (const run of runs) expect(costOf(run, list)).toBeLessThanOrEqual(MAX_RUN_SCORES);
      }),
    );
  });

  test('are one for all of the segments that are commonly spoken', () => {
    const spoken = Array.from({ length: 64 }, (_, i) => (1 + (i % 8)) * SAMPLE_RATE);
    expect(shareRuns(spoken)).toHaveLength(1);
  });
});

describe('The loop detection inside the graph', () => {
  let session: InferenceSession;

  beforeAll(async () => {
    const graph = new GraphBuilder();
    const history = graph.input('history', ElementType.int64, ['batch', 64]);
    graph.node('Identity', [endsInLoop(graph, history)], {}, 'loops');
    graph.output('loops', ElementType.bool, ['batch']);
    graph.node('Identity', [freshHistory(graph, graph.integers(1, 1))], {}, 'fresh');
    graph.output('fresh', ElementType.int64, [1, 64]);
    session = await InferenceSession.create(graph.build('loops'));
  });

  afterAll(() => session.release());

  test('finds just the loops that are found outside', async () => {
    const phrase = fc.array(fc.integer({ min: 3, max: 6 }), { minLength: 1, maxLength: 18 });
    const said = fc
      .tuple(fc.array(fc.integer({ min: 3, max: 9 }), { maxLength: 70 }), phrase, fc.nat(14), fc.nat(18))
      .map(([before, again, times, cut]) => {
        const repeated = new Array(times).fill(again).flat();

        return [...before, ...repeated, ...again.slice(0, cut)];
      });
    await fc.assert(
      fc.asyncProperty(said, async (tokens) => {
        const { fresh } = await session.run({ history: new Tensor('int64', new BigInt64Array(64), [1, 64]) });
        const history = [...(fresh!.data as BigInt64Array), ...tokens.map(BigInt)].slice(-64);
        const { loops } = await session.run({
          history: new Tensor('int64', BigInt64Array.from(history), [1, 64]),
        });
        expect((loops!.data as Uint8Array)[0]).toBe(findLoop(tokens) === null ? 0 : 1);
      }),
    );
  });
});
