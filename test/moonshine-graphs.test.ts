import { beforeAll, describe, expect, test } from 'vitest';
import { buildDecoder, buildPreciseDecoder } from '../inference/moonshine/rebuild/decoder-graph.ts';
import { buildEncoder } from '../inference/moonshine/rebuild/encoder-graph.ts';
import { ShippedGraph } from '../inference/moonshine/rebuild/shipped-graph.ts';
import {
  type AttributeProto,
  decodeModel,
  type GraphProto,
  type NodeProto,
} from '../inference/onnx/onnx-model.ts';
import { modelBytes, tinyDecoder, tinyEncoder } from './support/tiny-moonshine.ts';

const INTERMEDIATE = /^value_/;

/** Nodes as lines, `results = Operator(operands) attributes`, with passing values numbered in their order. */
function listing(nodes: readonly NodeProto[]): string {
  const numbers = new Map<string, string>();
  const nameOf = (value: string) => {
    if (value === '') return '-';
    if (!INTERMEDIATE.test(value)) return value;
    if (!numbers.has(value)) numbers.set(value, `#${numbers.size + 1}`);

    return numbers.get(value)!;
  };

  return nodes
    .map(({ opType, input, output, attribute }) => {
      const operands = input.map(nameOf).join(', ');
      const results = output.map(nameOf).join(', ');

      return [`${results} = ${opType}(${operands})`, ...attribute.map(settingOf)].join(' ');
    })
    .join('\n');
}

function settingOf({ name, type, f, i, ints }: AttributeProto): string {
  const value = type === 1 ? Number(f!.toPrecision(6)) : type === 2 ? Number(i) : `[${ints!.map(Number)}]`;

  return `${name}=${value}`;
}

/** Nodes behind the one that uses the constant `from` (or from the first on) up to the one that uses `to`. */
function between({ node }: GraphProto, from: string | null, to: string | null): readonly NodeProto[] {
  const user = (name: string) => node.findIndex(({ input }) => input.includes(name)) + 1;

  return node.slice(from ? user(from) : 0, to ? user(to) : node.length);
}

