import {
  type FloatType,
  GraphBuilder,
  type LoopTurn,
  type Typed,
  type Value,
} from '../../onnx/graph-builder.ts';
import { ElementType } from '../../onnx/onnx-model.ts';
import { HEAD_SIZE, HEADS, HIDDEN_SIZE, LAYERS } from '../dimensions.ts';
import { END_TOKEN, START_TOKEN } from '../special-tokens.ts';
import { decodeLayer, EMBEDDING, MAX_TOKENS, normWeights } from './decoder-graph.ts';
import { projectSpeech, splitSpeech } from './encoder-graph.ts';
import { floatLinear, normalize, type RotaryTables, rotaryTables, rotate, scaledQuery } from './layers.ts';
import { endsInLoop, freshHistory } from './loop-detection.ts';
import { encodeMasked, headsOf } from './masked-encoder.ts';
import { type ShippedGraph, UnknownGraphError } from './shipped-graph.ts';

/** What all turns of decoding look at. */
interface Decoding {
  readonly graph: GraphBuilder;
  readonly decoder: ShippedGraph;
  readonly floats: FloatType;
  /** `[vocabulary, 288]`, in single precision. */
  readonly embedding: Value;
  readonly tables: RotaryTables;
  /** Keys `[batch, 8, 36, frames]` and values `[batch, 8, frames, 36]` of the speech, layer by layer. */
  readonly speech: readonly Value[];
  readonly mask: Value;
  /** Most tokens of each row, `[batch]`. */
  readonly limits: Value;
}

/**
 * All of Moonshine as one graph, for devices that every run has to bring its inputs to and its outputs back from: audio of
 * a batch → its tokens, chosen greedily one after another inside. `samples [batch, samples]`, padded; `lengths [batch]`, how
 * many samples of each row are its own; `limits [batch]`, its most tokens; `turns []`, the most of all → `tokens [batch,
 * turns]` and their `log_probs`. What a row says after its end token, its last token or the beginning of a loop means nothing.
 * It ends as soon as no row goes on.
 *
 * No mask is needed among tokens: all rows are at the same position, and the cache grows by one a turn.
 * @param floats of weights and arithmetic. With halves, what is added up over the whole input and the scores of tokens are
 * computed in single precision all the same: halves are 0.016 apart at the size of scores, which would decide some.
 */
export function buildOneRun(encoder: ShippedGraph, decoder: ShippedGraph, floats: FloatType): GraphBuilder {
  decoder.refuseLayer(`/model/decoder/layers.${LAYERS}/self_attn/q_proj`);
  const graph = new GraphBuilder();
  const samples = graph.input('samples', ElementType.float32, ['batch', 'samples']);
  const lengths = graph.input('lengths', ElementType.int64, ['batch']);
  const limits = graph.input('limits', ElementType.int64, ['batch']);
  const turns = graph.input('turns', ElementType.int64, []);
  const { states, mask } = encodeMasked(graph, encoder, samples, lengths, floats);
  const embedding = graph.part('tokens', ElementType.float32, () => embeddingOf(graph, decoder));
  graph.part('decoder', floats, () => {
    const inverse = decoder.floats('/model/decoder/rotary_emb/Cast_1_output_0');
    const speech = splitSpeech(graph, projectSpeech(graph, decoder, states)).map((value, i) =>
      headsOf(graph, value, i % 2 === 0),
    );
    const tables = rotaryTables(graph, inverse, MAX_TOKENS);
    const decoding: Decoding = { graph, decoder, floats, embedding, tables, speech, mask, limits };
    const [tokens, logProbs] = graph.loop(turns, beginning(decoding), (turn, carried) =>
      decodeTurn(decoding, turn, carried),
    );
    graph.node('Transpose', [tokens!], { perm: [1, 0] }, 'tokens');
    graph.node('Transpose', [logProbs!], { perm: [1, 0] }, 'log_probs');
  });
  graph.output('tokens', ElementType.int64, ['batch', 'said']);
  graph.output('log_probs', ElementType.float32, ['batch', 'said']);

  return graph;
}

function embeddingOf(graph: GraphBuilder, decoder: ShippedGraph): Value {
  const { rows, columns, bytes, zeroPoint, scale } = decoder.namedMatrix(EMBEDDING);
  if (columns !== HIDDEN_SIZE)
    throw new UnknownGraphError(`${EMBEDDING} has ${columns} columns, not ${HIDDEN_SIZE}.`);
  const weights = Float32Array.from(bytes, (byte) => (byte - zeroPoint) * scale);

  return graph.constant('embedding', [rows, columns], weights);
}

/** What the first turn is given: the start token, who has finished, the latest tokens, and an empty cache. */
function beginning({ graph, floats, speech, limits }: Decoding): readonly Typed[] {
  const rows = graph.node('Shape', [limits]);
  const perRow = graph.node('Concat', [rows, graph.integers(1)], { axis: 0 });
  const empty = graph.slice(speech[1]!, [0], [0], [2]);

  return [
    { value: graph.node('Expand', [graph.integers(START_TOKEN), perRow]), type: ElementType.int64 },
    // A row that may say nothing.
    { value: graph.node('Less', [limits, graph.integer(1)]), type: ElementType.bool },
    { value: freshHistory(graph, perRow), type: ElementType.int64 },
    ...speech.map(() => ({ value: empty, type: floats })),
  ];
}

