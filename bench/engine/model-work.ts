import { HIDDEN_SIZE, LAYERS } from '../../inference/moonshine/dimensions.ts';
import {
  decodeModel,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from '../../inference/onnx/onnx-model.ts';
import { SAMPLE_RATE } from '../../inference/recognizer.ts';

/** Multiply-adds that turning speech into keys and values takes, counted in the shipped graphs. */
export interface EncoderWork {
  /** Of the convolutions, for a second of audio. */
  readonly convolutionsPerSecond: number;
  /** Of the products with weights, for a frame; the decoder's keys and values included. */
  readonly weightsPerFrame: number;
  /** Of attention, for each pair of frames. */
  readonly attentionPerPair: number;
  readonly framesPerSecond: number;
}

/**
 * Counts the encoder's work from the sizes of its constants.
 * @param decoder has the matrices that make keys and values of what the encoder gives.
 */
export function countEncoderWork(encoder: Uint8Array, decoder: Uint8Array): EncoderWork {
  const { graph } = decodeModel(encoder);
  const shapes = constantShapes(graph);
  let rate = SAMPLE_RATE;
  let convolutionsPerSecond = 0;
  for (const node of graph.node.filter(({ opType }) => opType === 'Conv')) {
    rate /= Number(node.attribute.find(({ name }) => name === 'strides')?.ints?.[0] ?? 1);
    convolutionsPerSecond += rate * size(weightsBehind(node.input[1]!, graph, shapes));
  }
  const cross = decodeModel(decoder).graph;
  const crossShapes = constantShapes(cross);
  const branches = cross.node.flatMap(({ attribute }) => attribute.flatMap(({ g }) => g?.node ?? []));
  const ofStates = products(branches).filter(({ input }) => input[0] === 'encoder_hidden_states_quantized');

  return {
    convolutionsPerSecond,
    weightsPerFrame:
      products(graph.node).reduce((sum, { input }) => sum + size(shapes.get(input[1]!)), 0) +
      ofStates.reduce((sum, { input }) => sum + size(crossShapes.get(input[1]!)), 0),
    // Queries times keys, and weights times values.
    attentionPerPair: 2 * LAYERS * HIDDEN_SIZE,
    framesPerSecond: rate,
  };
}

/** Multiply-adds for a clip of that length. */
export function multiplyAdds(work: EncoderWork, seconds: number): number {
  const frames = seconds * work.framesPerSecond;

  return (
    seconds * work.convolutionsPerSecond + frames * work.weightsPerFrame + frames ** 2 * work.attentionPerPair
  );
}

/**
 * Bytes of weights that a flat graph reads whenever it runs: all of its constants but tables, of which rows are
 * gathered.
 */
export function weightBytes(model: Uint8Array): number {
  const { graph } = decodeModel(model);
  const read = new Set(
    graph.node.filter(({ opType }) => !opType.startsWith('Gather')).flatMap(({ input }) => input),
  );

  return graph.initializer
    .filter(({ name }) => read.has(name ?? ''))
    .reduce((sum, tensor) => sum + constantBytes(tensor), 0);
}

function constantBytes({ rawData, externalData }: TensorProto): number {
  const elsewhere = externalData?.find(({ key }) => key === 'length')?.value;

  return rawData?.length || Number(elsewhere ?? 0);
}

function products(nodes: readonly NodeProto[]): readonly NodeProto[] {
  return nodes.filter(({ opType }) => opType === 'MatMulInteger');
}

function constantShapes(graph: GraphProto): ReadonlyMap<string, readonly number[]> {
  return new Map(graph.initializer.map(({ name, dims }) => [name ?? '', (dims ?? []).map(Number)]));
}

/** Sizes of the constant that a convolution's weights are unpacked from: the first operand all the way back. */
function weightsBehind(
  value: string,
  graph: GraphProto,
  shapes: ReadonlyMap<string, readonly number[]>,
): readonly number[] | undefined {
  const shape = shapes.get(value);
  const producer = shape ? undefined : graph.node.find(({ output }) => output.includes(value));

  return producer ? weightsBehind(producer.input[0]!, graph, shapes) : shape;
}

function size(shape: readonly number[] | undefined): number {
  if (!shape) throw new Error('The weights of a product are no constant.');

  return shape.reduce((product, length) => product * length, 1);
}
