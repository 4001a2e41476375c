import {
  filterFor,
  INTERPOLATED_PHASES,
  MAX_INPUT_RATE,
  MAX_TAPS,
  MIN_INPUT_RATE,
  OUTPUT_RATE,
  type PolyphaseFilter,
} from './polyphase-filter.ts';

export { MAX_INPUT_RATE, MIN_INPUT_RATE, OUTPUT_RATE } from './polyphase-filter.ts';

/** Input is worked off in blocks, so that the scratch memory is bounded and stays in the processor's cache. */
const BLOCK_SAMPLES = 4096;

/**
 * What is left of the previous block and the block behind it, contiguous for the inner loop. One for all streams:
 * nothing in it outlives a call.
 */
const SCRATCH = new Float32Array(MAX_TAPS + BLOCK_SAMPLES);

/**
 * Brings one stream to 16 kHz: a polyphase FIR filter with a Kaiser-windowed sinc. It is flat to 0.875 of the lower
 * Nyquist frequency (7 kHz for rates from 16 kHz up) and lets nothing through from there on, both to 75 dB.
 *
 * Output sample n is the signal at input time n / 16000 s exactly: the filter's delay is compensated, with silence
 * assumed before the first sample and after the last. The output is the same to the bit however the input is cut.
 * All calls are synchronous. Between calls a stream keeps one row of samples, about 1 KiB.
 */
export class Resampler {
  /** Null where the input is at 16 kHz already. */
  readonly #filter: PolyphaseFilter | null;
  /** The samples the next output begins with; `#held` of them are set, always fewer than a row of taps. */
  readonly #history: Float32Array;
  #held = 0;
  /** How far the next output lies behind its centre tap, in 1 / `phases` of an input sample. */
  #phase = 0;

  /**
   * @param inputRate samples per second, a whole number from 8000 to 48000.
   * @throws {RangeError} for any other rate.
   */
  constructor(inputRate: number) {
    if (!Number.isInteger(inputRate) || inputRate < MIN_INPUT_RATE || inputRate > MAX_INPUT_RATE) {
      throw new RangeError(
        `The sample rate must be a whole number from ${MIN_INPUT_RATE} to ${MAX_INPUT_RATE}, not ${inputRate}.`,
      );
    }
    this.#filter = inputRate === OUTPUT_RATE ? null : filterFor(inputRate);
    this.#history = new Float32Array(this.#filter === null ? 0 : this.#filter.taps - 1);
    this.seek(0);
  }

  /**
   * Goes on elsewhere: output sample `outputSample` is the next. What it needs of the input comes out the same to the bit as
   * if all of it had been there.
   * @returns the input sample that has to come first.
   */
  seek(outputSample: number): number {
    const filter = this.#filter;
    if (filter === null) return outputSample;
    const position = outputSample * filter.step;
    const centre = Math.floor(position / filter.phases);
    this.#phase = position - centre * filter.phases;
    const firstInput = centre - (filter.taps / 2 - 1);
    // What lies before the stream's first sample is silence.
    this.#history.fill(0);
    this.#held = Math.max(0, -firstInput);
    return Math.max(0, firstInput);
  }

  /**
   * Takes the next samples and returns every output they complete. The output trails the input by half a filter, about
   * 3 ms (6 ms at 8 kHz), until `flush`.
   *
   * @param input mono samples at the input rate; read during the call only.
   * @param lend memory for so many samples, which is returned; a fresh array when left out.
   * @returns the outputs, none where nothing is complete yet; at 16 kHz the input itself.
   */
  process(
    input: Float32Array,
    lend: (samples: number) => Float32Array = (samples) => new Float32Array(samples),
  ): Float32Array {
    const filter = this.#filter;
    if (filter === null) return input;
    const output = lend(this.#completedBy(filter, input.length));
    let written = 0;
    for (let at = 0; at < input.length; at += BLOCK_SAMPLES) {
      written = this.#block(filter, input.subarray(at, at + BLOCK_SAMPLES), output, written);
    }
    return output;
  }

  /**
   * Ends the stream: returns the outputs still owed, so that `ceil(inputSamples * 16000 / inputRate)` have been
   * returned in all, which are those that lie before the end of the input. The next `process` begins a new stream.
   */
  flush(): Float32Array {
    // Half a row of silence reaches the last output that lies before the input's end, and none after it.
    const rest = this.process(new Float32Array(this.#filter === null ? 0 : this.#filter.taps / 2));
    this.seek(0);
    return rest;
  }

  /** How many outputs have all their taps once `inputSamples` more have come. */
  #completedBy(filter: PolyphaseFilter, inputSamples: number): number {
    const lastStart = this.#held + inputSamples - filter.taps;
    return lastStart < 0 ? 0 : Math.ceil(((lastStart + 1) * filter.phases - this.#phase) / filter.step);
  }

  /** Works off one block, writing to `output` from `written` on; returns where it stopped. */
  #block(filter: PolyphaseFilter, block: Float32Array, output: Float32Array, written: number): number {
    const count = this.#completedBy(filter, block.length);
    SCRATCH.set(this.#history.subarray(0, this.#held));
    SCRATCH.set(block, this.#held);
    const end = written + count;
    const position = filter.interpolated
      ? convolveInterpolated(filter, this.#phase, output, written, end)
      : convolve(filter, this.#phase, output, written, end);
    const consumed = Math.floor(position / filter.phases);
    this.#phase = position - consumed * filter.phases;
    const available = this.#held + block.length;
    this.#history.set(SCRATCH.subarray(consumed, available));
    this.#held = available - consumed;
    return end;
  }
}

/** Fills `output` from `from` to `to`; takes and returns positions in 1 / phases of a sample into `SCRATCH`. */
function convolve(
  filter: PolyphaseFilter,
  position: number,
  output: Float32Array,
  from: number,
  to: number,
): number {
  const { phases, step, taps, rows } = filter;
  let start = 0;
  let phase = position;
  for (let n = from; n < to; n++) {
    const row = phase * taps;
    // Four sums, because one would wait for each addition before it starts the next.
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let tap = row, at = start; tap < row + taps; tap += 4, at += 4) {
      a += SCRATCH[at]! * rows[tap]!;
      b += SCRATCH[at + 1]! * rows[tap + 1]!;
      c += SCRATCH[at + 2]! * rows[tap + 2]!;
      d += SCRATCH[at + 3]! * rows[tap + 3]!;
    }
    output[n] = a + b + (c + d);
    phase += step;
    while (phase >= phases) {
      phase -= phases;
      start++;
    }
  }
  return start * phases + phase;
}

/** As `convolve`, between the two rows that the phase lies between. */
function convolveInterpolated(
  filter: PolyphaseFilter,
  position: number,
  output: Float32Array,
  from: number,
  to: number,
): number {
  const { phases, step, taps, rows } = filter;
  let start = 0;
  let phase = position;
  for (let n = from; n < to; n++) {
    const between = (phase * INTERPOLATED_PHASES) / phases;
    const lower = Math.floor(between);
    const row = lower * taps;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let tap = row, at = start; tap < row + taps; tap += 2, at += 2) {
      a += SCRATCH[at]! * rows[tap]!;
      b += SCRATCH[at + 1]! * rows[tap + 1]!;
      c += SCRATCH[at]! * rows[tap + taps]!;
      d += SCRATCH[at + 1]! * rows[tap + taps + 1]!;
    }
    output[n] = a + b + (c + d - (a + b)) * (between - lower);
    phase += step;
    while (phase >= phases) {
      phase -= phases;
      start++;
    }
  }
  return start * phases + phase;
}
