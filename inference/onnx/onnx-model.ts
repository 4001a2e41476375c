import protobuf from 'protobufjs/light.js';

/** ONNX's element types, as far as they are used here. */
export const ElementType = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
} as const;
export type ElementType = (typeof ElementType)[keyof typeof ElementType];

/** Where a tensor's values are. */
export const DataLocation = { inModel: 0, external: 1 } as const;
export type DataLocation = (typeof DataLocation)[keyof typeof DataLocation];

/** A constant tensor. Its values are in `rawData`, little-endian, in the field of its type, or in another file. */
export interface TensorProto {
  readonly name?: string;
  readonly dims?: readonly (number | protobuf.Long)[];
  readonly dataType?: number;
  readonly rawData?: Uint8Array;
  readonly floatData?: readonly number[];
  readonly int32Data?: readonly number[];
  /** `location`, a file beside the model's, with `offset` and `length` in bytes; counts when `dataLocation` says so. */
  readonly externalData?: readonly { readonly key: string; readonly value: string }[];
  readonly dataLocation?: DataLocation;
}

/** A setting of a node; which field counts is told by `type`. */
export interface AttributeProto {
  readonly name: string;
  readonly type?: number;
  readonly f?: number;
  readonly i?: number | protobuf.Long;
  readonly s?: Uint8Array;
  readonly t?: TensorProto;
  readonly g?: GraphProto;
  readonly ints?: readonly (number | protobuf.Long)[];
}

/** One operation, its operands and results by name. */
export interface NodeProto {
  readonly name?: string;
  readonly opType: string;
  readonly domain?: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly AttributeProto[];
}

/** An input or output of a graph. */
export interface ValueInfoProto {
  readonly name: string;
  readonly type?: {
    readonly tensorType?: {
      readonly elemType?: number;
      /** Sizes that are known only when the graph runs have a name, or nothing. */
      readonly shape?: {
        readonly dim: readonly { readonly dimValue?: number | protobuf.Long; readonly dimParam?: string }[];
      };
    };
  };
}

/** Operations in an order in which they can run, and the constants they use. */
export interface GraphProto {
  readonly name?: string;
  readonly node: readonly NodeProto[];
  readonly initializer: readonly TensorProto[];
  readonly input: readonly ValueInfoProto[];
  readonly output: readonly ValueInfoProto[];
}

/** A graph, and the versions of the operators it is written for. */
export interface ModelProto {
  readonly irVersion?: number | protobuf.Long;
  readonly opsetImport: readonly { readonly domain?: string; readonly version?: number | protobuf.Long }[];
  readonly graph: GraphProto;
  /** What the exporter wrote down beside the graph. */
  readonly metadataProps?: readonly { readonly key: string; readonly value: string }[];
}

const field = (id: number, type: string) => ({ id, type });
const list = (id: number, type: string) => ({ id, type, rule: 'repeated' });
const packed = (id: number, type: string) => ({ id, type, rule: 'repeated', options: { packed: true } });

/** What is needed of onnx.proto3 (github.com/onnx/onnx); fields that are not named are skipped when read. */
const schema = protobuf.Root.fromJSON({
  nested: {
    ModelProto: {
      fields: {
        irVersion: field(1, 'int64'),
        graph: field(7, 'GraphProto'),
        opsetImport: list(8, 'OperatorSetIdProto'),
        metadataProps: list(14, 'StringStringEntryProto'),
      },
    },
    OperatorSetIdProto: { fields: { domain: field(1, 'string'), version: field(2, 'int64') } },
    GraphProto: {
      fields: {
        node: list(1, 'NodeProto'),
        name: field(2, 'string'),
        initializer: list(5, 'TensorProto'),
        input: list(11, 'ValueInfoProto'),
        output: list(12, 'ValueInfoProto'),
      },
    },
    NodeProto: {
      fields: {
        input: list(1, 'string'),
        output: list(2, 'string'),
        name: field(3, 'string'),
        opType: field(4, 'string'),
        attribute: list(5, 'AttributeProto'),
        domain: field(7, 'string'),
      },
    },
    AttributeProto: {
      fields: {
        name: field(1, 'string'),
        f: field(2, 'float'),
        i: field(3, 'int64'),
        s: field(4, 'bytes'),
        t: field(5, 'TensorProto'),
        g: field(6, 'GraphProto'),
        ints: packed(8, 'int64'),
        type: field(20, 'int32'),
      },
    },
    TensorProto: {
      fields: {
        dims: packed(1, 'int64'),
        dataType: field(2, 'int32'),
        floatData: packed(4, 'float'),
        int32Data: packed(5, 'int32'),
        name: field(8, 'string'),
        rawData: field(9, 'bytes'),
        externalData: list(13, 'StringStringEntryProto'),
        dataLocation: field(14, 'int32'),
      },
    },
    StringStringEntryProto: { fields: { key: field(1, 'string'), value: field(2, 'string') } },
    ValueInfoProto: { fields: { name: field(1, 'string'), type: field(2, 'TypeProto') } },
    TypeProto: { fields: { tensorType: field(1, 'TensorTypeProto') } },
    TensorTypeProto: { fields: { elemType: field(1, 'int32'), shape: field(2, 'TensorShapeProto') } },
    TensorShapeProto: { fields: { dim: list(1, 'DimensionProto') } },
    DimensionProto: { fields: { dimValue: field(1, 'int64'), dimParam: field(2, 'string') } },
  },
});
const modelType = schema.lookupType('ModelProto');

/** Reads a model. Large tensors are views into `bytes`. @throws when they are no ONNX. */
export function decodeModel(bytes: Uint8Array): ModelProto {
  return modelType.decode(bytes) as unknown as ModelProto;
}

/** Writes a model. */
export function encodeModel(model: ModelProto): Uint8Array {
  return modelType.encode(modelType.create(model)).finish();
}
