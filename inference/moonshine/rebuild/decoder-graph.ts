import { GraphBuilder, type Value } from '../../onnx/graph-builder.ts';
import { ElementType } from '../../onnx/onnx-model.ts';
import { HEAD_SIZE, HEADS, HIDDEN_SIZE, LAYERS } from '../dimensions.ts';
import {
  addAndNormalize,
  attend,
  byteLinear,
  normalize,
  type RotaryTables,
  rotaryTables,
  rotate,
  toHeads,
  transposedByteLinear,
} from './layers.ts';
import type { ShippedGraph } from './shipped-graph.ts';

/** Above 30 s at 6.5 tokens a second. */
const MAX_TOKENS = 512;
const EMBEDDING = 'model.decoder.embed_tokens.weight_merged_0';

interface Inputs {
  readonly positions: Value;
  readonly selfMask: Value;
  readonly slots: Value;
  readonly crossMask: Value;
  readonly tables: RotaryTables;
}

/**
 * One pass of the decoder over any number of positions, first and later ones alike: `tokens [batch, positions]` →
 * the most likely next token of each position and its log-probability, and `new_key_N`, `new_value_N [batch, 8,
 * positions, 36]` for the cache, which the caller keeps. `slots [batch, 8, positions, 3]` say where in the cache they
 * belong, as row, head and slot. Masks are added to the attention's scores: 0 where a position may look, minus
 * infinity where it may not.
 */
export function buildDecoder(decoder: ShippedGraph): Uint8Array {
  const graph = new GraphBuilder();
  const tokens = graph.input('tokens', ElementType.int64, ['batch', 'positions']);
  const inputs: Inputs = {
    positions: graph.input('positions', ElementType.int64, ['batch', 'positions']),
    selfMask: graph.input('self_mask', ElementType.float32, ['batch', 1, 'positions', 'slots']),
    slots: graph.input('slots', ElementType.int64, ['batch', HEADS, 'positions', 3]),
    crossMask: graph.input('cross_mask', ElementType.float32, ['batch', 1, 'positions', 'frames']),
    tables: rotaryTables(graph, decoder.floats('/model/decoder/rotary_emb/Cast_1_output_0'), MAX_TOKENS),
  };
  let residual = embed(graph, decoder, tokens);
  let x = normalize(graph, residual, 'norm_0', normWeights(decoder, 0));
  for (let layer = 0; layer < LAYERS; layer++) {
    [x, residual] = decodeLayer(graph, decoder, layer, x, residual, inputs);
  }
  chooseTokens(graph, transposedByteLinear(graph, x, 'logits', decoder.namedMatrix(EMBEDDING)));

  return graph.build('moonshine_decoder');
}

function embed(graph: GraphBuilder, decoder: ShippedGraph, tokens: Value): Value {
  const { rows, columns, bytes, zeroPoint, scale } = decoder.namedMatrix(EMBEDDING);
  const rowsOfTokens = graph.node('Gather', [graph.constant('embedding', [rows, columns], bytes), tokens]);

  return graph.node('DequantizeLinear', [
    rowsOfTokens,
    graph.constant('embedding.scale', [], Float32Array.of(scale)),
    graph.constant('embedding.zero_point', [], Uint8Array.of(zeroPoint)),
  ]);
}

function normWeights(decoder: ShippedGraph, layer: number): Float32Array {
  const name = layer < LAYERS ? `model.decoder.layers.${layer}.input_layernorm` : 'model.decoder.norm';

  return decoder.floats(`${name}.weight_merged_0`);
}

