import { InferenceSession, Tensor } from 'onnxruntime-node';
import { beforeAll, describe, expect, test } from 'vitest';
import { crossMask, feedTokens } from '../inference/moonshine/decoder-feeds.ts';
import { HEAD_SIZE, HEADS, HIDDEN_SIZE, LAYERS } from '../inference/moonshine/dimensions.ts';
import { buildDecoder, buildPreciseDecoder } from '../inference/moonshine/rebuild/decoder-graph.ts';
import { ShippedGraph } from '../inference/moonshine/rebuild/shipped-graph.ts';
import { TokenCache } from '../inference/moonshine/token-cache.ts';
import type { Values } from '../inference/moonshine/values.ts';
import { sessionOptions } from '../inference/session-options.ts';
import { modelBytes, TINY_VOCABULARY, tinyDecoder, weightsOf } from './support/tiny-moonshine.ts';

type Vector = readonly number[];

const TOKENS = [1, 40, 7, 63];
/** Frames of speech, of the 64 there is room for. */
const FRAMES = 41;
const SPACE = 64;
const said = tinyDecoder();

function floats(name: string): Float32Array {
  return new Float32Array(said.constants.get(name)!.rawData!.buffer);
}

/** A weight of a quantised matrix by its index. */
function weights(name: string): (index: number) => number {
  const { rawData } = said.constants.get(`${name}_quantized`)!;
  const scale = said.constants.get(`${name}_scale`)!.floatData![0]!;
  const zero = said.constants.get(`${name}_zero_point`)!.int32Data![0]!;

  return (index) => (rawData![index]! - zero) * scale;
}

function linear(x: Vector, path: string, outputs: number, bias?: string): Vector {
  const weight = weights(weightsOf(said, path));
  const biases = bias && floats(bias);

  return Array.from({ length: outputs }, (_, column) =>
    x.reduce((sum, value, row) => sum + value * weight(row * outputs + column), biases ? biases[column]! : 0),
  );
}

function embed(token: number): Vector {
  const weight = weights('model.decoder.embed_tokens.weight_merged_0');

  return Array.from({ length: HIDDEN_SIZE }, (_, i) => weight(token * HIDDEN_SIZE + i));
}

function normalize(x: Vector, name: string): Vector {
  const weight = floats(`${name}.weight_merged_0`);
  const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;

  return x.map((value, i) => ((value - mean) / Math.sqrt(variance + 1e-5)) * weight[i]!);
}

/** Turns neighbouring numbers of each head by angles that grow with the position; the last four stay. */
function rotate(x: Vector, position: number): Vector {
  const frequencies = floats('/model/decoder/rotary_emb/Cast_1_output_0');

  return x.map((value, i) => {
    const place = i % HEAD_SIZE;
    if (place >= 2 * frequencies.length) return value;
    const angle = position * frequencies[place >> 1]!;
    const partner = place % 2 === 0 ? -x[i + 1]! : x[i - 1]!;

    return value * Math.cos(angle) + partner * Math.sin(angle);
  });
}

function attend(query: Vector, keys: readonly Vector[], values: readonly Vector[]): Vector {
  return query.map((_, i) => {
    const head = i - (i % HEAD_SIZE);
    const scores = keys.map((key) => {
      let sum = 0;
      for (let k = head; k < head + HEAD_SIZE; k++) sum += query[k]! * key[k]!;

      return Math.exp(sum / Math.sqrt(HEAD_SIZE));
    });
    const total = scores.reduce((sum, score) => sum + score, 0);

    return scores.reduce((sum, score, at) => sum + (score / total) * values[at]![i]!, 0);
  });
}

const add = (a: Vector, b: Vector): Vector => a.map((value, i) => value + b[i]!);
/** Speech: the number at place `i` of a frame's key or value. */
const heard = (layer: number, part: number, frame: number, i: number) =>
  Math.sin(layer + 7 * part + 3.1 * frame + 1.7 * i) * 2;

function speechOf(layer: number, part: number): readonly Vector[] {
  return Array.from({ length: FRAMES }, (_, frame) =>
    Array.from({ length: HIDDEN_SIZE }, (_, i) => heard(layer, part, frame, i)),
  );
}

/** Moonshine's decoder as its paper and the shipped weights have it, slowly. */
function reference() {
  let states = TOKENS.map(embed);
  const cached: (readonly Vector[])[] = [];
  for (let layer = 0; layer < LAYERS; layer++) {
    const path = `/model/decoder/layers.${layer}`;
    const name = `model.decoder.layers.${layer}`;
    const x = states.map((state) => normalize(state, `${name}.input_layernorm`));
    const own = (part: string) =>
      x.map((each) => linear(each, `${path}/self_attn/${part}_proj`, HIDDEN_SIZE));
    const [queries, keys] = [own('q').map(rotate), own('k').map(rotate)];
    const values = own('v');
    cached.push(keys, values);
    const speech = [speechOf(layer, 0), speechOf(layer, 1)] as const;
    states = states.map((state, i) => {
      const recalled = attend(queries[i]!, keys.slice(0, i + 1), values.slice(0, i + 1));
      const one = add(state, linear(recalled, `${path}/self_attn/dense`, HIDDEN_SIZE));
      const asking = normalize(one, `${name}.post_attention_layernorm`);
      const query = linear(asking, `${path}/encoder_attn/q_proj`, HIDDEN_SIZE);
      const two = add(one, linear(attend(query, ...speech), `${path}/encoder_attn/dense`, HIDDEN_SIZE));
      const inner = normalize(two, `${name}.final_layernorm`);
      const up = linear(inner, `${path}/mlp/up_proj`, 8 * HIDDEN_SIZE, `${name}.mlp.up_proj.bias_merged_0`);
      const gated = up.slice(0, 4 * HIDDEN_SIZE).map((value, k) => {
        const gate = up[4 * HIDDEN_SIZE + k]!;

        return (value * gate) / (1 + Math.exp(-gate));
      });

      return add(
        two,
        linear(gated, `${path}/mlp/down_proj`, HIDDEN_SIZE, `${name}.mlp.down_proj.bias_merged_0`),
      );
    });
  }
  const last = states.map((state) => normalize(state, 'model.decoder.norm'));
  const scores = last.map((state) =>
    Array.from({ length: TINY_VOCABULARY }, (_, token) =>
      embed(token).reduce((sum, value, i) => sum + value * state[i]!, 0),
    ),
  );

  return { cached, scores };
}

