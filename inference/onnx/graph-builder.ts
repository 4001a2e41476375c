import { toFloat16 } from './float16.ts';
import {
  type AttributeProto,
  DataLocation,
  ElementType,
  encodeModel,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './onnx-model.ts';

/** Name of a value in the graph. */
export type Value = string;

/** Sizes; a name is one known only when the graph runs. */
export type Shape = readonly (number | string)[];

/** Node attributes; a float is wrapped, because JavaScript cannot tell 1 from 1.0. */
export type Attributes = Readonly<
  Record<string, number | readonly number[] | { readonly float: number } | { readonly graph: GraphProto }>
>;

/** What constants of floats are written as. */
export type FloatType = typeof ElementType.float32 | typeof ElementType.float16;

/** A value of a known type. */
export interface Typed {
  readonly value: Value;
  readonly type: ElementType;
}

/** What one turn of a loop makes. */
export interface LoopTurn {
  /** One boolean: whether there is another turn. */
  readonly goOn: Value;
  /** What the next turn is given, in the order of what this one was given. */
  readonly carried: readonly Value[];
  /** Kept of each turn; of the same shape in all. */
  readonly collected: readonly Typed[];
}

/** Operators of onnxruntime's own, such as fused attention. */
export const MICROSOFT = 'com.microsoft';

/** 18: the newest opset in which all operators used here have their present form. 9 goes with it. */
const OPSET = 18;
const IR_VERSION = 9;
/** What `Slice` takes for the end of any axis. */
const END = 2 ** 31 - 1;
/** Mappings begin at whole pages. */
const PAGE_BYTES = 4096;

/** ONNX's attribute types. */
const AttributeType = { float: 1, int: 2, graph: 5, ints: 7 } as const;

/** Writes a flat graph, value by value. */
export class GraphBuilder {
  /** Of the graph, or of the loop's body that is being written. */
  #nodes: NodeProto[] = [];
  readonly #constants = new Map<string, TensorProto>();
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];
  #values = 0;
  /** Set before the names of constants. */
  #prefix = '';
  #floats: FloatType = ElementType.float32;

  /** What constants of floats are written as at present. */
  get floats(): FloatType {
    return this.#floats;
  }

  /**
   * Writes a part of the graph in which names of constants are its own, and constants of floats are written as `floats`.
   * @param name not a part's within which it is written.
   */
  part<T>(name: string, floats: FloatType, write: () => T): T {
    const [prefix, outer] = [this.#prefix, this.#floats];
    [this.#prefix, this.#floats] = [`${name}.`, floats];
    try {
      return write();
    } finally {
      [this.#prefix, this.#floats] = [prefix, outer];
    }
  }

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
  constant(
    ownName: string,
    shape: readonly number[],
    data: Float32Array | Uint8Array | BigInt64Array,
  ): Value {
    const name = this.#prefix + ownName;
    if (!this.#constants.has(name)) {
      const half = data instanceof Float32Array && this.#floats === ElementType.float16;
      const { buffer, byteOffset, byteLength } = half ? toFloat16(data) : data;
      const rawData = new Uint8Array(buffer, byteOffset, byteLength);
      const dataType = half ? ElementType.float16 : elementTypeOf(data);
      this.#constants.set(name, { name, dims: shape, dataType, rawData });
    }

    return name;
  }

  /** A single whole number, of no dimension. */
  integer(value: number): Value {
    return this.constant(`integer_${value}`, [], BigInt64Array.of(BigInt(value)));
  }

  /** A single number, of no dimension. */
  number(value: number): Value {
    return this.constant(`number_${value}`, [], Float32Array.of(value));
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

  /** The same numbers as another type. */
  cast(input: Value, type: ElementType): Value {
    return this.node('Cast', [input], { to: type });
  }

  /** From each of `from` up to before `to`, along `axes`; a negative one counts from the end, null is the end. */
  slice(
    input: Value,
    from: readonly number[],
    to: readonly (number | null)[],
    axes: readonly number[],
  ): Value {
    const ends = to.map((end) => end ?? END);

    return this.node('Slice', [
      input,
      this.integers(...from),
      this.integers(...ends),
      this.integers(...axes),
    ]);
  }

  /**
   * Repeats what `body` writes, which may use values and constants from outside.
   * @param turns one whole number: at most so many.
   * @param initial what the first turn is given.
   * @param body told the number of the turn, from 0, and what it is given.
   * @returns what was collected, one behind the other along a new first axis.
   */
  loop(
    turns: Value,
    initial: readonly Typed[],
    body: (turn: Value, carried: readonly Value[]) => LoopTurn,
  ): readonly Value[] {
    const outer = this.#nodes;
    this.#nodes = [];
    const [turn, wanted] = [this.#name(), this.#name()];
    const given = initial.map(({ type }) => ({ value: this.#name(), type }));
    const { goOn, carried, collected } = body(
      turn,
      given.map(({ value }) => value),
    );
    const graph: GraphProto = {
      name: `loop_${outer.length}`,
      node: this.#nodes,
      initializer: [],
      input: [
        valueInfo(turn, ElementType.int64, []),
        valueInfo(wanted, ElementType.bool, []),
        ...given.map(({ value, type }) => valueInfo(value, type)),
      ],
      output: [
        valueInfo(goOn, ElementType.bool),
        ...carried.map((value, i) => valueInfo(value, initial[i]!.type)),
        ...collected.map(({ value, type }) => valueInfo(value, type)),
      ],
    };
    this.#nodes = outer;
    const outputs = [...carried, ...collected].map(() => this.#name());
    // Without a first condition it begins in any case.
    const operands = [turns, '', ...initial.map(({ value }) => value)];

    return this.#add('', 'Loop', operands, outputs, { body: { graph } }).slice(carried.length);
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
  if ('graph' in value) return { name, type: AttributeType.graph, g: value.graph };

  return { name, type: AttributeType.ints, ints: value };
}

function elementTypeOf(data: Float32Array | Uint8Array | BigInt64Array): ElementType {
  if (data instanceof Float32Array) return ElementType.float32;

  return data instanceof Uint8Array ? ElementType.uint8 : ElementType.int64;
}

function valueInfo(name: string, elemType: ElementType, shape?: Shape): ValueInfoProto {
  if (!shape) return { name, type: { tensorType: { elemType } } };
  const dim = shape.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));

  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}