function decodeLayer(
  graph: GraphBuilder,
  decoder: ShippedGraph,
  layer: number,
  x: Value,
  residual: Value,
  inputs: Inputs,
): readonly [Value, Value] {
  const matrix = (name: string) => decoder.matrix(`/model/decoder/layers.${layer}/${name}`);
  const weight = (name: string) => decoder.floats(`model.decoder.layers.${layer}.${name}_merged_0`);
  const own = byteLinear(graph, attendToSelf(graph, decoder, layer, x, inputs), `dense_${layer}`, [
    matrix('self_attn/dense'),
  ]);
  const [afterSelf, selfSum] = addAndNormalize(
    graph,
    own,
    residual,
    `cross_norm_${layer}`,
    weight('post_attention_layernorm.weight'),
  );
  const heard = byteLinear(
    graph,
    attendToSpeech(graph, decoder, layer, afterSelf, inputs),
    `cross_dense_${layer}`,
    [matrix('encoder_attn/dense')],
  );
  const [afterCross, crossSum] = addAndNormalize(
    graph,
    heard,
    selfSum,
    `mlp_norm_${layer}`,
    weight('final_layernorm.weight'),
  );
  const up = byteLinear(
    graph,
    afterCross,
    `up_${layer}`,
    [matrix('mlp/up_proj')],
    weight('mlp.up_proj.bias'),
  );
  const [linear, gate] = graph.split(up, [4 * HIDDEN_SIZE, 4 * HIDDEN_SIZE]);
  // With alpha 1 this is SiLU, x * sigmoid(x), in one operator.
  const [opened] = graph.contrib('QuickGelu', [gate!], { alpha: { float: 1 } });
  const gated = graph.node('Mul', [opened!, linear!]);
  const down = byteLinear(
    graph,
    gated,
    `down_${layer}`,
    [matrix('mlp/down_proj')],
    weight('mlp.down_proj.bias'),
  );

  return addAndNormalize(graph, down, crossSum, `norm_${layer + 1}`, normWeights(decoder, layer + 1));
}

function attendToSelf(
  graph: GraphBuilder,
  decoder: ShippedGraph,
  layer: number,
  x: Value,
  { positions, selfMask, slots, tables }: Inputs,
): Value {
  const projections = ['q', 'k', 'v'].map((name) =>
    decoder.matrix(`/model/decoder/layers.${layer}/self_attn/${name}_proj`),
  );
  const joined = byteLinear(graph, x, `qkv_${layer}`, projections);
  const [query, key, value] = graph.split(joined, [HIDDEN_SIZE, HIDDEN_SIZE, HIDDEN_SIZE]);
  const turn = (each: Value) => rotate(graph, each, positions, tables);
  const remember = (part: 'key' | 'value', fresh: Value): Value => {
    const cache = graph.input(`cache_${part}_${layer}`, ElementType.float32, [
      'batch',
      HEADS,
      'slots',
      HEAD_SIZE,
    ]);
    const split = toHeads(graph, fresh, `new_${part}_${layer}`);
    graph.output(split, ElementType.float32, ['batch', HEADS, 'positions', HEAD_SIZE]);

    return graph.node('ScatterND', [cache, slots, split]);
  };
  const keys = remember('key', turn(key!));
  const values = remember('value', value!);

  return attend(graph, turn(query!), keys, values, selfMask);
}

function attendToSpeech(
  graph: GraphBuilder,
  decoder: ShippedGraph,
  layer: number,
  x: Value,
  { crossMask }: Inputs,
): Value {
  const matrix = decoder.matrix(`/model/decoder/layers.${layer}/encoder_attn/q_proj`);
  const query = byteLinear(graph, x, `cross_q_${layer}`, [matrix]);
  const [key, value] = ['key', 'value'].map((part) =>
    graph.input(`cross_${part}_${layer}`, ElementType.float32, ['batch', HEADS, 'frames', HEAD_SIZE]),
  );

  return attend(graph, query, key!, value!, crossMask);
}

/** Greedy choice inside the graph: 32,768 scores a position never leave it. */
function chooseTokens(graph: GraphBuilder, logits: Value): void {
  graph.node('ArgMax', [logits], { axis: -1, keepdims: 0 }, 'next_tokens');
  graph.output('next_tokens', ElementType.int64, ['batch', 'positions']);
  const most = graph.node('ReduceMax', [logits, graph.integers(-1)], { keepdims: 0 });
  const all = graph.node('ReduceLogSumExp', [logits, graph.integers(-1)], { keepdims: 0 });
  graph.node('Sub', [most, all], {}, 'log_probs');
  graph.output('log_probs', ElementType.float32, ['batch', 'positions']);
}
