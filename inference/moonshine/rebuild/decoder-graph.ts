import { GraphBuilder, type Value } from '../../onnx/graph-builder.ts';
import { ElementType } from '../../onnx/onnx-model.ts';
import { CACHE_PLANES, HEAD_SIZE, HEADS, HIDDEN_SIZE, LAYERS } from '../dimensions.ts';
import {
  addAndNormalize,
  byteLinear,
  floatLinear,
  type Linear,
  normalize,
  type RotaryTables,
  rotaryTables,
  rotate,
  scaledQuery,
  transposedByteLinear,
} from './layers.ts';
import { type ShippedGraph, UnknownGraphError } from './shipped-graph.ts';

/** Above 30 s at 6.5 tokens a second. */
export const MAX_TOKENS = 512;
/** The likeliest tokens that are weighed again when they are close. */
const CANDIDATES = 4;
/** Name of the matrix that turns tokens into vectors, and vectors into scores. */
export const EMBEDDING = 'model.decoder.embed_tokens.weight_merged_0';

/** How a layer of the decoder multiplies, looks back and listens; it is given what that takes, `[batch, positions, 288]`. */
export interface LayerParts {
  readonly linear: Linear;
  readonly attendToSelf: (x: Value) => Value;
  readonly attendToSpeech: (x: Value) => Value;
}

/** What every layer is given besides what the one before it made. */
interface Inputs {
  readonly linear: Linear;
  readonly positions: Value;
  readonly selfMask: Value;
  readonly slots: Value;
  readonly crossMask: Value;
  readonly tables: RotaryTables;
  /** Keys and values to be kept, `[batch, positions, 8, 36]`, layer by layer: each adds its own. */
  readonly fresh: Value[];
}

/**
 * One pass of the decoder over any number of positions, first and later ones alike: `tokens [batch, positions]` → for
 * each position its likeliest next tokens in falling order, `candidates [batch, positions, 4]`, with their `scores`,
 * and the probability of the first, `probabilities [batch, positions]`; also `fresh [batch, positions, 96, 36]`, which
 * the caller keeps for later passes as `cache_key_N` and `cache_value_N [batch, 1, 8, slots, 36]`. `slots [batch,
 * positions, 8, 4]` say where in them new ones belong, as row, 0, head and slot. Masks are added to the attention's
 * scores: 0 where a position may look, minus infinity where it may not. Weights are the shipped bytes but for what
 * later tokens see.
 */
export function buildDecoder(decoder: ShippedGraph): GraphBuilder {
  const graph = new GraphBuilder();
  const { x, fresh } = decode(graph, decoder, byteLinear);
  graph.node('Concat', fresh, { axis: 2 }, 'fresh');
  graph.output('fresh', ElementType.float32, ['batch', 'positions', CACHE_PLANES, HEAD_SIZE]);
  chooseTokens(graph, transposedByteLinear(graph, x, 'logits', decoder.namedMatrix(EMBEDDING)));

  return graph;
}

/**
 * The same pass with weights and arithmetic in floats, for what `buildDecoder`'s bytes leave in doubt: it takes
 * `candidates [batch, positions, 4]` besides, and gives nothing but their `scores`.
 */
export function buildPreciseDecoder(decoder: ShippedGraph): GraphBuilder {
  const graph = new GraphBuilder();
  const candidates = graph.input('candidates', ElementType.int64, ['batch', 'positions', CANDIDATES]);
  const { x } = decode(graph, decoder, floatLinear);
  const column = graph.node('Unsqueeze', [x, graph.integers(-1)]);
  const product = graph.node('MatMul', [embed(graph, decoder, candidates), column]);
  graph.node('Squeeze', [product, graph.integers(-1)], {}, 'scores');
  graph.output('scores', ElementType.float32, ['batch', 'positions', CANDIDATES]);

  return graph;
}

