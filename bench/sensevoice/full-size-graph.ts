import { GraphBuilder, type Value } from '../../inference/onnx/graph-builder.ts';
import { ElementType } from '../../inference/onnx/onnx-model.ts';

/** SenseVoiceSmall's sizes (`config.yaml` of its publication). */
const FEATURES = 560;
const HIDDEN = 512;
const HEADS = 4;
const FEED_FORWARD = 2048;
const MEMORY_FRAMES = 11;
const LAYERS = 50 + 20;
const VOCABULARY = 25_055;
/** Of the embedding that queries are looked up in. */
const QUERIES = 16;
/** Of pseudo-random bytes that weights are cut from, again and again. A prime, so that no two products are alike. */
const NOISE_BYTES = 1_048_573;

/**
 * A graph of SenseVoiceSmall's size and operations, as its published export in bytes has them, with random weights: 70 layers of
 * attention and memory blocks (Gao et al. 2020, "SAN-M: Memory Equipped Self-Attention for End-to-End Speech Recognition"). What
 * it hears is noise; what it costs is what the real one does. Inputs, outputs and metadata are those of sherpa-onnx' export.
 */
export function fullSizeSenseVoice(): Uint8Array {
  const graph = new FullSizeGraph();
  const x = graph.input('x', ElementType.float32, ['N', 'T', FEATURES]);
  graph.input('x_length', ElementType.int32, ['N']);
  const queries = ['language', 'text_norm'].map((name) => graph.query(name));
  let hidden = graph.node('Concat', [...queries, ...queries, x], { axis: 1 });
  for (let layer = 0; layer < LAYERS; layer++) hidden = graph.layer(hidden, layer);
  graph.output('logits', ElementType.float32, ['N', 'L', VOCABULARY]);
  const last = graph.normalise(hidden, 'last', HIDDEN);
  graph.node('Identity', [graph.product(last, 'vocabulary', HIDDEN, VOCABULARY)], {}, 'logits');

  return graph.build('SenseVoiceSmall with random weights', METADATA);
}

/** A line for each token, as sherpa-onnx writes them. */
export function fullSizeTokens(): string {
  const pieces = ['<unk>', '<s>', '</s>'];
  for (let id = pieces.length; id < VOCABULARY; id++) pieces.push(id % 3 === 0 ? `▁w${id}` : `p${id}`);

  return pieces.map((piece, id) => `${piece} ${id}\n`).join('');
}

const METADATA: Readonly<Record<string, string>> = {
  ...{ model_type: 'sense_voice_ctc', version: '1', comment: 'iic/SenseVoiceSmall', maintainer: 'k2-fsa' },
  ...{ vocab_size: String(VOCABULARY), lfr_window_size: '7', lfr_window_shift: '6', normalize_samples: '0' },
  ...{ lang_auto: '0', lang_zh: '3', lang_en: '4', lang_yue: '7', lang_ja: '11', lang_ko: '12' },
  ...{ lang_nospeech: '13', with_itn: '14', without_itn: '15' },
  neg_mean: new Array(FEATURES).fill('-8.3').join(','),
  inv_stddev: new Array(FEATURES).fill('0.16').join(','),
};

class FullSizeGraph extends GraphBuilder {
  readonly #noise = noise();
  #at = 0;