describe('The rebuilt graphs, node for node', () => {
  let encoder: GraphProto;
  let decoder: GraphProto;
  let precise: GraphProto;

  beforeAll(() => {
    const shipped = new ShippedGraph(modelBytes(tinyDecoder()));
    const heard = new ShippedGraph(modelBytes(tinyEncoder()));
    encoder = decodeModel(buildEncoder(heard, shipped).build('encoder')).graph;
    decoder = decodeModel(buildDecoder(shipped).build('decoder')).graph;
    precise = decodeModel(buildPreciseDecoder(shipped).build('precise')).graph;
  });

  test('begin the encoder with three convolutions', () => {
    expect(listing(between(encoder, null, 'norm_0'))).toMatchInlineSnapshot(`
      "#1 = Unsqueeze(samples, integers_1)
      #2 = Conv(#1, conv1) strides=[64] kernel_shape=[127]
      #3 = Tanh(#2)
      #4 = Reshape(#3, integers_0_1_-1)
      #5 = InstanceNormalization(#4, one, zero) epsilon=0.00001
      #6 = Shape(#3)
      #7 = Reshape(#5, #6)
      #8 = Mul(#7, group_scale)
      #9 = Add(#8, group_bias)
      #10 = Conv(#9, conv2, conv2.bias) strides=[3] kernel_shape=[7]
      #11 = Gelu(#10)
      #12 = Conv(#11, conv3, conv3.bias) strides=[2] kernel_shape=[3]
      #13 = Gelu(#12)
      #14 = Transpose(#13) perm=[0,2,1]
      #15 = LayerNormalization(#14, norm_0) axis=-1 epsilon=0.00001"
    `);
  });

  test('have encoder layers of attention, then a gate-less MLP', () => {
    expect(listing(between(encoder, 'norm_0', 'norm_1'))).toMatchInlineSnapshot(`
      "#2 = MatMul(#1, qkv_0)
      #3, #4, #5 = Split(#2, integers_288_288_288) axis=-1
      #6 = RotaryEmbedding(#3, integers_0, rotary_cos, rotary_sin) interleaved=1 num_heads=8 rotary_embedding_dim=32
      #7 = RotaryEmbedding(#4, integers_0, rotary_cos, rotary_sin) interleaved=1 num_heads=8 rotary_embedding_dim=32
      #8 = MultiHeadAttention(#6, #7, #5) num_heads=8
      #9 = MatMul(#8, dense_0)
      #11, -, -, #12 = SkipLayerNormalization(#9, #10, post_norm_0) epsilon=0.00001
      #13 = MatMul(#11, up_0)
      #14 = Add(#13, up_0.bias)
      #15 = Gelu(#14)
      #16 = MatMul(#15, down_0)
      #17 = Add(#16, down_0.bias)
      #18, -, -, #19 = SkipLayerNormalization(#17, #12, norm_1) epsilon=0.00001"
    `);
  });

  test('end the encoder with keys and values for each layer of the decoder, padded', () => {
    expect(listing(between(encoder, 'norm_6', null).slice(0, 11))).toMatchInlineSnapshot(`
      "#2 = MatMul(#1, cross)
      #3 = Shape(#2)
      #4 = Gather(#3, integers_1)
      #5 = Sub(padded_frames, #4)
      #6 = Concat(integers_0_0_0_0, #5, integers_0) axis=0
      #7 = Pad(#2, #6)
      #8, #9, #10, #11, #12, #13, #14, #15, #16, #17, #18, #19 = Split(#7, integers_288_288_288_288_288_288_288_288_288_288_288_288) axis=-1
      #20 = Reshape(#8, integers_0_1_-1_8_36)
      cross_key_0 = Transpose(#20) perm=[0,1,3,4,2]
      #21 = Reshape(#9, integers_0_1_-1_8_36)
      cross_value_0 = Transpose(#21) perm=[0,1,3,2,4]"
    `);
  });

  test('begin the decoder with a first layer that looks back, listens and thinks', () => {
    expect(listing(between(decoder, null, 'norm_1'))).toMatchInlineSnapshot(`
      "#1 = Gather(embedding, tokens)
      #2 = DequantizeLinear(#1, embedding.scale, embedding.zero_point)
      #3 = LayerNormalization(#2, norm_0) axis=-1 epsilon=0.00001
      #4 = MatMul(#3, qkv_0)
      #5, #6 = Split(#4, integers_576_288) axis=-1
      #7 = RotaryEmbedding(#5, positions, rotary_cos, rotary_sin) interleaved=1 num_heads=16 rotary_embedding_dim=32
      #8, #9 = Split(#7, integers_288_288) axis=-1
      #10 = Reshape(#9, integers_0_0_8_36)
      #11 = ScatterND(cache_key_0, slots, #10)
      #12 = Reshape(#6, integers_0_0_8_36)
      #13 = ScatterND(cache_value_0, slots, #12)
      #14 = Reshape(#8, integers_0_0_8_1_36)
      #15 = FusedMatMul(#14, #11) transB=1
      #16 = Add(#15, self_mask)
      #17 = Softmax(#16) axis=-1
      #18 = MatMul(#17, #13)
      #19 = Reshape(#18, integers_0_0_288)
      #20 = MatMulNBits(#19, dense_0.bytes, dense_0.scales, dense_0.zero_points) K=288 N=288 bits=8 block_size=32 accuracy_level=4
      #21, -, -, #22 = SkipLayerNormalization(#20, #2, cross_norm_0) epsilon=0.00001
      #23 = MatMulNBits(#21, cross_q_0.bytes, cross_q_0.scales, cross_q_0.zero_points) K=288 N=288 bits=8 block_size=32 accuracy_level=4
      #24 = Reshape(#23, integers_0_0_8_1_36)
      #25 = MatMul(#24, cross_key_0)
      #26 = Add(#25, cross_mask)
      #27 = Softmax(#26) axis=-1
      #28 = MatMul(#27, cross_value_0)
      #29 = Reshape(#28, integers_0_0_288)
      #30 = MatMulNBits(#29, cross_dense_0.bytes, cross_dense_0.scales, cross_dense_0.zero_points) K=288 N=288 bits=8 block_size=32 accuracy_level=4
      #31, -, -, #32 = SkipLayerNormalization(#30, #22, mlp_norm_0) epsilon=0.00001
      #33 = MatMulNBits(#31, up_0.bytes, up_0.scales, up_0.zero_points, -, up_0.bias) K=288 N=2304 bits=8 block_size=32 accuracy_level=4
      #34, #35 = Split(#33, integers_1152_1152) axis=-1
      #36 = QuickGelu(#35) alpha=1
      #37 = Mul(#36, #34)
      #38 = MatMulNBits(#37, down_0.bytes, down_0.scales, down_0.zero_points, -, down_0.bias) K=1152 N=288 bits=8 block_size=32 accuracy_level=4
      #39, -, -, #40 = SkipLayerNormalization(#38, #32, norm_1) epsilon=0.00001"
    `);
  });

  test('end the decoder with what to keep and the choice of tokens', () => {
    expect(listing(between(decoder, 'norm_6', null))).toMatchInlineSnapshot(`
      "fresh = Concat(#1, #2, #3, #4, #5, #6, #7, #8, #9, #10, #11, #12) axis=2
      logits = MatMulNBits(#13, logits.bytes, logits.scales, logits.zero_points) K=288 N=64 bits=8 block_size=32 accuracy_level=4
      scores, candidates = TopK(logits, integers_4) axis=-1
      #14 = Softmax(logits) axis=-1
      probabilities = ReduceMax(#14, integers_-1) keepdims=0"
    `);
  });

  test('end the precise decoder with the scores of the candidates it is given', () => {
    expect(listing(between(precise, 'norm_6', null))).toMatchInlineSnapshot(`
      "#2 = Unsqueeze(#1, integers_-1)
      #3 = Gather(embedding, candidates)
      #4 = DequantizeLinear(#3, embedding.scale, embedding.zero_point)
      #5 = MatMul(#4, #2)
      scores = Squeeze(#5, integers_-1)"
    `);
  });

  test('have the precise decoder do in floats what the decoder does with bytes, and nothing else', () => {
    const bytes = between(decoder, 'norm_0', 'norm_6');
    const floats = between(precise, 'norm_0', 'norm_6');
    const products = bytes.filter(({ opType }) => opType === 'MatMulNBits').map(({ input }) => input[1]);
    const constants = new Set(precise.initializer.map(({ name }) => name));
    const inFloats = floats
      .filter(({ opType, input }) => opType === 'MatMul' && constants.has(input[1]!))
      .map(({ input }) => `${input[1]}.bytes`)
      .filter((name) => !name.startsWith('qkv_'));
    expect(inFloats).toEqual(products);
    expect(inFloats).toHaveLength(6 * 5);
    const others = (nodes: readonly NodeProto[]) =>
      nodes
        .map(({ opType }) => opType)
        .filter((opType) => !['MatMulNBits', 'MatMul', 'Add'].includes(opType));
    expect(others(floats)).toEqual(others(bytes));
  });

  test('are fed and give what the host knows them by', () => {
    const names = (values: readonly { name: string }[]) =>
      values.map(({ name }) => name.replace(/_\d$/, '_N'));
    const layers = ['cache_key_N', 'cache_value_N', 'cross_key_N', 'cross_value_N'];
    const common = ['tokens', 'positions', 'self_mask', 'slots', 'cross_mask', ...layers];
    expect(new Set(names(decoder.input))).toEqual(new Set(common));
    expect(new Set(names(precise.input))).toEqual(new Set(['candidates', ...common]));
    expect(decoder.input).toHaveLength(5 + 6 * 4);
    expect(names(decoder.output)).toEqual(['fresh', 'scores', 'candidates', 'probabilities', 'logits']);
    expect(names(precise.output)).toEqual(['scores']);
    expect(names(encoder.input)).toEqual(['samples', 'padded_frames']);
    expect(encoder.output).toHaveLength(12);
  });
});
