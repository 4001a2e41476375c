import type { Value } from '../../inference/onnx/graph-builder.ts';
import { ElementType } from '../../inference/onnx/onnx-model.ts';
import { HIDDEN, MEL_BINS, RandomGraph } from './random-graph.ts';

type Metadata = Readonly<Record<string, string>>;

const { float32, int32, int64 } = ElementType;

/** icefall's Zipformer with a CTC head: the blank is 0. */
export function zipformerCtc(seed: number, vocabulary: number, metadata: Metadata): Uint8Array {
  const graph = new RandomGraph(seed);
  const x = graph.input('x', float32, ['N', 'T', MEL_BINS]);
  const lengths = graph.input('x_lens', int64, ['N']);
  const hidden = graph.transpose(graph.subsample(graph.transpose(x)));
  const scores = graph.scores(hidden, HIDDEN, vocabulary, 0, 1);
  graph.named(graph.node('LogSoftmax', [scores], { axis: -1 }), 'log_probs', float32, ['N', 'L', vocabulary]);
  graph.named(graph.subsampledLengths(lengths), 'log_probs_len', int64, ['N']);

  return graph.build('tiny Zipformer CTC', metadata);
}

/** NeMo's: the blank is the last. */
export function nemoCtc(seed: number, vocabulary: number, metadata: Metadata): Uint8Array {
  const graph = new RandomGraph(seed);
  const signal = graph.input('audio_signal', float32, ['N', MEL_BINS, 'T']);
  graph.input('length', int64, ['N']);
  const hidden = graph.transpose(graph.subsample(signal));
  const scores = graph.scores(hidden, HIDDEN, vocabulary, vocabulary - 1, 1);
  graph.named(graph.node('LogSoftmax', [scores], { axis: -1 }), 'logprobs', float32, ['N', 'L', vocabulary]);

  return graph.build('tiny NeMo CTC', metadata);
}

/** FunASR's Paraformer with sherpa-onnx' metadata: one token for each stacked frame. */
export function paraformer(seed: number, vocabulary: number, metadata: Metadata): Uint8Array {
  const graph = new RandomGraph(seed);
  const x = graph.input('speech', float32, ['N', 'T', 7 * MEL_BINS]);
  const lengths = graph.input('speech_lengths', int32, ['N']);
  const hidden = graph.node('Tanh', [graph.project(x, 'into', 7 * MEL_BINS, HIDDEN)]);
  const marks = Float32Array.from({ length: vocabulary }, (_, id) =>
    id < 3 || id === vocabulary - 1 ? -100 : 0,
  );
  const scores = graph.scores(hidden, HIDDEN, vocabulary, 3, 1);
  const words = graph.node('Add', [scores, graph.constant('marks', [vocabulary], marks)]);
  graph.named(words, 'logits', float32, ['N', 'T', vocabulary]);
  graph.named(lengths, 'token_num', int32, ['N']);
  // Three places for each frame, of which the first is where its token peaks.
  const frames = graph.node('ReduceMean', [hidden, graph.whole(2)]);
  const nothing = graph.node('Mul', [frames, graph.constant('nothing', [1], Float32Array.of(0))]);
  const peaks = graph.node('Add', [nothing, graph.constant('peaks', [3], Float32Array.of(1, 0, 0))]);
  // Behind the last token there is another peak: where the speech ends.
  const end = graph.constant('end', [1, 1], Float32Array.of(1));
  const row = graph.node('Concat', [graph.node('Reshape', [peaks, graph.integers(0, -1)]), end], { axis: 1 });
  for (const name of ['us_alphas', 'us_cif_peak']) graph.named(row, name, float32, ['N', 'P']);

  return graph.build('tiny Paraformer', metadata);
}

/** Three graphs of a transducer. */
export interface TransducerGraphs {
  readonly encoder: Uint8Array;
  readonly decoder: Uint8Array;
  readonly joiner: Uint8Array;
}

/** icefall's: the blank is 0, and the decoder looks back on two tokens. */
export function zipformerTransducer(seed: number, vocabulary: number, metadata: Metadata): TransducerGraphs {
  const encoder = new RandomGraph(seed);
  const x = encoder.input('x', float32, ['N', 'T', MEL_BINS]);
  const lengths = encoder.input('x_lens', int64, ['N']);
  const frames = encoder.transpose(encoder.subsample(encoder.transpose(x)));
  encoder.named(frames, 'encoder_out', float32, ['N', 'L', HIDDEN]);
  encoder.named(encoder.subsampledLengths(lengths), 'encoder_out_lens', int64, ['N']);

  const decoder = new RandomGraph(seed + 1);
  const y = decoder.input('y', int64, ['N', 2]);
  // Before the first token there is -1.
  const known = decoder.node('Max', [y, decoder.whole(0)]);
  const embedded = decoder.node('Gather', [decoder.random('tokens', [vocabulary, HIDDEN], 0.6), known]);
  const context = decoder.node('ReduceSum', [embedded, decoder.whole(1)], { keepdims: 0 });
  decoder.named(context, 'decoder_out', float32, ['N', HIDDEN]);

  const joiner = new RandomGraph(seed + 2);
  const heard = joiner.input('encoder_out', float32, ['N', HIDDEN]);
  const said = joiner.input('decoder_out', float32, ['N', HIDDEN]);
  const joined = joiner.node('Tanh', [joiner.node('Add', [heard, said])]);
  joiner.named(joiner.scores(joined, HIDDEN, vocabulary, 0, 2), 'logit', float32, ['N', vocabulary]);

  return {
    encoder: encoder.build('tiny encoder', metadata),
    decoder: decoder.build('tiny decoder', { vocab_size: String(vocabulary), context_size: '2' }),
    joiner: joiner.build('tiny joiner', { joiner_dim: String(HIDDEN) }),
  };
}

