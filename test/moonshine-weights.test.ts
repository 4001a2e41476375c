import { beforeAll, describe, expect, test } from 'vitest';
import { HEAD_SIZE, HIDDEN_SIZE } from '../inference/moonshine/dimensions.ts';
import { buildDecoder } from '../inference/moonshine/rebuild/decoder-graph.ts';
import { buildEncoder } from '../inference/moonshine/rebuild/encoder-graph.ts';
import { ShippedGraph, UnknownGraphError } from '../inference/moonshine/rebuild/shipped-graph.ts';
import { decodeModel, ElementType, type NodeProto, type TensorProto } from '../inference/onnx/onnx-model.ts';
import { modelBytes, type TinyGraph, tinyDecoder, tinyEncoder, weightsOf } from './support/tiny-moonshine.ts';

/** Bytes, scale and zero point of a product in the tiny model, by another way than the rewriter's. */
function shippedMatrix(graph: TinyGraph, name: string) {
  const { dims, rawData } = graph.constants.get(`${name}_quantized`)!;
  const [rows, columns] = dims!.map(Number);
  const scale = Math.fround(graph.constants.get(`${name}_scale`)!.floatData![0]!);
  const zeroPoint = graph.constants.get(`${name}_zero_point`)!.int32Data![0]!;

  return { rows: rows!, columns: columns!, bytes: rawData!, scale, zeroPoint };
}

describe('The constants of the rebuilt graphs', () => {
  const heard = tinyEncoder();
  const said = tinyDecoder();
  let constants: ReadonlyMap<string, Uint8Array>;

  beforeAll(() => {
    const decoder = new ShippedGraph(modelBytes(said));
    const graphs = [buildEncoder(new ShippedGraph(modelBytes(heard)), decoder), buildDecoder(decoder)];
    constants = new Map(
      graphs.flatMap((graph, i) =>
        decodeModel(graph.build('')).graph.initializer.map(({ name, rawData }): [string, Uint8Array] => [
          `${['encoder', 'decoder'][i]} ${name}`,
          rawData!,
        ]),
      ),
    );
  });

  const floats = (name: string) => new Float32Array(Uint8Array.from(constants.get(name)!).buffer);

  test('are the shipped bytes, turned so that each output has its weights in a row', () => {
    const { rows, columns, bytes, scale, zeroPoint } = shippedMatrix(
      said,
      weightsOf(said, '/model/decoder/layers.3/mlp/down_proj'),
    );
    const turned = constants.get('decoder down_3.bytes')!;
    expect([rows, columns, turned.length]).toEqual([1152, 288, 1152 * 288]);
    let wrong = 0;
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        if (turned[column * rows + row] !== bytes[row * columns + column]) wrong++;
    expect(wrong).toBe(0);
    // A scale and a zero point for each 32 weights of an output.
    expect(floats('decoder down_3.scales')).toEqual(new Float32Array((1152 / 32) * 288).fill(scale));
    expect(constants.get('decoder down_3.zero_points')).toEqual(
      Buffer.alloc((1152 / 32) * 288).fill(zeroPoint),
    );
  });

  test('divide the queries to the speech by the root of a head, and leave their bytes', () => {
    const name = weightsOf(said, '/model/decoder/layers.1/encoder_attn/q_proj');
    const { scale, bytes } = shippedMatrix(said, name);
    expect(floats('decoder cross_q_1.scales')[0]).toBe(Math.fround(scale / 6));
    expect(HEAD_SIZE).toBe(36);
    expect(constants.get('decoder cross_q_1.bytes')![1]).toBe(bytes[HIDDEN_SIZE]);
  });

  test.each([
    ['decoder qkv_2', said, '/model/decoder/layers.2/self_attn', 6],
    // Attention in the encoder is one operator, which divides by itself.
    ['encoder qkv_2', heard, '/layers.2/self_attn', 1],
  ])('unpack to floats, queries, keys and values side by side: %s', (name, graph, layer, divisor) => {
    const joined = floats(name);
    for (const [i, part] of ['q', 'k', 'v'].entries()) {
      const matrix = shippedMatrix(graph, weightsOf(graph, `${layer}/${part}_proj`));
      const scale = part === 'q' ? matrix.scale / divisor : matrix.scale;
      let wrong = 0;
      for (let row = 0; row < HIDDEN_SIZE; row++) {
        for (let column = 0; column < HIDDEN_SIZE; column++) {
          const value = (matrix.bytes[row * HIDDEN_SIZE + column]! - matrix.zeroPoint) * scale;
          if (joined[(row * 3 + i) * HIDDEN_SIZE + column] !== Math.fround(value)) wrong++;
        }
      }
      expect(wrong).toBe(0);
    }
  });

  test('take the convolutions as signed bytes with a scale and an offset', () => {
    const bytes = heard.constants.get('conv2.weight_quantized')!.rawData!;
    const of = (name: string) =>
      new Float32Array(heard.constants.get(`conv2.weight_${name}`)!.rawData!.buffer)[0]!;
    const weights = floats('encoder conv2');
    expect(weights).toHaveLength(576 * 288 * 7);
    for (const i of [0, 1, 77, weights.length - 1]) {
      const signed = (bytes[i]! << 24) >> 24;
      expect(weights[i]).toBe(Math.fround(signed * of('scale') + of('zero_point')));
    }
    expect(Buffer.from(constants.get('encoder conv2.bias')!)).toEqual(
      Buffer.from(heard.constants.get('conv2.bias')!.rawData!),
    );
  });

  test('take the embedding as it is, for tokens and for choices', () => {
    const shipped = said.constants.get('model.decoder.embed_tokens.weight_merged_0_quantized')!.rawData!;
    expect(Buffer.compare(constants.get('decoder embedding')!, shipped)).toBe(0);
    expect(Buffer.compare(constants.get('decoder logits.bytes')!, shipped)).toBe(0);
  });
});

