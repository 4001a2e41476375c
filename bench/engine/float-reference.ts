import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MoonshineFiles } from '../../inference/moonshine/moonshine-files.ts';
import {
  decodeModel,
  ElementType,
  encodeModel,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from '../../inference/onnx/onnx-model.ts';

/** Operators of dynamic quantisation; none may be left. */
const QUANTIZED = new Set(['DynamicQuantizeLinear', 'MatMulInteger', 'ConvInteger']);

/**
 * Writes the shipped graphs once more, their products of bytes replaced by products of floats: what the weights say
 * when nothing is rounded on the way. Made of the shipped graphs node by node, without any of the rewriting that this
 * engine's graphs come from.
 * @returns where they are, in `folder`.
 * @throws when a graph has a quantised product of another form.
 */
export async function writeFloatReference(shipped: MoonshineFiles, folder: string): Promise<MoonshineFiles> {
  const files = { encoder: join(folder, 'float-encoder.onnx'), decoder: join(folder, 'float-decoder.onnx') };
  await writeFile(files.encoder, unpackProducts(await readFile(shipped.encoder)));
  await writeFile(files.decoder, unpackProducts(await readFile(shipped.decoder)));

  return files;
}

/** A model's bytes with every quantised product, those in branches included, replaced by one of floats. */
export function unpackProducts(bytes: Uint8Array): Uint8Array {
  const model = decodeModel(bytes);
  const constants = new Map(model.graph.initializer.map((tensor) => [tensor.name ?? '', tensor]));
  const graph = unpackGraph(model.graph, constants);
  const used = usedNames(graph);

  return encodeModel({
    ...model,
    graph: { ...graph, initializer: [...constants.values()].filter(({ name }) => used.has(name ?? '')) },
  });
}

/** @param constants of the model, to which the unpacked weights are added. */
function unpackGraph(graph: GraphProto, constants: Map<string, TensorProto>): GraphProto {
  const producers = new Map(graph.node.flatMap((node) => node.output.map((output) => [output, node])));
  const node = graph.node.map((each) => {
    const product = unpackProduct(each, producers, constants);
    if (product) return product;
    const attribute = each.attribute.map((setting) =>
      setting.g ? { ...setting, g: unpackGraph(setting.g, constants) } : setting,
    );

    return { ...each, attribute };
  });
  const live = withoutUnused({ ...graph, node });
  const left = live.node.find(({ opType }) => QUANTIZED.has(opType));
  if (left) throw new Error(`${left.opType} ${left.output[0]} is no product that can be unpacked.`);

  return live;
}

/**
 * The product that ends in `node`, if one does: quantise x, multiply bytes, cast to float, multiply by the product of
 * both scales. The scale of x comes of its extremes, so the last factor is not known before.
 */
function unpackProduct(
  node: NodeProto,
  producers: ReadonlyMap<string, NodeProto>,
  constants: Map<string, TensorProto>,
): NodeProto | null {
  if (node.opType !== 'Mul') return null;
  const [cast, scales] = node.input.map((name) => producers.get(name));
  const product = cast?.opType === 'Cast' ? producers.get(cast.input[0]!) : undefined;
  if (product?.opType !== 'MatMulInteger' || scales?.opType !== 'Mul') return null;
  const [x, weights, , zeroPoint] = product.input;
  const quantize = producers.get(x!);
  const scale = scales.input.find((name) => name !== quantize?.output[1]);
  if (quantize?.opType !== 'DynamicQuantizeLinear' || !weights || !zeroPoint || !scale) return null;
  const unpacked = `${weights}_unpacked`;
  if (!constants.has(unpacked)) {
    const of = (name: string) => constant(constants, name);
    constants.set(unpacked, unpack(unpacked, of(weights), of(zeroPoint), of(scale)));
  }

  return {
    name: `${product.name}_unpacked`,
    opType: 'MatMul',
    input: [quantize.input[0]!, unpacked],
    output: node.output,
    attribute: [],
  };
}

/** (byte - zero point) * scale, the last two being numbers. */
function unpack(name: string, weights: TensorProto, zeroPoint: TensorProto, scale: TensorProto): TensorProto {
  const bytes = rawBytes(weights);
  const zeros = zeroPoint.int32Data?.length ? zeroPoint.int32Data : rawBytes(zeroPoint);
  const scales = scale.floatData?.length ? scale.floatData : new Float32Array(rawBytes(scale).buffer);
  if (weights.dataType !== ElementType.uint8 || zeros.length !== 1 || scales.length !== 1)
    throw new Error(`${weights.name} is not made of unsigned bytes with one scale.`);
  const floats = Float32Array.from(bytes, (byte) => (byte - zeros[0]!) * scales[0]!);

  return {
    name,
    dims: weights.dims ?? [],
    dataType: ElementType.float32,
    rawData: new Uint8Array(floats.buffer),
  };
}

/** A copy, because a view of floats has to be aligned and the file's bytes are not. */
function rawBytes({ rawData }: TensorProto): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(rawData ?? []);
}

function constant(constants: ReadonlyMap<string, TensorProto>, name: string): TensorProto {
  const tensor = constants.get(name);
  if (!tensor) throw new Error(`${name} is no constant.`);

  return tensor;
}

/** Leaves out nodes whose results nobody takes: what stood around the products. */
function withoutUnused(graph: GraphProto): GraphProto {
  const used = new Set(graph.output.map(({ name }) => name));
  const node: NodeProto[] = [];
  // Backwards, because a node comes before those that use it.
  for (const each of graph.node.toReversed()) {
    if (!each.output.some((name) => used.has(name))) continue;
    node.push(each);
    for (const name of namesUsedBy(each)) used.add(name);
  }

  return { ...graph, node: node.reverse() };
}

function usedNames(graph: GraphProto): ReadonlySet<string> {
  return new Set([...graph.node.flatMap(namesUsedBy), ...graph.output.map(({ name }) => name)]);
}

/** Inputs of a node, and what its branches take from outside or make themselves. */
function namesUsedBy({ input, attribute }: NodeProto): readonly string[] {
  return [...input, ...attribute.flatMap(({ g }) => (g ? [...usedNames(g)] : []))];
}
