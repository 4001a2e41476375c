import {
  type AttributeProto,
  DataLocation,
  ElementType,
  encodeModel,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './onnx-model.ts';

/** Name of a value in the graph. */
export type Value = string;

/** Sizes; a name is one known only when the graph runs. */
export type Shape = readonly (number | string)[];

/** Node attributes; a float is wrapped, because JavaScript cannot tell 1 from 1.0. */
export type Attributes = Readonly<Record<string, number | readonly number[] | { readonly float: number }>>;

/** Operators of onnxruntime's own, such as fused attention. */
export const MICROSOFT = 'com.microsoft';

/** 18: the newest opset in which all operators used here have their present form. 9 goes with it. */
const OPSET = 18;
const IR_VERSION = 9;
/** Mappings begin at whole pages. */
const PAGE_BYTES = 4096;

/** ONNX's attribute types. */
const AttributeType = { float: 1, int: 2, ints: 7 } as const;

/** Writes a flat graph, value by value. */
export class GraphBuilder {
  readonly #nodes: NodeProto[] = [];
  readonly #constants = new Map<string, TensorProto>();
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];
  #values = 0;

  /** Declares an input of the graph. */
  input(name: string, type: ElementType, shape: Shape): Value {
    this.#inputs.push(valueInfo(name, type, shape));

    return name;
  }

  /** Declares an output, which a node has to be given the name of. */
  output(name: string, type: ElementType, shape: Shape): Value {
    this.#outputs.push(valueInfo(name, type, shape));

    return name;
  }

  /** A constant; the same name twice is the same constant. */
  constant(name: string, shape: readonly number[], data: Float32Array | Uint8Array | BigInt64Array): Value {
    if (!this.#constants.has(name)) {
      const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      this.#constants.set(name, { name, dims: shape, dataType: elementTypeOf(data), rawData });
    }

    return name;
  }

  /** A constant vector of whole numbers, such as a shape. */
  integers(...values: readonly number[]): Value {
    return this.constant(`integers_${values.join('_')}`, [values.length], BigInt64Array.from(values, BigInt));
  }

  /** A node with one output. @param name of the output, when it is the graph's. */
  node(opType: string, input: readonly Value[], attributes: Attributes = {}, name?: string): Value {
    return this.#add('', opType, input, [name ?? this.#name()], attributes)[0]!;
  }

  /** Parts of these sizes along the last axis. */
  split(input: Value, sizes: readonly number[]): readonly Value[] {
    const outputs = sizes.map(() => this.#name());

    return this.#add('', 'Split', [input, this.integers(...sizes)], outputs, { axis: -1 });
  }

  /** The `count` largest along the last axis, in falling order, and where they stand. */
  topK(input: Value, count: number, values: Value, indices: Value): void {
    this.#add('', 'TopK', [input, this.integers(count)], [values, indices], { axis: -1 });
  }

  /** A node of onnxruntime's own. `outputs` names them; null has one made up, '' leaves one out. */
  contrib(
    opType: string,
    input: readonly Value[],
    attributes: Attributes,
    outputs: readonly (Value | null)[] = [null],
  ): readonly Value[] {
    const names = outputs.map((output) => output ?? this.#name());

    return this.#add(MICROSOFT, opType, input, names, attributes);
  }

  /** The model as ONNX bytes. @param metadata what is written down beside the graph. */
  build(name: string, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
    return this.#encode(name, [...this.#constants.values()], metadata);
  }

  /**
   * The model with its large constants in another file, which the runtime maps into memory instead of copying it.
   * @param weightsFile what that file will be called, beside the model's.
   */
  buildApart(
    name: string,
    weightsFile: string,
  ): { readonly model: Uint8Array; readonly weights: Uint8Array } {
    const chunks: Uint8Array[] = [];
    let length = 0;
    const append = (bytes: Uint8Array) => {
      chunks.push(bytes);
      length += bytes.length;
    };
    const constants = [...this.#constants.values()].map(({ rawData, ...tensor }): TensorProto => {
      if (!rawData || rawData.length < PAGE_BYTES) return { ...tensor, ...(rawData && { rawData }) };
      const offset = length;
      append(rawData);
      append(new Uint8Array(-length & (PAGE_BYTES - 1)));
      const place = { location: weightsFile, offset: String(offset), length: String(rawData.length) };

      return {
        ...tensor,
        dataLocation: DataLocation.external,
        externalData: Object.entries(place).map(([key, value]) => ({ key, value })),
      };
    });

    return { model: this.#encode(name, constants), weights: Buffer.concat(chunks) };
  }

  #encode(
    name: string,
    initializer: readonly TensorProto[],
    metadata: Readonly<Record<string, string>> = {},
  ): Uint8Array {
    return encodeModel({
      irVersion: IR_VERSION,
      opsetImport: [
        { domain: '', version: OPSET },
        { domain: MICROSOFT, version: 1 },
      ],
      graph: {
        name,
        node: this.#nodes,
        initializer,
        input: this.#inputs,
        output: this.#outputs,
      },
      metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    });
  }

  #add(
    domain: string,
    opType: string,
    input: readonly Value[],
    output: readonly Value[],
    attributes: Attributes,
  ): readonly Value[] {
    const attribute = Object.entries(attributes).map(([name, value]) => toAttribute(name, value));
    this.#nodes.push({ name: `${opType}_${this.#nodes.length}`, domain, opType, input, output, attribute });

    return output;
  }

  #name(): Value {
    return `value_${this.#values++}`;
  }
}

function toAttribute(name: string, value: Attributes[string]): AttributeProto {
  if (typeof value === 'number') return { name, type: AttributeType.int, i: value };
  if ('float' in value) return { name, type: AttributeType.float, f: value.float };

  return { name, type: AttributeType.ints, ints: value };
}

function elementTypeOf(data: Float32Array | Uint8Array | BigInt64Array): ElementType {
  if (data instanceof Float32Array) return ElementType.float32;

  return data instanceof Uint8Array ? ElementType.uint8 : ElementType.int64;
}

function valueInfo(name: string, elemType: ElementType, shape: Shape): ValueInfoProto {
  const dim = shape.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));

  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}
