import type { GraphBuilder, Value } from '../../onnx/graph-builder.ts';
import { HEAD_SIZE, HEADS } from '../dimensions.ts';
import type { QuantizedMatrix } from './shipped-graph.ts';

/** Inputs quantised together by a blocked product: 288 is nine times as many. */
const BLOCK = 32;
/** `MatMulNBits` computes on bytes, each block of each row with a scale of its own. Other levels are far slower. */
const ACCURACY_INT8 = 4;
/** Dimensions of a head that are rotated by position. */
const ROTARY_SIZE = 32;

/** A product of `x` with matrices set side by side, computed as one. */
export type Linear = (
  graph: GraphBuilder,
  x: Value,
  name: string,
  matrices: readonly QuantizedMatrix[],
  bias?: Float32Array,
) => Value;

/** Product with weights unpacked to floats; several are set side by side and computed as one. */
export function floatLinear(
  graph: GraphBuilder,
  x: Value,
  name: string,
  matrices: readonly QuantizedMatrix[],
  bias?: Float32Array,
): Value {
  const rows = matrices[0]!.rows;
  const columns = matrices.reduce((sum, matrix) => sum + matrix.columns, 0);
  const weights = new Float32Array(rows * columns);
  let offset = 0;
  for (const { columns: width, bytes, zeroPoint, scale } of matrices) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < width; column++) {
        weights[row * columns + offset + column] = (bytes[row * width + column]! - zeroPoint) * scale;
      }
    }
    offset += width;
  }
  const product = graph.node('MatMul', [x, graph.constant(name, [rows, columns], weights)]);
  if (!bias) return product;

  return graph.node('Add', [product, graph.constant(`${name}.bias`, [columns], bias)]);
}

/**
 * Product with the shipped bytes, regrouped for `MatMulNBits`: the same values, and arithmetic in which a row's
 * result does not depend on what other rows are in the pass.
 */
export function byteLinear(
  graph: GraphBuilder,
  x: Value,
  name: string,
  matrices: readonly QuantizedMatrix[],
  bias?: Float32Array,
): Value {
  const inputs = matrices[0]!.rows;
  const outputs = matrices.reduce((sum, matrix) => sum + matrix.columns, 0);
  const blocks = inputs / BLOCK;
  const bytes = new Uint8Array(outputs * inputs);
  const scales = new Float32Array(outputs * blocks);
  const zeroPoints = new Uint8Array(outputs * blocks);
  let offset = 0;
  for (const matrix of matrices) {
    for (let column = 0; column < matrix.columns; column++) {
      const at = (offset + column) * inputs;
      for (let row = 0; row < inputs; row++) bytes[at + row] = matrix.bytes[row * matrix.columns + column]!;
    }
    scales.fill(matrix.scale, offset * blocks, (offset + matrix.columns) * blocks);
    zeroPoints.fill(matrix.zeroPoint, offset * blocks, (offset + matrix.columns) * blocks);
    offset += matrix.columns;
  }

  return blockedProduct(graph, x, name, { inputs, outputs, bytes, scales, zeroPoints, bias });
}

/**
 * Product with a matrix that is stored transposed, `[outputs, inputs]`, as embeddings are.
 * @param name of the result, too: it may be an output of the graph.
 */
export function transposedByteLinear(
  graph: GraphBuilder,
  x: Value,
  name: string,
  matrix: QuantizedMatrix,
): Value {
  const { rows: outputs, columns: inputs, bytes, zeroPoint, scale } = matrix;
  const blocks = inputs / BLOCK;
  const scales = new Float32Array(outputs * blocks).fill(scale);
  const zeroPoints = new Uint8Array(outputs * blocks).fill(zeroPoint);

  return blockedProduct(
    graph,
    x,
    name,
    { inputs, outputs, bytes, scales, zeroPoints, bias: undefined },
    name,
  );
}

interface BlockedWeights {
  readonly inputs: number;
  readonly outputs: number;
  /** `[outputs, inputs / 32, 32]` */
  readonly bytes: Uint8Array;
  /** `[outputs * inputs / 32]` */
  readonly scales: Float32Array;
  readonly zeroPoints: Uint8Array;
  readonly bias: Float32Array | undefined;
}

