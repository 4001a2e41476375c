import type { FloatType, GraphBuilder, Value } from '../../onnx/graph-builder.ts';
import { ElementType } from '../../onnx/onnx-model.ts';
import { HEAD_SIZE, HEADS, HIDDEN_SIZE, LAYERS } from '../dimensions.ts';
import { CONVOLUTIONS } from '../padding.ts';
import { convolutionWeights, encodeLayer, gelu, MAX_FRAMES } from './encoder-graph.ts';
import { normalize, type RotaryTables, rotaryTables, rotate } from './layers.ts';
import type { ShippedGraph } from './shipped-graph.ts';

/** What the encoder has made of a batch. */
export interface MaskedSpeech {
  /** `[batch, frames, 288]`; behind a row's own frames there are numbers of no meaning. */
  readonly states: Value;
  /** 0 at a row's own frames, minus infinity behind: `[batch, 1, 1, frames]`. */
  readonly mask: Value;
}

/**
 * The encoder for rows of any lengths, padded to the longest: `samples [batch, samples]` and how many of each row are its
 * own, `lengths [batch]`. Nothing of a row depends on its padding: frames that reach into it are left out of the norm over
 * the whole input, and nobody attends to them. Convolutions are products over blocks of samples, so that a GPU need not
 * try anew which of its algorithms is the fastest for each new shape; for that the number of samples has to be as
 * `paddedSamples` says.
 * @param floats of weights and arithmetic but for the front, up to the norm over the whole input: that adds up millions of
 * numbers, which half precision cannot hold.
 */
export function encodeMasked(
  graph: GraphBuilder,
  encoder: ShippedGraph,
  samples: Value,
  lengths: Value,
  floats: FloatType,
): MaskedSpeech {
  encoder.refuseLayer(`/layers.${LAYERS}/self_attn/q_proj`);
  const front = graph.part('front', ElementType.float32, () => {
    const first = graph.node('Tanh', [convolve(graph, encoder, samples, 1)]);

    return graph.cast(normalizeOwn(graph, encoder, first, lengths), floats);
  });

  return graph.part('encoder', floats, () => {
    const second = gelu(graph, convolve(graph, encoder, front, 2));
    const third = gelu(graph, convolve(graph, encoder, second, 3));
    const own = ownFrames(graph, third, lengths, CONVOLUTIONS.length);
    const masked = graph.node('Where', [own, graph.number(0), graph.number(Number.NEGATIVE_INFINITY)]);
    const mask = graph.node('Unsqueeze', [masked, graph.integers(1, 2)]);
    let residual = third;
    let x = normalize(graph, residual, 'norm_0', encoder.floats('layers.0.input_layernorm.weight'));
    const tables = rotaryTables(graph, encoder.floats('/rotary_emb/Cast_1_output_0'), MAX_FRAMES);
    for (let layer = 0; layer < LAYERS; layer++) {
      const attendTo = (joined: Value) => attendMasked(graph, joined, mask, tables);
      [x, residual] = encodeLayer(graph, encoder, layer, x, residual, attendTo, true);
    }

    return { states: x, mask };
  });
}

/**
 * A convolution of `[batch, frames, channels]` as a product: cut into blocks as long as the stride, neighbours set side by
 * side, times the weights. Frames have to be a whole number of blocks.
 */
function convolve(graph: GraphBuilder, encoder: ShippedGraph, x: Value, number: 1 | 2 | 3): Value {
  const [kernel, stride] = CONVOLUTIONS[number - 1]!;
  const { shape, weights } = convolutionWeights(encoder, number);
  const [outputs, channels] = shape as readonly [number, number];
  const blocks = graph.node('Reshape', [x, graph.integers(0, -1, stride * channels)]);
  const spanned = Math.ceil(kernel / stride);
  const parts = Array.from({ length: spanned }, (_, i) => {
    const width = Math.min(stride, kernel - i * stride) * channels;
    const behind = spanned - 1 - i;

    return graph.slice(blocks, [i, 0], [behind === 0 ? null : -behind, width], [1, 2]);
  });
  const windows = graph.node('Concat', parts, { axis: 2 });
  const matrix = new Float32Array(weights.length);
  for (let output = 0; output < outputs; output++) {
    for (let channel = 0; channel < channels; channel++) {
      for (let i = 0; i < kernel; i++)
        matrix[(i * channels + channel) * outputs + output] =
          weights[(output * channels + channel) * kernel + i]!;
    }
  }
  const name = `conv${number}`;
  const product = graph.node('MatMul', [windows, graph.constant(name, [kernel * channels, outputs], matrix)]);
  if (number === 1) return product;

  return graph.node('Add', [
    product,
    graph.constant(`${name}.bias`, [outputs], encoder.floats(`${name}.bias`)),
  ]);
}

