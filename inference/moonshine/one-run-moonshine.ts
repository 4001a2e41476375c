import { Tensor } from 'onnxruntime-node';
import type { Device } from '../device.ts';
import { Occupancy } from '../occupancy.ts';
import {
  type DecodeResult,
  type Hypothesis,
  type Recognizer,
  type RecognizerCapabilities,
  RecognizerError,
  SAMPLE_RATE,
  type SpeechSegment,
  validateBatch,
} from '../recognizer.ts';
import { Session } from '../session.ts';
import { moonshineCapabilities } from './capabilities.ts';
import { GreedySequence } from './greedy-sequence.ts';
import type { OneRunFiles } from './moonshine-files.ts';
import { MIN_SAMPLES, paddedSamples } from './padding.ts';
import { shareRuns } from './share-runs.ts';

/**
 * Moonshine on the graph that is one run a batch, for devices that every run has to bring its inputs to and its outputs
 * back from: `rebuild/one-run-graph.ts`. Rows are padded to the longest of their run, which changes nothing of them.
 */
export class OneRunMoonshine implements Recognizer {
  readonly capabilities: RecognizerCapabilities = { ...moonshineCapabilities('one-run'), concurrency: 1 };
  readonly #occupancy = new Occupancy(this.capabilities.concurrency);
  readonly #session: Session;
  #closed = false;

  private constructor(session: Session) {
    this.#session = session;
  }

  /** @throws when the file is missing, is no such graph, or the device cannot be had. */
  static async load({ model }: OneRunFiles, device: Device): Promise<OneRunMoonshine> {
    return new OneRunMoonshine(await Session.load(model, device));
  }

  get idle(): number {
    return this.#occupancy.idle;
  }

  onIdle(listener: () => void): void {
    this.#occupancy.onIdle(listener);
  }

  async decode(segments: readonly SpeechSegment[]): Promise<DecodeResult> {
    if (this.#closed) throw new RecognizerError('closed', 'The model has been closed.');
    validateBatch(segments, this.capabilities);

    return this.#occupancy.run(() => this.#decode(segments));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#occupancy.close();
    await this.#session.release();
  }

  async #decode(segments: readonly SpeechSegment[]): Promise<DecodeResult> {
    const startedAt = performance.now();
    const hypotheses = new Array<Hypothesis>(segments.length);
    let passes = 0;
    for (const indexes of shareRuns(segments.map(({ samples }) => samples.length))) {
      const rows = indexes.map((index) => segments[index]!.samples);
      const { heard, turns } = await this.#run(rows);
      for (const [i, index] of indexes.entries()) hypotheses[index] = heard[i]!;
      passes += turns;
    }
    const inferenceMs = performance.now() - startedAt;

    return { hypotheses, inferenceMs, passes, guessedTokens: 0, acceptedTokens: 0 };
  }

  async #run(
    rows: readonly Float32Array[],
  ): Promise<{ readonly heard: readonly Hypothesis[]; readonly turns: number }> {
    const sequences = rows.map(({ length }) => new GreedySequence(length / SAMPLE_RATE));
    const limits = sequences.map(({ tokenLimit }) => tokenLimit);
    const width = paddedSamples(Math.max(...rows.map(({ length }) => length)));
    const samples = new Float32Array(rows.length * width);
    for (const [i, row] of rows.entries()) samples.set(row, i * width);
    const { tokens, log_probs } = await this.#session.run({
      samples: new Tensor('float32', samples, [rows.length, width]),
      lengths: wholeNumbers(rows.map(({ length }) => Math.max(length, MIN_SAMPLES))),
      limits: wholeNumbers(limits),
      turns: new Tensor('int64', BigInt64Array.of(BigInt(Math.max(...limits))), []),
    });
    const turns = (tokens as Tensor).dims[1]!;
    const chosen = (tokens as Tensor).data as BigInt64Array;
    const logProbs = (log_probs as Tensor).data as Float32Array;
    for (const [row, sequence] of sequences.entries()) {
      // It knows where a row ends; what the graph says behind that means nothing.
      for (let turn = row * turns; !sequence.finished && turn < (row + 1) * turns; turn++) {
        sequence.accept(Number(chosen[turn]), logProbs[turn]!);
      }
    }

    return { heard: sequences.map((sequence) => sequence.hypothesis()), turns };
  }
}

function wholeNumbers(numbers: readonly number[]): Tensor {
  return new Tensor('int64', BigInt64Array.from(numbers, BigInt), [numbers.length]);
}
