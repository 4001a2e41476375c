import { GraphBuilder, type Value } from '../../inference/onnx/graph-builder.ts';
import { ElementType } from '../../inference/onnx/onnx-model.ts';
import type { Packaging } from '../../inference/sensevoice/layout.ts';

/** What the graph of a tiny SenseVoice is like. */
export interface SenseVoiceGraphShape {
  readonly packaging: Packaging;
  readonly seed: number;
  readonly quantized: boolean;
  readonly vocabulary: number;
  readonly blank: number;
  /** The tag that each query brings up at its position. */
  readonly tags: Readonly<Record<number, number>>;
  /** Tokens that no frame brings up. */
  readonly silent: readonly number[];
}

const FEATURES = 560;
/** Rows of the embedding that queries are looked up in. */
const QUERIES = 16;
/** Numbers of a frame inside. */
const HIDDEN = 24;
/** Frames that a frame is mixed with, as by the real model's memory blocks. */
const MEMORY = 11;

/**
 * A small encoder with the inputs and outputs of the published exports: queries are looked up and put before the
 * features; all is projected, mixed by masked attention over the row and by a memory of some frames, and projected onto
 * the vocabulary. Weights are pseudo-random, so that any difference in the features comes out in the tokens.
 */
export function senseVoiceGraph(
  shape: SenseVoiceGraphShape,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const graph = new TinyGraph(shape);
  const names = NAMES[shape.packaging];
  const rows = shape.packaging === 'fun-asr-nano' ? 1 : 'N';
  const x = graph.input(names.features, ElementType.float32, [rows, 'T', FEATURES]);
  let hidden: Value;
  let bias: Value;
  if (shape.packaging === 'fun-asr-nano') {
    // Trained on features as they are: about 13, give or take 4.
    const centred = graph.node('Sub', [x, graph.constant('mean', [1], Float32Array.of(13))]);
    const scaled = graph.node('Mul', [centred, graph.constant('scale', [1], Float32Array.of(0.25))]);
    hidden = graph.project(scaled, 'into', FEATURES, HIDDEN);
    bias = graph.frameBias(x);
    hidden = graph.remember(hidden);
  } else {
    const [lengths, language, textNorm] = [names.lengths, names.language, names.textNorm].map((name) =>
      graph.input(name, ElementType.int32, ['N']),
    ) as [Value, Value, Value];
    const queries = graph.queries(language, textNorm);
    const all = graph.node('Concat', [graph.lookUp('embedding', FEATURES, queries), x], { axis: 1 });
    hidden = graph.project(all, 'into', FEATURES, HIDDEN);
    bias = graph.node('Add', [
      graph.node('Concat', [graph.tagScores(queries), graph.frameBias(x)], { axis: 1 }),
      graph.leaning(queries),
    ]);
    const mask = graph.mask(hidden, lengths);
    hidden = graph.remember(graph.own(graph.attend(hidden, mask), mask));
    if (names.outputLengths) {
      graph.output(names.outputLengths, ElementType.int32, ['N']);
      const four = graph.node('Cast', [graph.integers(4)], { to: ElementType.int32 });
      graph.node('Add', [lengths, four], {}, names.outputLengths);
    }
  }
  graph.output(names.logits, ElementType.float32, [rows, 'L', shape.vocabulary]);
  graph.node('Add', [graph.project(hidden, 'out', HIDDEN, shape.vocabulary), bias], {}, names.logits);

  return graph.build('tiny SenseVoice', metadata);
}

const NAMES = {
  'sherpa-onnx': {
    ...{ features: 'x', lengths: 'x_length', language: 'language', textNorm: 'text_norm' },
    ...{ logits: 'logits', outputLengths: null },
  },
  funasr: {
    ...{ features: 'speech', lengths: 'speech_lengths', language: 'language', textNorm: 'textnorm' },
    ...{ logits: 'ctc_logits', outputLengths: 'encoder_out_lens' },
  },
  'fun-asr-nano': {
    ...{ features: 'x', lengths: '', language: '', textNorm: '', logits: 'logits', outputLengths: null },
  },
} as const;

class TinyGraph extends GraphBuilder {
  readonly #shape: SenseVoiceGraphShape;
  #seed: number;

  constructor(shape: SenseVoiceGraphShape) {
    super();
    this.#shape = shape;
    this.#seed = shape.seed * 7919;
  }

  /** Indexes of the four queries of each row: language, event, emotion, text normalisation. */
  queries(language: Value, textNorm: Value): Value {
    const column = (value: Value) =>
      this.node('Unsqueeze', [
        this.node('Cast', [value], { to: ElementType.int64 }),
        this.constant('axis_1', [1], BigInt64Array.of(1n)),
      ]);
    const first = column(language);
    const nothing = this.node('Mul', [first, this.constant('zero', [1], BigInt64Array.of(0n))]);
    const fixed = this.node('Add', [nothing, this.constant('event_emo', [2], BigInt64Array.of(1n, 2n))]);

    return this.node('Concat', [first, fixed, column(textNorm)], { axis: 1 });
  }