/** From tokens to what their successors are chosen by, `[batch, positions, 288]`. */
function decode(graph: GraphBuilder, decoder: ShippedGraph, linear: Linear): { x: Value; fresh: Value[] } {
  const tokens = graph.input('tokens', ElementType.int64, ['batch', 'positions']);
  const inputs: Inputs = {
    linear,
    positions: graph.input('positions', ElementType.int64, ['batch', 'positions']),
    selfMask: graph.input('self_mask', ElementType.float32, ['batch', 'positions', 1, 1, 'slots']),
    slots: graph.input('slots', ElementType.int64, ['batch', 'positions', HEADS, 4]),
    crossMask: graph.input('cross_mask', ElementType.float32, ['batch', 1, 1, 1, 'frames']),
    tables: rotaryTables(graph, decoder.floats('/model/decoder/rotary_emb/Cast_1_output_0'), MAX_TOKENS),
    fresh: [],
  };
  decoder.refuseLayer(`/model/decoder/layers.${LAYERS}/self_attn/q_proj`);
  let residual = embed(graph, decoder, tokens);
  let x = normalize(graph, residual, 'norm_0', normWeights(decoder, 0));
  for (let layer = 0; layer < LAYERS; layer++) {
    [x, residual] = decodeLayer(graph, decoder, layer, x, residual, {
      linear,
      attendToSelf: (value) => attendToSelf(graph, decoder, layer, value, inputs),
      attendToSpeech: (value) => attendToSpeech(graph, decoder, layer, value, inputs),
    });
  }

  return { x, fresh: inputs.fresh };
}

function embed(graph: GraphBuilder, decoder: ShippedGraph, tokens: Value): Value {
  const { rows, columns, bytes, zeroPoint, scale } = decoder.namedMatrix(EMBEDDING);
  if (columns !== HIDDEN_SIZE)
    throw new UnknownGraphError(`${EMBEDDING} has ${columns} columns, not ${HIDDEN_SIZE}.`);
  const rowsOfTokens = graph.node('Gather', [graph.constant('embedding', [rows, columns], bytes), tokens]);

  return graph.node('DequantizeLinear', [
    rowsOfTokens,
    graph.constant('embedding.scale', [], Float32Array.of(scale)),
    graph.constant('embedding.zero_point', [], Uint8Array.of(zeroPoint)),
  ]);
}

/** Of the norm before a layer, or behind the last. */
export function normWeights(decoder: ShippedGraph, layer: number): Float32Array {
  const name = layer < LAYERS ? `model.decoder.layers.${layer}.input_layernorm` : 'model.decoder.norm';

  return decoder.floats(`${name}.weight_merged_0`);
}

/**
 * One layer of the decoder.
 * @param x normalised, and `residual` not.
 * @returns what the next layer is given, normalised and not.
 */
export function decodeLayer(
  graph: GraphBuilder,
  decoder: ShippedGraph,
  layer: number,
  x: Value,
  residual: Value,
  { linear, attendToSelf, attendToSpeech }: LayerParts,
): readonly [Value, Value] {
  const matrix = (name: string) => decoder.matrix(`/model/decoder/layers.${layer}/${name}`);
  const weight = (name: string) => decoder.floats(`model.decoder.layers.${layer}.${name}_merged_0`);
  const own = linear(graph, attendToSelf(x), `dense_${layer}`, [matrix('self_attn/dense')]);
  const [afterSelf, selfSum] = addAndNormalize(
    graph,
    own,
    residual,
    `cross_norm_${layer}`,
    weight('post_attention_layernorm.weight'),
  );
  const heard = linear(graph, attendToSpeech(afterSelf), `cross_dense_${layer}`, [
    matrix('encoder_attn/dense'),
  ]);
  const [afterCross, crossSum] = addAndNormalize(
    graph,
    heard,
    selfSum,
    `mlp_norm_${layer}`,
    weight('final_layernorm.weight'),
  );
  const up = linear(graph, afterCross, `up_${layer}`, [matrix('mlp/up_proj')], weight('mlp.up_proj.bias'));
  const [shown, gate] = graph.split(up, [4 * HIDDEN_SIZE, 4 * HIDDEN_SIZE]);
  // With alpha 1 this is SiLU, x * sigmoid(x), in one operator.
  const [opened] = graph.contrib('QuickGelu', [gate!], { alpha: { float: 1 } });
  const gated = graph.node('Mul', [opened!, shown!]);
  const down = linear(graph, gated, `down_${layer}`, [matrix('mlp/down_proj')], weight('mlp.down_proj.bias'));

  return addAndNormalize(graph, down, crossSum, `norm_${layer + 1}`, normWeights(decoder, layer + 1));
}