function feeds(): Values {
  const cache = new TokenCache();
  cache.open(1);
  const speech = Array.from({ length: LAYERS }, (_, layer) => {
    const tensor = (
      part: number,
      dims: readonly number[],
      frameOf: (at: number) => readonly [number, number],
    ) => {
      const data = Float32Array.from({ length: HIDDEN_SIZE * SPACE }, (_, at) => {
        const head = Math.floor(at / (HEAD_SIZE * SPACE)) * HEAD_SIZE;
        const [frame, i] = frameOf(at % (HEAD_SIZE * SPACE));

        return frame < FRAMES ? heard(layer, part, frame, head + i) : 0;
      });

      return new Tensor('float32', data, [1, 1, HEADS, ...dims]);
    };

    return [
      [`cross_key_${layer}`, tensor(0, [HEAD_SIZE, SPACE], (at) => [at % SPACE, Math.floor(at / SPACE)])],
      [
        `cross_value_${layer}`,
        tensor(1, [SPACE, HEAD_SIZE], (at) => [Math.floor(at / HEAD_SIZE), at % HEAD_SIZE]),
      ],
    ] as const;
  });

  return {
    ...Object.fromEntries(speech.flat()),
    cross_mask: crossMask([FRAMES], SPACE),
    ...cache.rows(1),
    ...feedTokens([{ pending: TOKENS, position: 0 }], cache.slots),
  };
}

/** Largest difference, as a share of the largest number expected. */
function difference(actual: Float32Array, expected: Vector): number {
  expect(actual).toHaveLength(expected.length);
  const size = Math.max(...expected.map(Math.abs));

  return Math.max(...expected.map((value, i) => Math.abs(actual[i]! - value))) / size;
}

describe('The rebuilt decoder of a tiny model', () => {
  let expected: ReturnType<typeof reference>;
  const shipped = new ShippedGraph(modelBytes(said));

  beforeAll(() => {
    expected = reference();
  });

  async function run(model: Uint8Array, fed: Values): Promise<Values> {
    const session = await InferenceSession.create(model, sessionOptions('cpu'));
    const made = (await session.run(fed)) as Values;
    await session.release();

    return made;
  }

  test('gives keys, values and scores as the weights say, to the precision of bytes', async () => {
    const { fresh, scores, candidates, probabilities } = await run(
      buildDecoder(shipped).build('decoder'),
      feeds(),
    );
    const size = 2 * HIDDEN_SIZE * LAYERS;
    for (const i of TOKENS.keys()) {
      for (const [plane, vectors] of expected.cached.entries()) {
        const at = i * size + plane * HIDDEN_SIZE;
        const made = (fresh!.data as Float32Array).subarray(at, at + HIDDEN_SIZE);
        // The first layer's see no bytes yet.
        expect(difference(made, vectors[i]!)).toBeLessThan(plane < 2 ? 1e-5 : 0.03);
      }
      const chosen = Array.from((candidates!.data as BigInt64Array).subarray(i * 4, i * 4 + 4), Number);
      const best = (scores!.data as Float32Array).subarray(i * 4, i * 4 + 4);
      expect(
        difference(
          best,
          chosen.map((token) => expected.scores[i]![token]!),
        ),
      ).toBeLessThan(0.03);
      expect(difference(best, expected.scores[i]!.toSorted((a, b) => b - a).slice(0, 4))).toBeLessThan(0.03);
      const total = expected.scores[i]!.reduce((sum, score) => sum + Math.exp(score), 0);
      const likelihood = (probabilities!.data as Float32Array)[i]!;
      expect(likelihood / (Math.exp(expected.scores[i]![chosen[0]!]!) / total)).toBeCloseTo(1, 0);
    }
  });

  test('gives the scores of candidates to the precision of floats', async () => {
    const candidates = TOKENS.flatMap((_, i) => [i, 20 + i, 63 - i, 5]);
    const { scores } = await run(buildPreciseDecoder(shipped).build('precise'), {
      ...feeds(),
      candidates: new Tensor('int64', BigInt64Array.from(candidates, BigInt), [1, TOKENS.length, 4]),
    });
    const wanted = candidates.map((token, i) => expected.scores[i >> 2]![token]!);
    expect(difference(scores!.data as Float32Array, wanted)).toBeLessThan(1e-4);
  });
});
