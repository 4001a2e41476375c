import { GraphBuilder, type Value } from '../../onnx/graph-builder.ts';
import { ElementType } from '../../onnx/onnx-model.ts';
import { HEAD_SIZE, HEADS, HIDDEN_SIZE, LAYERS } from '../dimensions.ts';
import { CONVOLUTIONS } from '../padding.ts';
import {
  addAndNormalize,
  attend,
  floatLinear,
  normalize,
  rotaryTables,
  rotate,
  scaledQuery,
  toHeads,
} from './layers.ts';
import { type ShippedGraph, UnknownGraphError } from './shipped-graph.ts';

/** 30 s at 41.6 frames a second, and some. */
export const MAX_FRAMES = 1400;
/** What the decoder attends to: keys and values for each of its layers. */
const SPEECH_PARTS = Array.from({ length: LAYERS }, (_, layer) =>
  (['key', 'value'] as const).map((part) => ({ part, layer })),
).flat();

/**
 * Audio to the keys and values that every layer of the decoder attends to: `samples [batch, samples]` →
 * `cross_key_N [batch, 1, 8, 36, frames]` and `cross_value_N [batch, 1, 8, frames, 36]`, with zeros behind the speech
 * up to `padded_frames`. Weights are unpacked to floats: on a machine with wide vectors that is as fast as bytes over
 * hundreds of frames, and exact.
 */
export function buildEncoder(encoder: ShippedGraph, decoder: ShippedGraph): GraphBuilder {
  encoder.refuseLayer(`/layers.${LAYERS}/self_attn/q_proj`);
  const graph = new GraphBuilder();
  const samples = graph.input('samples', ElementType.float32, ['batch', 'samples']);
  const padded = graph.input('padded_frames', ElementType.int64, [1]);
  let residual = convolve(graph, encoder, samples);
  let x = normalize(graph, residual, 'norm_0', encoder.floats('layers.0.input_layernorm.weight'));
  const tables = rotaryTables(graph, encoder.floats('/rotary_emb/Cast_1_output_0'), MAX_FRAMES);
  for (let layer = 0; layer < LAYERS; layer++) {
    [x, residual] = encodeLayer(graph, encoder, layer, x, residual, (joined) => {
      const [query, key, value] = graph.split(joined, [HIDDEN_SIZE, HIDDEN_SIZE, HIDDEN_SIZE]);
      const turn = (part: Value) => rotate(graph, part, graph.integers(0), tables, HEADS);

      return attend(graph, turn(query!), turn(key!), value!);
    });
  }
  projectForDecoder(graph, decoder, x, padded);

  return graph;
}

/** Three convolutions, from 16 kHz to 41.6 frames a second. */
function convolve(graph: GraphBuilder, encoder: ShippedGraph, samples: Value): Value {
  const channel = graph.node('Unsqueeze', [samples, graph.integers(1)]);
  const first = graph.node('Tanh', [convolution(graph, encoder, channel, 1)]);
  const second = gelu(graph, convolution(graph, encoder, normalizeGroup(graph, encoder, first), 2));
  const third = gelu(graph, convolution(graph, encoder, second, 3));

  return graph.node('Transpose', [third], { perm: [0, 2, 1] });
}

function convolution(graph: GraphBuilder, encoder: ShippedGraph, x: Value, number: 1 | 2 | 3): Value {
  const name = `conv${number}`;
  const [kernel, stride] = CONVOLUTIONS[number - 1]!;
  const { shape, weights } = convolutionWeights(encoder, number);
  const operands = [x, graph.constant(name, shape, weights)];
  // The first one has none.
  if (number !== 1)
    operands.push(graph.constant(`${name}.bias`, [shape[0]!], encoder.floats(`${name}.bias`)));

  return graph.node('Conv', operands, { strides: [stride], kernel_shape: [kernel] });
}

/** Weights of a convolution in floats, `[outputs, inputs, kernel]`. */
export function convolutionWeights(
  encoder: ShippedGraph,
  number: 1 | 2 | 3,
): { readonly shape: readonly number[]; readonly weights: Float32Array } {
  const name = `conv${number}`;
  const [kernel] = CONVOLUTIONS[number - 1]!;
  const { input } = encoder.producer(`${name}.weight_cast_tensor`);
  const scale = encoder.floatsInto(`${name}.weight_mul_tensor`)[0]!;
  const zero = encoder.floatsInto(`${name}.weight_add_tensor`)[0]!;
  const shape = encoder.shape(input[0]!);
  if (shape[2] !== kernel) throw new UnknownGraphError(`${name} spans ${shape[2]} samples, not ${kernel}.`);

  return { shape, weights: Float32Array.from(encoder.bytes(input[0]!), (byte) => byte * scale + zero) };
}