/** Normalises a row over all channels and all its own frames together, then scales each channel. */
function normalizeOwn(graph: GraphBuilder, encoder: ShippedGraph, x: Value, lengths: Value): Value {
  const own = graph.node('Unsqueeze', [
    graph.cast(ownFrames(graph, x, lengths, 1), ElementType.float32),
    graph.integers(2),
  ]);
  const count = graph.node('ReduceSum', [own, graph.integers(1)]);
  // Channels first: the sums that follow are of hundreds of times fewer numbers, and lose as much less.
  const meanOf = (value: Value) => {
    const ofFrames = graph.node('ReduceMean', [value, graph.integers(2)]);
    const sum = graph.node('ReduceSum', [graph.node('Mul', [ofFrames, own]), graph.integers(1)]);

    return graph.node('Div', [sum, count]);
  };
  const centred = graph.node('Sub', [x, meanOf(x)]);
  const variance = meanOf(graph.node('Mul', [centred, centred]));
  const deviation = graph.node('Sqrt', [graph.node('Add', [variance, graph.number(1e-5)])]);
  const scale = encoder.floatsInto('/groupnorm/Mul_output_0');
  const bias = encoder.floatsInto('/groupnorm/Add_output_0');
  const scaled = graph.node('Mul', [
    graph.node('Div', [centred, deviation]),
    graph.constant('group_scale', [scale.length], scale),
  ]);

  return graph.node('Add', [scaled, graph.constant('group_bias', [bias.length], bias)]);
}

/** Which frames behind so many convolutions are made of a row's own samples alone: `[batch, frames]`, of booleans. */
function ownFrames(graph: GraphBuilder, x: Value, lengths: Value, convolutions: number): Value {
  let own = lengths;
  for (const [kernel, stride] of CONVOLUTIONS.slice(0, convolutions)) {
    const steps = graph.node('Div', [graph.node('Sub', [own, graph.integer(kernel)]), graph.integer(stride)]);
    own = graph.node('Add', [steps, graph.integer(1)]);
  }
  const frames = graph.node('Gather', [graph.node('Shape', [x]), graph.integer(1)]);
  const numbers = graph.node('Range', [graph.integer(0), frames, graph.integer(1)]);

  return graph.node('Less', [numbers, graph.node('Unsqueeze', [own, graph.integers(1)])]);
}

/** Attention of all frames to those that the mask leaves; queries come divided by the root of a head's size. */
function attendMasked(graph: GraphBuilder, joined: Value, mask: Value, tables: RotaryTables): Value {
  const [rotated, value] = graph.split(joined, [2 * HIDDEN_SIZE, HIDDEN_SIZE]);
  const turned = rotate(graph, rotated!, graph.integers(0), tables, 2 * HEADS);
  const [query, key] = graph.split(turned, [HIDDEN_SIZE, HIDDEN_SIZE]);
  const scores = graph.node('MatMul', [headsOf(graph, query!), headsOf(graph, key!, true)]);
  const shares = graph.node('Softmax', [graph.node('Add', [scores, mask])], { axis: -1 });
  const heard = graph.node('MatMul', [shares, headsOf(graph, value!)]);
  const back = graph.node('Transpose', [heard], { perm: [0, 2, 1, 3] });

  return graph.node('Reshape', [back, graph.integers(0, 0, HIDDEN_SIZE)]);
}

/** `[batch, frames, 288]` by heads: `[batch, 8, frames, 36]`, or `[batch, 8, 36, frames]`. */
export function headsOf(graph: GraphBuilder, x: Value, transposed = false): Value {
  const shaped = graph.node('Reshape', [x, graph.integers(0, 0, HEADS, HEAD_SIZE)]);

  return graph.node('Transpose', [shaped], { perm: transposed ? [0, 2, 3, 1] : [0, 2, 1, 3] });
}