/** NeMo's: the blank is the last, and the decoder remembers. */
export function nemoTransducer(seed: number, vocabulary: number, metadata: Metadata): TransducerGraphs {
  const encoder = new RandomGraph(seed);
  const signal = encoder.input('audio_signal', float32, ['N', MEL_BINS, 'T']);
  const lengths = encoder.input('length', int64, ['N']);
  encoder.named(encoder.subsample(signal), 'outputs', float32, ['N', HIDDEN, 'L']);
  encoder.named(encoder.subsampledLengths(lengths), 'encoded_lengths', int64, ['N']);

  const decoder = new RandomGraph(seed + 1);
  const targets = decoder.input('targets', int32, ['N', 'U']);
  const targetLength = decoder.input('target_length', int32, ['N']);
  const [memory, other] = ['states.1', 'states.2'].map((name) =>
    decoder.input(name, float32, [1, 'N', HIDDEN]),
  ) as [Value, Value];
  const embedded = decoder.node('Gather', [decoder.random('tokens', [vocabulary, HIDDEN], 0.6), targets]);
  // [N, U, H] + [1, N, H] for one target of one row.
  const next = decoder.node('Tanh', [
    decoder.node('Add', [
      embedded,
      decoder.node('Mul', [memory, decoder.constant('half', [1], Float32Array.of(0.5))]),
    ]),
  ]);
  decoder.named(decoder.transpose(next), 'outputs', float32, ['N', HIDDEN, 'U']);
  decoder.named(targetLength, 'prednet_lengths', int32, ['N']);
  decoder.named(next, 'states', float32, [1, 'N', HIDDEN]);
  decoder.named(other, 'states.3', float32, [1, 'N', HIDDEN]);

  const joiner = new RandomGraph(seed + 2);
  const heard = joiner.input('encoder_outputs', float32, ['N', HIDDEN, 1]);
  const said = joiner.input('decoder_outputs', float32, ['N', HIDDEN, 1]);
  const joined = joiner.transpose(joiner.node('Tanh', [joiner.node('Add', [heard, said])]));
  const scores = joiner.scores(joined, HIDDEN, vocabulary, vocabulary - 1, 4.5);
  joiner.named(joiner.node('Unsqueeze', [scores, joiner.whole(1)]), 'outputs', float32, [
    'N',
    1,
    1,
    vocabulary,
  ]);

  return {
    encoder: encoder.build('tiny encoder', metadata),
    decoder: decoder.build('tiny decoder'),
    joiner: joiner.build('tiny joiner'),
  };
}

/** What a tiny Whisper's two graphs agree on. */
export interface WhisperShape {
  readonly vocabulary: number;
  readonly endToken: number;
  /** Tokens that are never said by themselves: languages, tasks and times. */
  readonly firstSpecial: number;
  /** Positions of text. */
  readonly context: number;
}

/** Whisper, in two graphs: one layer, whose keys and values of the speech are its frames. */
export function whisper(
  seed: number,
  { vocabulary, endToken, firstSpecial, context }: WhisperShape,
  metadata: Metadata,
): Pick<TransducerGraphs, 'encoder' | 'decoder'> {
  const encoder = new RandomGraph(seed);
  const mel = encoder.input('mel', float32, ['N', MEL_BINS, 'T']);
  const frames = encoder.transpose(encoder.subsample(mel));
  const layer = encoder.node('Unsqueeze', [frames, encoder.whole(0)]);
  for (const name of ['n_layer_cross_k', 'n_layer_cross_v'])
    encoder.named(layer, name, float32, [1, 'N', 'L', HIDDEN]);

  const decoder = new RandomGraph(seed + 1);
  const tokens = decoder.input('tokens', int64, ['N', 'U']);
  const caches = ['k', 'v'].map((part) =>
    decoder.input(`in_n_layer_self_${part}_cache`, float32, [1, 'N', context, HIDDEN]),
  );
  const [speech] = ['k', 'v'].map((part) =>
    decoder.input(`n_layer_cross_${part}`, float32, [1, 'N', 'L', HIDDEN]),
  ) as [Value, Value];
  const offset = decoder.input('offset', int64, [1]);
  const heard = decoder.node('ReduceMean', [speech, decoder.integers(0, 2)], { keepdims: 0 });
  const said = decoder.node('Gather', [decoder.random('tokens_table', [vocabulary, HIDDEN], 1), tokens]);
  const place = decoder.node('Gather', [decoder.random('places', [context, HIDDEN], 2), offset]);
  const loud = decoder.node('Mul', [heard, decoder.constant('loud', [1], Float32Array.of(6))]);
  const hidden = decoder.node('Tanh', [decoder.node('Add', [decoder.node('Add', [said, place]), loud])]);
  const scores = decoder.scores(hidden, HIDDEN, vocabulary, endToken, 0.5);
  const mute = Float32Array.from({ length: vocabulary }, (_, id) => (id >= firstSpecial ? -100 : 0));
  const spoken = decoder.node('Add', [scores, decoder.constant('mute', [vocabulary], mute)]);
  decoder.named(spoken, 'logits', float32, ['N', 'U', vocabulary]);
  for (const [i, part] of ['k', 'v'].entries())
    decoder.named(caches[i]!, `out_n_layer_self_${part}_cache`, float32, [1, 'N', context, HIDDEN]);

  return { encoder: encoder.build('tiny encoder', metadata), decoder: decoder.build('tiny decoder') };
}