/** Normalises over all channels and the whole input together, then scales each channel. */
function normalizeGroup(graph: GraphBuilder, encoder: ShippedGraph, x: Value): Value {
  const flat = graph.node('Reshape', [x, graph.integers(0, 1, -1)]);
  const operands = [
    flat,
    graph.constant('one', [1], Float32Array.of(1)),
    graph.constant('zero', [1], Float32Array.of(0)),
  ];
  const normal = graph.node('InstanceNormalization', operands, { epsilon: { float: 1e-5 } });
  const shaped = graph.node('Reshape', [normal, graph.node('Shape', [x])]);
  const scale = encoder.floatsInto('/groupnorm/Mul_output_0');
  const bias = encoder.floatsInto('/groupnorm/Add_output_0');
  const scaled = graph.node('Mul', [shaped, graph.constant('group_scale', [scale.length, 1], scale)]);

  return graph.node('Add', [scaled, graph.constant('group_bias', [bias.length, 1], bias)]);
}

/** The exact one. */
export function gelu(graph: GraphBuilder, x: Value): Value {
  return graph.contrib('Gelu', [x], {})[0]!;
}

/**
 * One layer of the encoder.
 * @param attendTo takes queries, keys and values side by side, `[batch, frames, 864]`, each not yet turned.
 * @param scaled whether queries come divided by the root of a head's size.
 * @returns what the next layer is given, normalised and not.
 */
export function encodeLayer(
  graph: GraphBuilder,
  encoder: ShippedGraph,
  layer: number,
  x: Value,
  residual: Value,
  attendTo: (joined: Value) => Value,
  scaled = false,
): readonly [Value, Value] {
  const matrix = (name: string) => encoder.matrix(`/layers.${layer}/${name}`);
  const weight = (name: string) => encoder.floats(`layers.${layer}.${name}`);
  const [query, ...others] = ['q', 'k', 'v'].map((name) => matrix(`self_attn/${name}_proj`));
  const projections = [scaled ? scaledQuery(query!) : query!, ...others];
  const attended = attendTo(floatLinear(graph, x, `qkv_${layer}`, projections));
  const dense = floatLinear(graph, attended, `dense_${layer}`, [matrix('self_attn/dense')]);
  const [normal, sum] = addAndNormalize(
    graph,
    dense,
    residual,
    `post_norm_${layer}`,
    weight('post_attention_layernorm.weight'),
  );
  const up = floatLinear(graph, normal, `up_${layer}`, [matrix('mlp/fc1')], weight('mlp.fc1.bias'));
  const down = floatLinear(
    graph,
    gelu(graph, up),
    `down_${layer}`,
    [matrix('mlp/fc2')],
    weight('mlp.fc2.bias'),
  );
  const next = layer + 1 < LAYERS ? `layers.${layer + 1}.input_layernorm.weight` : 'layer_norm.weight';

  return addAndNormalize(graph, down, sum, `norm_${layer + 1}`, encoder.floats(next));
}

/**
 * Every layer of the decoder asks for keys and values of its own; they are computed once, as one product, and padded
 * with zeros up to `padded`, `[1]`.
 */
function projectForDecoder(graph: GraphBuilder, decoder: ShippedGraph, x: Value, padded: Value): void {
  const joined = padFrames(graph, projectSpeech(graph, decoder, x), padded);
  for (const [i, value] of splitSpeech(graph, joined).entries()) {
    const { part, layer } = SPEECH_PARTS[i]!;
    const output = toHeads(graph, value, part, `cross_${part}_${layer}`);
    const sizes = part === 'key' ? [HEAD_SIZE, 'frames'] : ['frames', HEAD_SIZE];
    graph.output(output, ElementType.float32, ['batch', 1, HEADS, ...sizes]);
  }
}

/** Key and value of the first layer of the decoder, of the second, and so on, side by side. */
export function projectSpeech(graph: GraphBuilder, decoder: ShippedGraph, x: Value): Value {
  const matrices = SPEECH_PARTS.map(({ part, layer }) =>
    decoder.matrix(`/model/decoder/layers.${layer}/encoder_attn/${part[0]}_proj`),
  );

  return floatLinear(graph, x, 'cross', matrices);
}

/** What `projectSpeech` has put side by side, one by one. */
export function splitSpeech(graph: GraphBuilder, joined: Value): readonly Value[] {
  return graph.split(joined, new Array<number>(SPEECH_PARTS.length).fill(HIDDEN_SIZE));
}

function padFrames(graph: GraphBuilder, x: Value, padded: Value): Value {
  const frames = graph.node('Gather', [graph.node('Shape', [x]), graph.integers(1)]);
  const missing = graph.node('Sub', [padded, frames]);
  const before = graph.integers(0, 0, 0, 0);
  const pads = graph.node('Concat', [before, missing, graph.integers(0)], { axis: 0 });

  return graph.node('Pad', [x, pads]);
}
