import { type InferenceSession, Tensor } from 'onnxruntime-node';
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
import { HEAD_SIZE, HEADS, LAYERS } from './dimensions.ts';
import { GreedySequence } from './greedy-sequence.ts';
import type { MoonshineFiles } from './moonshine-files.ts';
import { MIN_SAMPLES } from './padding.ts';
import { END_TOKEN, START_TOKEN } from './special-tokens.ts';

type Feeds = Record<string, Tensor>;

/**
 * Moonshine (Jeffries et al. 2024, "Moonshine: Speech Recognition for Live Transcription and Voice Commands") on
 * onnxruntime, as exported with a merged decoder: encoder `input_values [batch, samples]` → `last_hidden_state
 * [batch, frames, 288]`; decoder with a key-value cache `[batch, 8, positions, 36]` per layer, whose first pass
 * also yields the encoder's keys and values for all later ones. Greedy.
 *
 * The graphs take no attention mask, so only segments of equal length share a pass; others in the same batch follow
 * one after another.
 */
export class ShippedMoonshine implements Recognizer {
  readonly capabilities: RecognizerCapabilities = { ...moonshineCapabilities('shipped'), concurrency: 1 };
  readonly #occupancy = new Occupancy(this.capabilities.concurrency);
  readonly #encoder: Session;
  readonly #decoder: Session;
  /** In the present call. */
  #passes = 0;
  #closed = false;

  private constructor(encoder: Session, decoder: Session) {
    this.#encoder = encoder;
    this.#decoder = decoder;
  }

  /** @throws when a file is missing, is no such graph, or the device cannot be had. */
  static async load(files: MoonshineFiles, device: Device): Promise<ShippedMoonshine> {
    const encoder = await Session.load(files.encoder, device);
    const decoder = await Session.load(files.decoder, device);

    return new ShippedMoonshine(encoder, decoder);
  }

  get idle(): number {
    return this.#occupancy.idle;
  }

  onIdle(listener: () => void): void {
    this.#occupancy.onIdle(listener);
  }

  async decode(batch: readonly SpeechSegment[]): Promise<DecodeResult> {
    if (this.#closed) throw new RecognizerError('closed', 'The model has been closed.');
    validateBatch(batch, this.capabilities);

    return this.#occupancy.run(() => this.#decode(batch));
  }

  async #decode(batch: readonly SpeechSegment[]): Promise<DecodeResult> {
    const startedAt = performance.now();
    this.#passes = 0;
    const hypotheses = new Array<Hypothesis>(batch.length);
    for (const indexes of groupByLength(batch)) {
      const samples = indexes.map((index) => batch[index]!.samples);
      const decoded = await this.#decodeEqualLengths(samples);
      for (const [i, index] of indexes.entries()) hypotheses[index] = decoded[i]!;
    }

    return {
      hypotheses,
      inferenceMs: performance.now() - startedAt,
      passes: this.#passes,
      guessedTokens: 0,
      acceptedTokens: 0,
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#occupancy.close();
    await this.#encoder.release();
    await this.#decoder.release();
  }

  async #decodeEqualLengths(rows: readonly Float32Array[]): Promise<readonly Hypothesis[]> {
    const sequences = rows.map((row) => new GreedySequence(row.length / SAMPLE_RATE));
    const states = await this.#encode(rows);
    let pass = await this.#decoder.run(firstFeeds(states, rows.length));
    const encoderCache = pickEncoderCache(pass);
    for (;;) {
      this.#passes++;
      advance(sequences, pass.logits as Tensor);
      if (sequences.every((sequence) => sequence.finished)) break;
      pass = await this.#decoder.run(nextFeeds(sequences, states, pass, encoderCache), STEP_OUTPUTS);
    }

    return sequences.map((sequence) => sequence.hypothesis());
  }

