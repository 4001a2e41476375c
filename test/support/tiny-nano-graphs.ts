import type { Value } from '../../inference/onnx/graph-builder.ts';
import { ElementType } from '../../inference/onnx/onnx-model.ts';
import { HIDDEN, MEL_BINS, RandomGraph } from './random-graph.ts';

const { float32, int64 } = ElementType;

/** Three graphs of Fun-ASR-Nano. */
export interface NanoGraphs {
  readonly encoder_adaptor: Uint8Array;
  readonly llm: Uint8Array;
  readonly embedding: Uint8Array;
}

/** How much a tiny Fun-ASR-Nano can hold of prompt, speech and text together. */
const NANO_CONTEXT = 1024;

/**
 * Fun-ASR-Nano: an encoder of speech, the embeddings of a language model, and that with one layer, which looks back on the
 * mean of all that it was given.
 * @param words how many tokens it says, the first of all.
 */
export function funAsrNano(seed: number, vocabulary: number, endToken: number, words: number): NanoGraphs {
  const encoder = new RandomGraph(seed);
  const x = encoder.input('x', float32, [1, 'T', 7 * MEL_BINS]);
  const calm = encoder.node('Mul', [x, encoder.constant('calm', [1], Float32Array.of(0.1))]);
  const frames = encoder.node('Tanh', [encoder.project(calm, 'into', 7 * MEL_BINS, HIDDEN)]);
  encoder.named(frames, 'encoder_out', float32, [1, 'T', HIDDEN]);

  const embedding = new RandomGraph(seed + 1);
  const ids = embedding.input('input_ids', int64, [1, 'L']);
  const table = embedding.random('tokens', [vocabulary, HIDDEN], 1);
  embedding.named(embedding.node('Gather', [table, ids]), 'embeddings', float32, [1, 'L', HIDDEN]);

  const llm = new RandomGraph(seed + 2);
  const embedded = llm.input('inputs_embeds', float32, [1, 'L', HIDDEN]);
  const mask = llm.input('attention_mask', int64, [1, 'M']);
  const position = llm.input('cache_position', int64, ['L']);
  const [keys] = ['key', 'value'].map((part) =>
    llm.input(`cache_${part}_0`, float32, [1, NANO_CONTEXT, 1, HIDDEN]),
  ) as [Value, Value];
  const past = llm.node('ReduceSum', [keys, llm.integers(1, 2)], { keepdims: 0 });
  const count = llm.node('Cast', [llm.node('ReduceSum', [mask])], { to: float32 });
  const mean = llm.node('Mul', [
    llm.node('Div', [past, count]),
    llm.constant('loud', [1], Float32Array.of(8)),
  ]);
  const place = llm.node('Cos', [llm.node('Cast', [position], { to: float32 })]);
  const swing = llm.node('Mul', [
    llm.node('Unsqueeze', [place, llm.whole(1)]),
    llm.random('swing', [1, HIDDEN], 1),
  ]);
  const hidden = llm.node('Tanh', [llm.node('Add', [llm.node('Add', [embedded, mean]), swing])]);
  const scores = llm.scores(hidden, HIDDEN, vocabulary, endToken, 1);
  const mute = Float32Array.from({ length: vocabulary }, (_, id) =>
    id < words || id === endToken ? 0 : -100,
  );
  const spoken = llm.node('Add', [scores, llm.constant('mute', [vocabulary], mute)]);
  llm.named(spoken, 'logits', float32, [1, 'L', vocabulary]);
  const deltas = llm.node('Unsqueeze', [embedded, llm.whole(2)]);
  for (const part of ['key', 'value']) llm.named(deltas, `${part}_delta_0`, float32, [1, 'L', 1, HIDDEN]);

  return {
    encoder_adaptor: encoder.build('tiny encoder', {
      ...{ lfr_window_size: '7', lfr_window_shift: '6', llm_dim: String(HIDDEN), model_type: 'funasr_nano' },
    }),
    embedding: embedding.build('tiny embeddings', { hidden_size: String(HIDDEN) }),
    llm: llm.build('tiny language model', {
      ...{ model_type: 'qwen3_kv_delta', vocab_size: String(vocabulary), hidden_size: String(HIDDEN) },
      ...{ num_layers: '1', max_total_len: String(NANO_CONTEXT) },
    }),
  };
}
