import type { GraphBuilder, Value } from '../../onnx/graph-builder.ts';
import { ElementType } from '../../onnx/onnx-model.ts';
import { LOOPS, MAX_PHRASE_TOKENS } from '../repetition.ts';

/** As many of the latest tokens as the longest loop has. */
const HISTORY = Math.max(...LOOPS.map(({ loopTokens }) => loopTokens));
/** Most pairs of tokens that have to be the same in one kind of loop. */
const PAIRS = Math.max(...LOOPS.map(({ phrase, loopTokens }) => loopTokens - phrase));

/** No tokens yet, `[batch, 64]`: numbers that are no tokens, each another, so that none repeats itself. */
export function freshHistory(graph: GraphBuilder, perRow: Value): Value {
  const none = BigInt64Array.from({ length: HISTORY }, (_, i) => BigInt(-1 - i));

  return graph.node('Expand', [graph.constant('no_tokens', [1, HISTORY], none), perRow]);
}

/**
 * Whether the latest tokens, `[batch, 64]`, end in a loop as `findLoop` knows them: `[batch]`. Each kind of loop is so many
 * pairs of tokens, a phrase apart, that are the same; all of all kinds are compared at once.
 */
export function endsInLoop(graph: GraphBuilder, history: Value): Value {
  const [earlier, later] = pairsOf();
  const at = (name: string, positions: readonly number[]) => {
    const indexes = graph.constant(name, [positions.length], BigInt64Array.from(positions, BigInt));

    return graph.node('Gather', [history, indexes], { axis: 1 });
  };
  const compared = graph.node('Equal', [at('loop_earlier', earlier), at('loop_later', later)]);
  const same = graph.cast(compared, ElementType.float32);
  const byKind = graph.node('Reshape', [same, graph.integers(0, MAX_PHRASE_TOKENS, PAIRS)]);
  const whole = graph.node('ReduceMin', [byKind, graph.integers(2)], { keepdims: 0 });
  const any = graph.node('ReduceMax', [whole, graph.integers(1)], { keepdims: 0 });

  return graph.node('Greater', [any, graph.part('repetition', ElementType.float32, () => graph.number(0.5))]);
}

/** Positions to be compared, kind by kind. Where a kind has fewer pairs, a token is compared with itself. */
function pairsOf(): readonly [readonly number[], readonly number[]] {
  const earlier: number[] = [];
  const later: number[] = [];
  for (const { phrase, loopTokens } of LOOPS) {
    const start = HISTORY - loopTokens;
    for (let i = 0; i < PAIRS; i++) {
      const exists = i < loopTokens - phrase;
      earlier.push(exists ? start + i : 0);
      later.push(exists ? start + i + phrase : 0);
    }
  }

  return [earlier, later];
}