/** One token of every row. @param turn its position. @param carried as `beginning` has it. */
function decodeTurn(decoding: Decoding, turn: Value, carried: readonly Value[]): LoopTurn {
  const { graph, embedding, limits } = decoding;
  const [token, finished, history, ...cache] = carried as readonly [Value, Value, Value, ...Value[]];
  const { x, grown } = think(decoding, turn, token, cache);
  const scores = graph.contrib('FusedMatMul', [graph.cast(x, ElementType.float32), embedding], {
    transB: 1,
  })[0]!;
  const best = graph.node('ArgMax', [scores], { axis: -1, keepdims: 0 });
  const highest = graph.node('ReduceMax', [scores, graph.integers(-1)], { keepdims: 0 });
  const total = graph.node('ReduceLogSumExp', [scores, graph.integers(-1)], { keepdims: 0 });
  const row = (value: Value) => graph.node('Squeeze', [value, graph.integers(1)]);
  const chosen = row(best);
  const latest = graph.node('Concat', [graph.slice(history, [1], [null], [1]), best], { axis: 1 });
  const said = graph.node('Add', [turn, graph.integer(1)]);
  const ended = [
    graph.node('Equal', [chosen, graph.integer(END_TOKEN)]),
    graph.node('GreaterOrEqual', [said, limits]),
    endsInLoop(graph, latest),
  ].reduce((one, other) => graph.node('Or', [one, other]), finished);
  const open = graph.cast(graph.node('Not', [ended]), ElementType.float32);
  const goOn = graph.node('Greater', [
    graph.node('ReduceMax', [open], { keepdims: 0 }),
    graph.part('loop', ElementType.float32, () => graph.number(0)),
  ]);

  return {
    goOn,
    carried: [graph.node('Identity', [best]), ended, latest, ...grown],
    collected: [
      { value: graph.node('Identity', [chosen]), type: ElementType.int64 },
      { value: row(graph.node('Sub', [highest, total])), type: ElementType.float32 },
    ],
  };
}

/** From the newest token to what its successor is chosen by, `[batch, 1, 288]`, and the cache with its keys and values. */
function think(
  { graph, decoder, floats, embedding, tables, speech, mask }: Decoding,
  position: Value,
  token: Value,
  cache: readonly Value[],
): { readonly x: Value; readonly grown: readonly Value[] } {
  const grown: Value[] = [];
  const offset = graph.node('Reshape', [position, graph.integers(1)]);
  let residual = graph.cast(graph.node('Gather', [embedding, token]), floats);
  let x = normalize(graph, residual, 'norm_0', normWeights(decoder, 0));
  for (let layer = 0; layer < LAYERS; layer++) {
    const matrix = (name: string) => decoder.matrix(`/model/decoder/layers.${layer}/${name}`);
    const keep = (made: Value, part: 0 | 1) => {
      const longer = graph.node('Concat', [cache[2 * layer + part]!, oneQuery(graph, made)], { axis: 2 });
      grown.push(longer);

      return longer;
    };
    [x, residual] = decodeLayer(graph, decoder, layer, x, residual, {
      linear: floatLinear,
      attendToSelf: (value) => {
        const [query, ...others] = ['q', 'k', 'v'].map((name) => matrix(`self_attn/${name}_proj`));
        const joined = floatLinear(graph, value, `qkv_${layer}`, [scaledQuery(query!), ...others]);
        const [rotated, own] = graph.split(joined, [2 * HIDDEN_SIZE, HIDDEN_SIZE]);
        const turned = rotate(graph, rotated!, offset, tables, 2 * HEADS);
        const [asking, key] = graph.split(turned, [HIDDEN_SIZE, HIDDEN_SIZE]);
        const keys = keep(key!, 0);
        const scores = graph.contrib('FusedMatMul', [oneQuery(graph, asking!), keys], { transB: 1 })[0]!;

        return weigh(graph, scores, keep(own!, 1));
      },
      attendToSpeech: (value) => {
        const query = scaledQuery(matrix('encoder_attn/q_proj'));
        const asking = oneQuery(graph, floatLinear(graph, value, `cross_q_${layer}`, [query]));
        const scores = graph.node('MatMul', [asking, speech[2 * layer]!]);

        return weigh(graph, graph.node('Add', [scores, mask]), speech[2 * layer + 1]!);
      },
    });
  }

  return { x, grown };
}

/** `[batch, 1, 288]` by heads: `[batch, 8, 1, 36]`. */
function oneQuery(graph: GraphBuilder, x: Value): Value {
  return graph.node('Reshape', [x, graph.integers(0, HEADS, 1, HEAD_SIZE)]);
}

/** Values `[batch, 8, length, 36]` by their scores, `[batch, 8, 1, length]`. */
function weigh(graph: GraphBuilder, scores: Value, values: Value): Value {
  const shares = graph.node('Softmax', [scores], { axis: -1 });

  return graph.node('Reshape', [graph.node('MatMul', [shares, values]), graph.integers(0, 1, HIDDEN_SIZE)]);
}