  /** The embedding of one query of each row: `[N, 1, 560]`. */
  query(name: string): Value {
    const index = this.node('Unsqueeze', [
      this.node('Cast', [this.input(name, ElementType.int32, ['N'])], { to: ElementType.int64 }),
      this.constant('axis_1', [1], BigInt64Array.of(1n)),
    ]);
    const table = this.constant('embedding', [QUERIES, FEATURES], this.#floats(QUERIES * FEATURES, 1));

    return this.node('Gather', [table, index], { axis: 0 });
  }

  /** Attention with a memory of neighbouring frames, then two products; each added to what it comes from. */
  layer(x: Value, layer: number): Value {
    const name = (part: string) => `layer_${layer}_${part}`;
    const width = layer === 0 ? FEATURES : HIDDEN;
    const mixed = this.product(this.normalise(x, name('norm_1'), width), name('mix'), width, 3 * HIDDEN);
    const [query, key, value] = this.split(mixed, [HIDDEN, HIDDEN, HIDDEN]) as [Value, Value, Value];
    const attended = this.product(this.#attend(query, key, value), name('attended'), HIDDEN, HIDDEN);
    const remembered = this.node('Add', [attended, this.#remember(value, name('memory'))]);
    // The first layer changes the width.
    const first = layer === 0 ? remembered : this.node('Add', [x, remembered]);
    const inner = this.product(
      this.normalise(first, name('norm_2'), HIDDEN),
      name('in'),
      HIDDEN,
      FEED_FORWARD,
    );
    const outer = this.product(this.node('Relu', [inner]), name('out'), FEED_FORWARD, HIDDEN);

    return this.node('Add', [first, outer]);
  }

  normalise(x: Value, name: string, width: number): Value {
    const scale = this.constant(`${name}_scale`, [width], new Float32Array(width).fill(1));
    const shift = this.constant(`${name}_shift`, [width], new Float32Array(width));

    return this.node('LayerNormalization', [x, scale, shift], { axis: -1 });
  }

  /** In bytes, as dynamic quantisation has it. */
  product(x: Value, name: string, from: number, to: number): Value {
    const weights = this.constant(`${name}_weights`, [from, to], this.#bytes(from * to));
    const scale = this.constant(`${name}_scale`, [], Float32Array.of(1 / (74 * Math.sqrt(from))));
    const zero = this.constant('zero_point', [], Uint8Array.of(128));
    const bias = this.constant(`${name}_bias`, [to], this.#floats(to, 0.1));

    return this.contrib('DynamicQuantizeMatMul', [x, weights, scale, zero, bias], {})[0]!;
  }

  #attend(query: Value, key: Value, value: Value): Value {
    const heads = (x: Value, perm: readonly number[]) =>
      this.node('Transpose', [this.node('Reshape', [x, this.integers(0, 0, HEADS, HIDDEN / HEADS)])], {
        perm,
      });
    const root = this.constant('root', [1], Float32Array.of(Math.sqrt(HEADS / HIDDEN)));
    const scores = this.node('MatMul', [
      this.node('Mul', [heads(query, [0, 2, 1, 3]), root]),
      heads(key, [0, 2, 3, 1]),
    ]);
    const weights = this.node('Softmax', [scores], { axis: -1 });
    const context = this.node('MatMul', [weights, heads(value, [0, 2, 1, 3])]);

    return this.node('Reshape', [
      this.node('Transpose', [context], { perm: [0, 2, 1, 3] }),
      this.integers(0, 0, HIDDEN),
    ]);
  }

  #remember(value: Value, name: string): Value {
    const weights = this.constant(
      name,
      [HIDDEN, 1, MEMORY_FRAMES],
      this.#floats(HIDDEN * MEMORY_FRAMES, 0.2),
    );
    const around = (MEMORY_FRAMES - 1) / 2;
    const mixed = this.node('Conv', [this.node('Transpose', [value], { perm: [0, 2, 1] }), weights], {
      ...{ group: HIDDEN, kernel_shape: [MEMORY_FRAMES], pads: [around, around] },
    });

    return this.node('Add', [value, this.node('Transpose', [mixed], { perm: [0, 2, 1] })]);
  }

  #bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let done = 0; done < count; ) {
      const part = this.#noise.subarray(this.#at, this.#at + count - done);
      bytes.set(part, done);
      done += part.length;
      this.#at = (this.#at + part.length) % NOISE_BYTES;
    }

    return bytes;
  }

  /** Between -scale and scale. */
  #floats(count: number, scale: number): Float32Array {
    return Float32Array.from(this.#bytes(count), (byte) => ((byte - 127.5) / 127.5) * scale);
  }
}

/** From xorshift32, the same on every machine. */
function noise(): Uint8Array {
  let state = 20_261_122;

  return Uint8Array.from({ length: NOISE_BYTES }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;

    return state >>> 24;
  });
}