function blockedProduct(
  graph: GraphBuilder,
  x: Value,
  name: string,
  { inputs, outputs, bytes, scales, zeroPoints, bias }: BlockedWeights,
  output: Value | null = null,
): Value {
  const operands = [
    x,
    graph.constant(`${name}.bytes`, [outputs, inputs / BLOCK, BLOCK], bytes),
    graph.constant(`${name}.scales`, [scales.length], scales),
    graph.constant(`${name}.zero_points`, [zeroPoints.length], zeroPoints),
  ];
  // Between the zero points and the bias stands an index of groups, which is not used.
  if (bias) operands.push('', graph.constant(`${name}.bias`, [outputs], bias));
  const attributes = { K: inputs, N: outputs, bits: 8, block_size: BLOCK, accuracy_level: ACCURACY_INT8 };

  return graph.contrib('MatMulNBits', operands, attributes, [output])[0]!;
}

/** Layer normalisation without a bias. */
export function normalize(graph: GraphBuilder, x: Value, name: string, weights: Float32Array): Value {
  return graph.node('LayerNormalization', [x, graph.constant(name, [weights.length], weights)], {
    axis: -1,
    epsilon: EPSILON,
  });
}

/** Adds a residual and normalises. @returns the normalised sum, and the sum. */
export function addAndNormalize(
  graph: GraphBuilder,
  x: Value,
  residual: Value,
  name: string,
  weights: Float32Array,
): readonly [Value, Value] {
  const operands = [x, residual, graph.constant(name, [weights.length], weights)];
  const outputs = graph.contrib('SkipLayerNormalization', operands, { epsilon: EPSILON }, [
    null,
    '',
    '',
    null,
  ]);

  return [outputs[0]!, outputs[3]!];
}

const EPSILON = { float: 1e-5 };

/**
 * Rotates queries or keys by their positions, `[batch, positions]` or one offset.
 * @param x `[batch, positions, heads * 36]`
 */
export function rotate(
  graph: GraphBuilder,
  x: Value,
  positions: Value,
  tables: RotaryTables,
  heads: number,
): Value {
  const attributes = { interleaved: 1, num_heads: heads, rotary_embedding_dim: ROTARY_SIZE };

  return graph.contrib('RotaryEmbedding', [x, positions, tables.cos, tables.sin], attributes)[0]!;
}

/** Constants that rotation looks its angles up in. */
export interface RotaryTables {
  readonly cos: Value;
  readonly sin: Value;
}

/** Tables for positions up to `count`, from the model's inverse frequencies `[16]`. */
export function rotaryTables(
  graph: GraphBuilder,
  inverseFrequencies: Float32Array,
  count: number,
): RotaryTables {
  const width = inverseFrequencies.length;
  const table = (of: (angle: number) => number) =>
    Float32Array.from({ length: count * width }, (_, i) =>
      of(Math.fround(Math.floor(i / width) * inverseFrequencies[i % width]!)),
    );

  return {
    cos: graph.constant('rotary_cos', [count, width], table(Math.cos)),
    sin: graph.constant('rotary_sin', [count, width], table(Math.sin)),
  };
}

/** Fused attention over eight heads, scaled by the root of a head's size. */
export function attend(graph: GraphBuilder, query: Value, key: Value, value: Value): Value {
  return graph.contrib('MultiHeadAttention', [query, key, value], { num_heads: HEADS })[0]!;
}

/** A query's projection, divided by the root of a head's size as attention asks for. */
export function scaledQuery(matrix: QuantizedMatrix): QuantizedMatrix {
  return { ...matrix, scale: matrix.scale / Math.sqrt(HEAD_SIZE) };
}

/** Splits `[batch, frames, 288]` into heads, `[batch, 1, 8, frames, 36]` or, for keys, `[batch, 1, 8, 36, frames]`. */
export function toHeads(graph: GraphBuilder, x: Value, part: 'key' | 'value', name: string): Value {
  const shaped = graph.node('Reshape', [x, graph.integers(0, 1, -1, HEADS, HEAD_SIZE)]);

  return graph.node(
    'Transpose',
    [shaped],
    { perm: part === 'key' ? [0, 1, 3, 4, 2] : [0, 1, 3, 2, 4] },
    name,
  );
}
