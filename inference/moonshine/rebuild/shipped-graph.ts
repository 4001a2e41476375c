import { decodeModel, ElementType, type NodeProto, type TensorProto } from '../../onnx/onnx-model.ts';

/** The graph is not one this rewriter knows: it has to be run as it came. */
export class UnknownGraphError extends Error {
  override readonly name = 'UnknownGraphError';
}

/** A matrix quantised to bytes with one scale: value = (byte - zeroPoint) * scale. */
export interface QuantizedMatrix {
  readonly rows: number;
  readonly columns: number;
  /** `[rows, columns]`; not to be written to. */
  readonly bytes: Uint8Array;
  readonly zeroPoint: number;
  readonly scale: number;
}

/**
 * Finds weights in a graph as it was exported and quantised. Weights that a matrix product uses have names without
 * meaning; they are found by the output of the product, which keeps the name of the layer.
 */
export class ShippedGraph {
  readonly #constants = new Map<string, TensorProto>();
  /** Nodes by each of their outputs, those of branches included. */
  readonly #producers = new Map<string, NodeProto>();
  readonly #products: NodeProto[] = [];

  /** @throws {UnknownGraphError} when the bytes are no ONNX. */
  constructor(bytes: Uint8Array) {
    try {
      const { graph } = decodeModel(bytes);
      for (const tensor of graph.initializer) this.#constants.set(tensor.name ?? '', tensor);
      const branches = graph.node.flatMap(({ attribute }) => attribute.flatMap(({ g }) => (g ? [g] : [])));
      for (const { node } of [graph, ...branches]) for (const each of node) this.#index(each);
    } catch (error) {
      throw new UnknownGraphError('It is no ONNX model.', { cause: error });
    }
  }

  /** @throws {UnknownGraphError} when there is such a layer: the model is larger than what is read of it. */
  refuseLayer(layer: string): void {
    if (this.#product(layer))
      throw new UnknownGraphError(`It has a product named ${layer}, which is one too many.`);
  }

  /** The weights of the layer whose matrix product has an output that begins so. */
  matrix(layer: string): QuantizedMatrix {
    const product = this.#product(layer);
    if (!product) throw new UnknownGraphError(`It has no quantised product named ${layer}.`);
    const [, weights, , zeroPoint] = product.input;

    return this.#quantized(weights!, zeroPoint!);
  }

  /** A matrix by its own name, without `_quantized`. */
  namedMatrix(name: string): QuantizedMatrix {
    return this.#quantized(`${name}_quantized`, `${name}_zero_point`);
  }

  /** A constant of floats. */
  floats(name: string): Float32Array {
    return toFloats(name, this.#constant(name));
  }

  /** A constant of floats that goes into the node which makes `output`. */
  floatsInto(output: string): Float32Array {
    const input = this.producer(output).input.find((name) => this.#constants.has(name));
    if (input === undefined) throw new UnknownGraphError(`${output} is made of no constant.`);

    return this.floats(input);
  }

  /** Sizes of a constant. */
  shape(name: string): readonly number[] {
    return (this.#constant(name).dims ?? []).map(Number);
  }

  /** The node that makes a value. */
  producer(output: string): NodeProto {
    const node = this.#producers.get(output);
    if (!node) throw new UnknownGraphError(`Nothing makes ${output}.`);

    return node;
  }

  /** Signed or unsigned bytes of a constant, as numbers. */
  bytes(name: string): Int8Array | Uint8Array {
    const tensor = this.#constant(name);
    const raw = Uint8Array.from(tensor.rawData ?? []);

    return tensor.dataType === ElementType.int8 ? new Int8Array(raw.buffer) : raw;
  }

  #product(layer: string): NodeProto | undefined {
    return this.#products.find(({ output }) => output[0]!.startsWith(`${layer}/`));
  }

  #index(node: NodeProto): void {
    for (const output of node.output) this.#producers.set(output, node);
    if (node.opType === 'MatMulInteger') this.#products.push(node);
    const value =
      node.opType === 'Constant' ? node.attribute.find(({ name }) => name === 'value')?.t : undefined;
    if (value) this.#constants.set(node.output[0]!, value);
  }

  #constant(name: string): TensorProto {
    const tensor = this.#constants.get(name);
    if (!tensor) throw new UnknownGraphError(`It has no constant ${name}.`);

    return tensor;
  }

  #quantized(weights: string, zeroPoint: string): QuantizedMatrix {
    const { dims = [], dataType, rawData } = this.#constant(weights);
    const [rows, columns] = dims.map(Number);
    if (dataType !== ElementType.uint8 || dims.length !== 2 || rawData?.length !== rows! * columns!) {
      throw new UnknownGraphError(`${weights} is no matrix of unsigned bytes.`);
    }
    const scale = this.floats(weights.replace(/_quantized$/, '_scale'));
    if (scale.length !== 1) throw new UnknownGraphError(`${weights} has more than one scale.`);
    const zero = this.#constant(zeroPoint);
    if (zero.dataType !== ElementType.uint8 || sizeOf(zero) !== 1) {
      throw new UnknownGraphError(`${zeroPoint} is no single unsigned byte.`);
    }

    return {
      rows: rows!,
      columns: columns!,
      bytes: rawData,
      zeroPoint: zero.rawData?.[0] ?? zero.int32Data?.[0] ?? 0,
      scale: scale[0]!,
    };
  }
}

function sizeOf({ dims = [] }: TensorProto): number {
  return dims.reduce<number>((size, each) => size * Number(each), 1);
}

function toFloats(name: string, tensor: TensorProto): Float32Array {
  const { dataType, rawData, floatData } = tensor;
  const isRaw = !floatData || floatData.length === 0;
  const length = isRaw ? (rawData?.length ?? 0) / Float32Array.BYTES_PER_ELEMENT : floatData.length;
  if (dataType !== ElementType.float32 || length !== sizeOf(tensor)) {
    throw new UnknownGraphError(`${name} does not hold the floats it says.`);
  }
  if (!isRaw) return Float32Array.from(floatData);

  // Copied, because a view of floats has to be aligned and the file's bytes are not.
  return new Float32Array(Uint8Array.from(rawData!).buffer);
}