  async #encode(rows: readonly Float32Array[]): Promise<Tensor> {
    const samples = Math.max(rows[0]!.length, MIN_SAMPLES);
    const input = new Float32Array(rows.length * samples);
    for (const [i, row] of rows.entries()) input.set(row, i * samples);
    const { last_hidden_state } = await this.#encoder.run({
      input_values: new Tensor('float32', input, [rows.length, samples]),
    });

    return last_hidden_state as Tensor;
  }
}

/** Indexes of segments that may share a pass. */
function groupByLength(batch: readonly SpeechSegment[]): Iterable<number[]> {
  const groups = new Map<number, number[]>();
  for (const [index, { samples }] of batch.entries()) {
    const group = groups.get(samples.length);
    if (group) group.push(index);
    else groups.set(samples.length, [index]);
  }

  return groups.values();
}

const CACHE_NAMES = Array.from({ length: LAYERS }, (_, layer) =>
  ['key', 'value'].map((part) => ({ layer, part })),
).flat();
/** After the first pass the encoder's cache is known: fetching it again would copy it for every token. */
const STEP_OUTPUTS = ['logits', ...CACHE_NAMES.map(({ layer, part }) => `present.${layer}.decoder.${part}`)];

function firstFeeds(states: Tensor, rows: number): Feeds {
  const feeds: Feeds = {
    input_ids: tokenTensor(new Array<number>(rows).fill(START_TOKEN)),
    encoder_hidden_states: states,
    use_cache_branch: new Tensor('bool', [false], [1]),
  };
  for (const { layer, part } of CACHE_NAMES) {
    for (const side of ['decoder', 'encoder']) {
      feeds[`past_key_values.${layer}.${side}.${part}`] = new Tensor('float32', new Float32Array(0), [
        rows,
        HEADS,
        0,
        HEAD_SIZE,
      ]);
    }
  }

  return feeds;
}

function nextFeeds(
  sequences: readonly GreedySequence[],
  states: Tensor,
  pass: InferenceSession.OnnxValueMapType,
  encoderCache: Feeds,
): Feeds {
  const feeds: Feeds = {
    ...encoderCache,
    // A finished row is carried along with end marks until the others are done.
    input_ids: tokenTensor(sequences.map((sequence) => (sequence.finished ? END_TOKEN : sequence.lastToken))),
    encoder_hidden_states: states,
    use_cache_branch: new Tensor('bool', [true], [1]),
  };
  for (const { layer, part } of CACHE_NAMES) {
    feeds[`past_key_values.${layer}.decoder.${part}`] = pass[`present.${layer}.decoder.${part}`] as Tensor;
  }

  return feeds;
}

function pickEncoderCache(pass: InferenceSession.OnnxValueMapType): Feeds {
  return Object.fromEntries(
    CACHE_NAMES.map(({ layer, part }) => [
      `past_key_values.${layer}.encoder.${part}`,
      pass[`present.${layer}.encoder.${part}`] as Tensor,
    ]),
  );
}

function tokenTensor(tokens: readonly number[]): Tensor {
  return new Tensor('int64', BigInt64Array.from(tokens, BigInt), [tokens.length, 1]);
}

/** Feeds each row of `logits [batch, 1, vocabulary]` to its sequence. */
function advance(sequences: readonly GreedySequence[], logits: Tensor): void {
  const values = logits.data as Float32Array;
  const vocabulary = values.length / sequences.length;
  for (const [row, sequence] of sequences.entries()) {
    if (sequence.finished) continue;
    const scores = values.subarray(row * vocabulary, (row + 1) * vocabulary);
    const token = argmax(scores);
    sequence.accept(token, logProbOf(scores, token));
  }
}

function argmax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;

  return best;
}

/** Log-softmax at the maximum `index`: exact, and safe from overflow because no exponent is above 0. */
function logProbOf(logits: Float32Array, index: number): number {
  const max = logits[index]!;
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i]! - max);

  return -Math.log(sum);
}
