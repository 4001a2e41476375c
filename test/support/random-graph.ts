import { GraphBuilder, type Shape, type Value } from '../../inference/onnx/graph-builder.ts';
import type { ElementType } from '../../inference/onnx/onnx-model.ts';

/** Numbers of a frame inside. */
export const HIDDEN = 16;
/** Features of a frame. */
export const MEL_BINS = 80;
/** Feature frames for one of the encoders' outputs. */
export const SUBSAMPLING = 4;

/** A graph whose weights are pseudo-random: the same for the same seed. */
export class RandomGraph extends GraphBuilder {
  #state: number;

  constructor(seed: number) {
    super();
    this.#state = (seed * 7919) | 1;
  }

  random(name: string, shape: readonly number[], scale: number): Value {
    const count = shape.reduce((product, size) => product * size, 1);

    return this.constant(
      name,
      shape,
      Float32Array.from({ length: count }, () => scale * this.#next()),
    );
  }

  /** A product with random weights, which keeps what goes through it at about its size. */
  project(input: Value, name: string, from: number, to: number, scale = 1.7): Value {
    return this.node('MatMul', [input, this.random(name, [from, to], scale / Math.sqrt(from))]);
  }

  whole(value: number): Value {
    return this.constant(`whole_${value}`, [1], BigInt64Array.of(BigInt(value)));
  }

  named(input: Value, name: string, type: ElementType, shape: Shape): void {
    this.node('Identity', [input], {}, this.output(name, type, shape));
  }

  /** `[N, 80, T]` of log-mel features → `[N, HIDDEN, ceil(T / 4)]`. */
  subsample(features: Value): Value {
    const centred = this.node('Mul', [features, this.constant('calm', [1], Float32Array.of(0.2))]);
    const weights = this.random('convolution', [HIDDEN, MEL_BINS, 9], 0.25);
    const frames = this.node('Conv', [centred, weights], {
      ...{ kernel_shape: [9], strides: [SUBSAMPLING], pads: [4, 4] },
    });

    return this.node('Tanh', [frames]);
  }

  /** How many frames are left of so many. */
  subsampledLengths(lengths: Value): Value {
    return this.node('Div', [
      this.node('Add', [lengths, this.whole(SUBSAMPLING - 1)]),
      this.whole(SUBSAMPLING),
    ]);
  }

  transpose(input: Value): Value {
    return this.node('Transpose', [input], { perm: [0, 2, 1] });
  }

  /** Scores of each token, some of them leaned towards one. */
  scores(hidden: Value, from: number, vocabulary: number, favourite: number, by: number): Value {
    const lean = new Float32Array(vocabulary);
    lean[favourite] = by;

    return this.node('Add', [
      this.project(hidden, 'out', from, vocabulary, 6),
      this.constant('lean', [vocabulary], lean),
    ]);
  }

  #next(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;

    return (this.#state >>> 0) / 2 ** 31 - 1;
  }
}
