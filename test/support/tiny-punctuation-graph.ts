import { ElementType } from '../../inference/onnx/onnx-model.ts';
import { RandomGraph } from './random-graph.ts';

const { float32, int32 } = ElementType;

/** Marks that a CT-Transformer chooses from, in sherpa-onnx' order. */
const MARKS = ['<unk>', '_', '，', '。', '？', '、'];

/** A CT-Transformer that puts a comma behind the first of its words, and nothing behind the others. */
export function punctuationGraph(words: readonly string[]): Uint8Array {
  const graph = new RandomGraph(1);
  const tokens = ['<unk>', ...words];
  const text = graph.input('inputs', int32, ['N', 'T']);
  graph.input('text_lengths', int32, ['N']);
  const choices = new Float32Array(tokens.length * MARKS.length);
  for (const id of tokens.keys()) choices[id * MARKS.length + (id === 1 ? 2 : 1)] = 1;
  const table = graph.constant('choices', [tokens.length, MARKS.length], choices);
  graph.named(graph.node('Gather', [table, text]), 'logits', float32, ['N', 'T', MARKS.length]);

  return graph.build('tiny CT-Transformer', {
    ...{ tokens: tokens.join('|'), vocab_size: String(tokens.length), unk_symbol: '<unk>' },
    ...{ punctuations: MARKS.join('|'), model_type: 'CT-Transformer' },
  });
}