  lookUp(name: string, width: number, indexes: Value): Value {
    const table = this.constant(name, [QUERIES, width], this.#random(QUERIES * width, 1));

    return this.node('Gather', [table, indexes], { axis: 0 });
  }

  /** Scores that bring up a tag at each query's position. */
  tagScores(indexes: Value): Value {
    const { vocabulary, tags } = this.#shape;
    const scores = new Float32Array(QUERIES * vocabulary);
    for (const [query, token] of Object.entries(tags)) scores[Number(query) * vocabulary + token] = 500;

    return this.node('Gather', [this.constant('tag_scores', [QUERIES, vocabulary], scores), indexes], {
      axis: 0,
    });
  }

  /** What is added to all scores of a row for what it was asked: each query makes other tokens likelier. */
  leaning(indexes: Value): Value {
    const { vocabulary } = this.#shape;

    return this.node('ReduceSum', [
      this.lookUp('leanings', vocabulary, indexes),
      this.constant('axis_1', [1], BigInt64Array.of(1n)),
    ]);
  }

  /** What is added to the scores of each frame: no tags, and more blanks. */
  frameBias(x: Value): Value {
    const { vocabulary, blank, silent } = this.#shape;
    const scores = new Float32Array(vocabulary);
    scores[blank] = 2;
    for (const token of silent) scores[token] = -500;
    const first = this.node('Slice', [
      x,
      ...[0, 1, 2].map((value, i) => this.constant(`slice_${i}`, [1], BigInt64Array.of(BigInt(value)))),
    ]);
    const nothing = this.node('Mul', [first, this.constant('nothing', [1], Float32Array.of(0))]);

    return this.node('Add', [nothing, this.constant('frame_bias', [vocabulary], scores)]);
  }

  /** A product with random weights, which keeps what goes through it at about its size. */
  project(input: Value, name: string, from: number, to: number): Value {
    const scale = (name === 'out' ? 4 : 1.7) / Math.sqrt(from);
    const weights = this.#random(from * to, scale);
    if (!this.#shape.quantized) return this.node('MatMul', [input, this.constant(name, [from, to], weights)]);

    return this.#quantizedProduct(input, name, [from, to], weights, scale);
  }

  /** In bytes, with one scale for the whole input: rows of a run then depend on each other. */
  #quantizedProduct(
    input: Value,
    name: string,
    [from, to]: readonly [number, number],
    weights: Float32Array,
    scale: number,
  ): Value {
    const bytes = Uint8Array.from(weights, (weight) => Math.round((weight / scale) * 127 + 128));

    return this.contrib(
      'DynamicQuantizeMatMul',
      [
        input,
        this.constant(`${name}_bytes`, [from, to], bytes),
        this.constant(`${name}_scale`, [], Float32Array.of(scale / 127)),
        this.constant(`${name}_zero`, [], Uint8Array.of(128)),
      ],
      {},
    )[0]!;
  }

  /** [rows, 1, positions]: 0 where a row has something, and a large negative number behind its end. */
  mask(hidden: Value, lengths: Value): Value {
    const shape = this.node('Shape', [hidden]);
    const positions = this.node('Gather', [shape, this.constant('one', [], BigInt64Array.of(1n))]);
    const range = this.node('Range', [
      this.constant('from', [], BigInt64Array.of(0n)),
      positions,
      this.constant('step', [], BigInt64Array.of(1n)),
    ]);
    const ends = this.node('Add', [
      this.node('Cast', [lengths], { to: ElementType.int64 }),
      this.constant('four', [1], BigInt64Array.of(4n)),
    ]);
    const column = this.node('Unsqueeze', [ends, this.constant('axes', [2], BigInt64Array.of(1n, 2n))]);
    const inside = this.node('Less', [range, column]);

    return this.node('Where', [
      inside,
      this.constant('open', [1], Float32Array.of(0)),
      this.constant('shut', [1], Float32Array.of(-1e9)),
    ]);
  }

  /** Masked attention over the row, added to what it looks from. */
  attend(hidden: Value, mask: Value): Value {
    const [query, key, value] = ['query', 'key', 'value'].map((name) =>
      this.project(hidden, name, HIDDEN, HIDDEN),
    );
    const turned = this.node('Transpose', [key!], { perm: [0, 2, 1] });
    const scores = this.node('Mul', [
      this.node('MatMul', [query!, turned]),
      this.constant('root', [1], Float32Array.of(1 / Math.sqrt(HIDDEN))),
    ]);
    const weights = this.node('Softmax', [this.node('Add', [scores, mask])], { axis: -1 });

    return this.node('Add', [hidden, this.node('MatMul', [weights, value!])]);
  }

  /** 0 where the mask is shut, so that nothing of the padding is mixed into what comes before it, as in the real one. */
  own(hidden: Value, mask: Value): Value {
    const open = this.node('GreaterOrEqual', [mask, this.constant('open', [1], Float32Array.of(0))]);
    const column = this.node('Transpose', [this.cast(open, ElementType.float32)], { perm: [0, 2, 1] });

    return this.node('Mul', [hidden, column]);
  }

  /** Each number of a frame mixed with the same of its neighbours. */
  remember(hidden: Value): Value {
    const weights = this.constant('memory', [HIDDEN, 1, MEMORY], this.#random(HIDDEN * MEMORY, 0.3));
    const turned = this.node('Transpose', [hidden], { perm: [0, 2, 1] });
    const mixed = this.node('Conv', [turned, weights], {
      ...{ group: HIDDEN, kernel_shape: [MEMORY], pads: [(MEMORY - 1) / 2, (MEMORY - 1) / 2] },
    });

    return this.node('Add', [hidden, this.node('Transpose', [mixed], { perm: [0, 2, 1] })]);
  }

  /** Numbers between -scale and scale, from xorshift32. */
  #random(count: number, scale: number): Float32Array {
    this.#seed += 104_729;
    let state = this.#seed | 1;

    return Float32Array.from({ length: count }, () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;

      return ((state >>> 0) / 2 ** 31 - 1) * scale;
    });
  }
}
