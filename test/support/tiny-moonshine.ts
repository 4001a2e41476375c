import { HEAD_SIZE, HIDDEN_SIZE, LAYERS } from '../../inference/moonshine/dimensions.ts';
import {
  ElementType,
  encodeModel,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from '../../inference/onnx/onnx-model.ts';

/** Tokens the tiny model knows. Everything else is as large as in the real one. */
export const TINY_VOCABULARY = 64;
/** Rotated pairs of a head: 32 of its 36 numbers. */
const ROTATED_PAIRS = 16;
/** What the first convolution sees at once, in samples. */
const FIRST_KERNEL = 127;
/** Weights of about 0.06 keep what goes through 288 of them at about its size. */
const WEIGHT_SCALE = 0.0008;

/** A graph as the rewriter sees one: constants, and products named by their layers. To be spoilt by a test. */
export interface TinyGraph {
  readonly constants: Map<string, TensorProto>;
  readonly nodes: NodeProto[];
}

/**
 * Moonshine's encoder in the names and patterns of the shipped file, with pseudo-random weights, the same every time.
 * There is just what the rewriter looks up: the runtime could not run it.
 */
export function tinyEncoder(): TinyGraph {
  const graph: TinyGraph = { constants: new Map(), nodes: [] };
  convolution(graph, 'conv1', [HIDDEN_SIZE, 1, FIRST_KERNEL]);
  convolution(graph, 'conv2', [2 * HIDDEN_SIZE, HIDDEN_SIZE, 7]);
  convolution(graph, 'conv3', [HIDDEN_SIZE, 2 * HIDDEN_SIZE, 3]);
  floats(graph, 'conv2.bias', [2 * HIDDEN_SIZE]);
  floats(graph, 'conv3.bias', [HIDDEN_SIZE]);
  for (const [op, name] of [
    ['Mul', 'onnx::Mul_1488'],
    ['Add', 'onnx::Add_1489'],
  ] as const) {
    floats(graph, name, [HIDDEN_SIZE, 1]);
    graph.nodes.push(node(op, [`/groupnorm/before_${op}`, name], `/groupnorm/${op}_output_0`));
  }
  inverseFrequencies(graph, '/rotary_emb/Cast_1_output_0');
  for (let layer = 0; layer < LAYERS; layer++) {
    for (const name of ['q_proj', 'k_proj', 'v_proj', 'dense'])
      product(graph, `/layers.${layer}/self_attn/${name}`, HIDDEN_SIZE, HIDDEN_SIZE);
    product(graph, `/layers.${layer}/mlp/fc1`, HIDDEN_SIZE, 4 * HIDDEN_SIZE);
    product(graph, `/layers.${layer}/mlp/fc2`, 4 * HIDDEN_SIZE, HIDDEN_SIZE);
    floats(graph, `layers.${layer}.mlp.fc1.bias`, [4 * HIDDEN_SIZE]);
    floats(graph, `layers.${layer}.mlp.fc2.bias`, [HIDDEN_SIZE]);
    for (const name of ['input', 'post_attention'])
      floats(graph, `layers.${layer}.${name}_layernorm.weight`, [HIDDEN_SIZE]);
  }
  floats(graph, 'layer_norm.weight', [HIDDEN_SIZE]);

  return graph;
}

/** Moonshine's decoder, likewise. Its products are in the branches of an `If`, its constants outside. */
export function tinyDecoder(): TinyGraph {
  const graph: TinyGraph = { constants: new Map(), nodes: [] };
  const products: TinyGraph = { constants: graph.constants, nodes: [] };
  quantized(graph, 'model.decoder.embed_tokens.weight_merged_0', TINY_VOCABULARY, HIDDEN_SIZE);
  inverseFrequencies(graph, '/model/decoder/rotary_emb/Cast_1_output_0');
  for (let layer = 0; layer < LAYERS; layer++) {
    const path = `/model/decoder/layers.${layer}`;
    const name = `model.decoder.layers.${layer}`;
    for (const attention of ['self_attn', 'encoder_attn']) {
      for (const part of ['q_proj', 'k_proj', 'v_proj', 'dense'])
        product(products, `${path}/${attention}/${part}`, HIDDEN_SIZE, HIDDEN_SIZE, '_merged_0');
    }
    product(products, `${path}/mlp/up_proj`, HIDDEN_SIZE, 8 * HIDDEN_SIZE, '_merged_0');
    product(products, `${path}/mlp/down_proj`, 4 * HIDDEN_SIZE, HIDDEN_SIZE, '_merged_0');
    floats(graph, `${name}.mlp.up_proj.bias_merged_0`, [8 * HIDDEN_SIZE]);
    floats(graph, `${name}.mlp.down_proj.bias_merged_0`, [HIDDEN_SIZE]);
    for (const norm of ['input', 'post_attention', 'final'])
      floats(graph, `${name}.${norm}_layernorm.weight_merged_0`, [HIDDEN_SIZE]);
  }
  floats(graph, 'model.decoder.norm.weight_merged_0', [HIDDEN_SIZE]);
  const branch = (attribute: string, node: readonly NodeProto[]) => ({
    name: attribute,
    type: 5,
    g: graphProto(attribute, node, []),
  });
  const lookingBack = products.nodes.filter(({ output }) => !/encoder_attn\/[kv]_proj/.test(output[0]!));
  graph.nodes.push({
    ...node('If', ['use_cache_branch'], 'logits'),
    attribute: [branch('else_branch', products.nodes), branch('then_branch', lookingBack)],
  });

  return graph;
}

/** The graph as a file holds it. */
export function modelBytes({ constants, nodes }: TinyGraph): Uint8Array {
  return encodeModel({
    irVersion: 8,
    opsetImport: [],
    graph: graphProto('tiny', nodes, [...constants.values()]),
  });
}

/** Name of the bytes that a layer's product is made with, without `_quantized`. */
export function weightsOf({ nodes }: TinyGraph, layer: string): string {
  const all = [...nodes, ...nodes.flatMap(({ attribute }) => attribute.flatMap(({ g }) => g?.node ?? []))];
  const made = all.find(({ output }) => output[0]!.startsWith(`${layer}/`));

  return made!.input[1]!.replace('_quantized', '');
}

function graphProto(
  name: string,
  node: readonly NodeProto[],
  initializer: readonly TensorProto[],
): GraphProto {
  return { name, node, initializer, input: [], output: [] };
}

function node(opType: string, input: readonly string[], output: string): NodeProto {
  return { name: `${output}_node`, opType, input, output: [output], attribute: [] };
}

/** Like the exporter, numbers products and says nothing of the layer but in the product's output. */
function product(graph: TinyGraph, layer: string, rows: number, columns: number, merged = ''): void {
  const name = `onnx::MatMul_${1000 + graph.constants.size}${merged}`;
  quantized(graph, name, rows, columns);
  graph.nodes.push(
    node(
      'MatMulInteger',
      ['x_quantized', `${name}_quantized`, 'x_zero_point', `${name}_zero_point`],
      `${layer}/MatMul_output_0_output_quantized`,
    ),
  );
}

function quantized({ constants }: TinyGraph, name: string, rows: number, columns: number): void {
  const seed = constants.size;
  const put = (suffix: string, tensor: TensorProto) =>
    constants.set(`${name}_${suffix}`, { ...tensor, name: `${name}_${suffix}` });
  put('quantized', {
    dims: [rows, columns],
    dataType: ElementType.uint8,
    rawData: randomBytes(rows * columns, seed),
  });
  put('scale', {
    dims: [],
    dataType: ElementType.float32,
    floatData: [WEIGHT_SCALE * (1 + (seed % 7) / 10)],
  });
  put('zero_point', { dims: [], dataType: ElementType.uint8, int32Data: [120 + (seed % 17)] });
}

/** Signed bytes, turned into floats by a scale and an offset: the convolutions stay floats. */
function convolution(graph: TinyGraph, name: string, shape: readonly number[]): void {
  const weight = `${name}.weight`;
  const size = shape.reduce((product, each) => product * each, 1);
  graph.constants.set(`${weight}_quantized`, {
    name: `${weight}_quantized`,
    dims: shape,
    dataType: ElementType.int8,
    rawData: randomBytes(size, graph.constants.size),
  });
  putFloats(graph, `${weight}_scale`, [1], Float32Array.of(WEIGHT_SCALE));
  putFloats(graph, `${weight}_zero_point`, [1], Float32Array.of(WEIGHT_SCALE / 4));
  graph.nodes.push(
    node('Cast', [`${weight}_quantized`], `${weight}_cast_tensor`),
    node('Mul', [`${weight}_cast_tensor`, `${weight}_scale`], `${weight}_mul_tensor`),
    node('Add', [`${weight}_mul_tensor`, `${weight}_zero_point`], `${weight}_add_tensor`),
  );
}

/** Numbers around 1. */
function floats(graph: TinyGraph, name: string, shape: readonly number[]): void {
  const seed = graph.constants.size;
  const values = Float32Array.from({ length: shape[0]! }, (_, i) => 1 + Math.sin(seed + i) / 4);
  putFloats(graph, name, shape, values);
}

function inverseFrequencies(graph: TinyGraph, name: string): void {
  const values = Float32Array.from({ length: ROTATED_PAIRS }, (_, i) => 10_000 ** (-i / ROTATED_PAIRS));
  putFloats(graph, name, [ROTATED_PAIRS], values);
}

function putFloats(
  { constants }: TinyGraph,
  name: string,
  dims: readonly number[],
  values: Float32Array,
): void {
  const rawData = new Uint8Array(values.buffer);
  constants.set(name, { name, dims, dataType: ElementType.float32, rawData });
}

/** A stretch long enough for every weight, of Numerical Recipes' linear congruential generator. */
const POOL = (() => {
  let state = 1;

  return Uint8Array.from({ length: 9 * 2 * HEAD_SIZE * 8 * HIDDEN_SIZE + 4096 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;

    return state >>> 24;
  });
})();

function randomBytes(size: number, seed: number): Uint8Array {
  const start = (seed * 31) % 4096;

  return POOL.subarray(start, start + size);
}