describe('A model that is not what the rewriter knows', () => {
  /** What rebuilding says when one thing of the shipped graphs is not as it was. */
  function refusal(spoil: (encoder: TinyGraph, decoder: TinyGraph) => void): unknown {
    const [heard, said] = [tinyEncoder(), tinyDecoder()];
    spoil(heard, said);
    try {
      const decoder = new ShippedGraph(modelBytes(said));
      buildDecoder(decoder);
      buildEncoder(new ShippedGraph(modelBytes(heard)), decoder);

      return null;
    } catch (error) {
      return error;
    }
  }

  test.each<[string, string, (encoder: TinyGraph, decoder: TinyGraph) => void]>([
    [
      'no norm',
      'It has no constant model.decoder.layers.4.final_layernorm.weight_merged_0.',
      (_, { constants }) => constants.delete('model.decoder.layers.4.final_layernorm.weight_merged_0'),
    ],
    [
      'no bias',
      'It has no constant layers.5.mlp.fc1.bias.',
      ({ constants }) => constants.delete('layers.5.mlp.fc1.bias'),
    ],
    [
      'no convolution',
      'Nothing makes conv3.weight_cast_tensor.',
      ({ nodes }) =>
        nodes.splice(0, nodes.length, ...nodes.filter(({ output }) => !output[0]!.startsWith('conv3'))),
    ],
    [
      'a convolution without a scale',
      'conv2.weight_mul_tensor is made of no constant.',
      ({ constants }) => constants.delete('conv2.weight_scale'),
    ],
    [
      'no product',
      'It has no quantised product named /layers.0/mlp/fc2.',
      ({ nodes }) =>
        nodes.splice(0, nodes.length, ...nodes.filter(({ output }) => !output[0]!.includes('0/mlp/fc2'))),
    ],
    [
      'an embedding of signed bytes',
      'model.decoder.embed_tokens.weight_merged_0_quantized is no matrix of unsigned bytes.',
      (_, graph) =>
        retype(graph, 'model.decoder.embed_tokens.weight_merged_0', { dataType: ElementType.int8 }),
    ],
    [
      'an embedding that is a vector',
      'model.decoder.embed_tokens.weight_merged_0_quantized is no matrix of unsigned bytes.',
      (_, graph) => retype(graph, 'model.decoder.embed_tokens.weight_merged_0', { dims: [64 * 288] }),
    ],
    [
      'an embedding of fewer bytes than it says',
      'model.decoder.embed_tokens.weight_merged_0_quantized is no matrix of unsigned bytes.',
      (_, graph) =>
        retype(graph, 'model.decoder.embed_tokens.weight_merged_0', { rawData: new Uint8Array(9) }),
    ],
    [
      'another width',
      'model.decoder.embed_tokens.weight_merged_0 has 416 columns, not 288.',
      (_, graph) =>
        retype(graph, 'model.decoder.embed_tokens.weight_merged_0', {
          dims: [1, 416],
          rawData: new Uint8Array(416),
        }),
    ],
    [
      'zero points for each channel',
      'model.decoder.embed_tokens.weight_merged_0_zero_point is no single unsigned byte.',
      (_, { constants }) =>
        change(constants, 'model.decoder.embed_tokens.weight_merged_0_zero_point', { dims: [288] }),
    ],
    [
      'a norm in half precision',
      'layer_norm.weight does not hold the floats it says.',
      ({ constants }) =>
        change(constants, 'layer_norm.weight', { dataType: 10, rawData: new Uint8Array(576) }),
    ],
    [
      'a norm cut short',
      'layer_norm.weight does not hold the floats it says.',
      ({ constants }) => change(constants, 'layer_norm.weight', { rawData: new Uint8Array(401) }),
    ],
    [
      'a convolution over more samples',
      'conv3 spans 5 samples, not 3.',
      ({ constants }) => change(constants, 'conv3.weight_quantized', { dims: [288, 576, 5] }),
    ],
    [
      'a seventh layer',
      'It has a product named /layers.6/self_attn/q_proj, which is one too many.',
      ({ nodes }) => {
        const isSixth = ({ opType, output }: NodeProto) =>
          opType === 'MatMulInteger' && output[0]!.startsWith('/layers.5/self_attn/q_proj/');
        const sixth = nodes.find(isSixth)!;
        nodes.push({ ...sixth, output: [sixth.output[0]!.replace('layers.5', 'layers.6')] });
      },
    ],
  ])('is refused for %s, by name', (_, message, spoil) => {
    expect(refusal(spoil)).toEqual(new UnknownGraphError(message));
  });

  test('is refused for a scale for each channel, by name', () => {
    let weights = '';
    const error = refusal((_, decoder) => {
      weights = weightsOf(decoder, '/model/decoder/layers.2/self_attn/dense');
      const scale = decoder.constants.get(`${weights}_scale`)!;
      decoder.constants.set(`${weights}_scale`, {
        ...scale,
        dims: [288],
        floatData: new Array(288).fill(0.1),
      });
    });
    expect(error).toEqual(new UnknownGraphError(`${weights}_quantized has more than one scale.`));
  });

  test('is not refused as it is', () => {
    expect(refusal(() => {})).toBeNull();
  });
});

function retype({ constants }: TinyGraph, name: string, to: Partial<TensorProto>): void {
  change(constants, `${name}_quantized`, to);
}

function change(constants: Map<string, TensorProto>, name: string, to: Partial<TensorProto>): void {
  constants.set(name, { ...constants.get(name)!, ...to });
}