function attendToSelf(
  graph: GraphBuilder,
  decoder: ShippedGraph,
  layer: number,
  x: Value,
  { positions, selfMask, slots, tables, fresh }: Inputs,
): Value {
  const projections = ['q', 'k', 'v'].map((name) =>
    decoder.matrix(`/model/decoder/layers.${layer}/self_attn/${name}_proj`),
  );
  // In floats always: every later token looks back on these, where no choice between two can mend them.
  const joined = floatLinear(graph, x, `qkv_${layer}`, [
    scaledQuery(projections[0]!),
    ...projections.slice(1),
  ]);
  const [rotated, value] = graph.split(joined, [2 * HIDDEN_SIZE, HIDDEN_SIZE]);
  const turned = rotate(graph, rotated!, positions, tables, 2 * HEADS);
  const [query, key] = graph.split(turned, [HIDDEN_SIZE, HIDDEN_SIZE]);
  const remember = (part: 'key' | 'value', made: Value): Value => {
    const sizes = ['batch', 1, HEADS, 'slots', HEAD_SIZE];
    const cache = graph.input(`cache_${part}_${layer}`, ElementType.float32, sizes);
    const heads = graph.node('Reshape', [made, graph.integers(0, 0, HEADS, HEAD_SIZE)]);
    fresh.push(heads);

    return graph.node('ScatterND', [cache, slots, heads]);
  };
  const keys = remember('key', key!);
  const values = remember('value', value!);
  const [scores] = graph.contrib('FusedMatMul', [eachQuery(graph, query!), keys], { transB: 1 });

  return weigh(graph, scores!, selfMask, values);
}

function attendToSpeech(
  graph: GraphBuilder,
  decoder: ShippedGraph,
  layer: number,
  x: Value,
  { linear, crossMask }: Inputs,
): Value {
  const matrix = decoder.matrix(`/model/decoder/layers.${layer}/encoder_attn/q_proj`);
  const query = linear(graph, x, `cross_q_${layer}`, [scaledQuery(matrix)]);
  const key = graph.input(`cross_key_${layer}`, ElementType.float32, [
    'batch',
    1,
    HEADS,
    HEAD_SIZE,
    'frames',
  ]);
  const value = graph.input(`cross_value_${layer}`, ElementType.float32, [
    'batch',
    1,
    HEADS,
    'frames',
    HEAD_SIZE,
  ]);

  return weigh(graph, graph.node('MatMul', [eachQuery(graph, query), key]), crossMask, value);
}

/** `[batch, positions, 288]` to `[batch, positions, 8, 1, 36]`: every query a product of its own. */
function eachQuery(graph: GraphBuilder, query: Value): Value {
  return graph.node('Reshape', [query, graph.integers(0, 0, HEADS, 1, HEAD_SIZE)]);
}

/** The values by the scores, `[batch, positions, 8, 1, length]`, of those that the mask leaves. */
function weigh(graph: GraphBuilder, scores: Value, mask: Value, values: Value): Value {
  const shares = graph.node('Softmax', [graph.node('Add', [scores, mask])], { axis: -1 });
  const heard = graph.node('MatMul', [shares, values]);

  return graph.node('Reshape', [heard, graph.integers(0, 0, HIDDEN_SIZE)]);
}

/** Greedy choice inside the graph: 32,768 scores a position never leave it. */
function chooseTokens(graph: GraphBuilder, logits: Value): void {
  graph.topK(logits, CANDIDATES, 'scores', 'candidates');
  graph.output('scores', ElementType.float32, ['batch', 'positions', CANDIDATES]);
  graph.output('candidates', ElementType.int64, ['batch', 'positions', CANDIDATES]);
  const shares = graph.node('Softmax', [logits], { axis: -1 });
  graph.node('ReduceMax', [shares, graph.integers(-1)], { keepdims: 0 }, 'probabilities');
  graph.output('probabilities', ElementType.float32, ['batch', 'positions']);
  graph.output(logits, ElementType.float32, ['batch', 'positions', 'vocabulary']);
}
