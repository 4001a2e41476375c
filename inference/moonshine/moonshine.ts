import { type InferenceSession, Tensor } from 'onnxruntime-node';
import type { Device } from '../device.ts';
import { Occupancy } from '../occupancy.ts';
import {
  type DecodeResult,
  type Recognizer,
  type RecognizerCapabilities,
  RecognizerError,
  SAMPLE_RATE,
  type SpeechSegment,
  validateBatch,
} from '../recognizer.ts';
import { Session } from '../session.ts';
import { moonshineCapabilities } from './capabilities.ts';
import { DecodingBatch, type DecodingMemory, type DecodingRow } from './decoding-batch.ts';
import { DraftedDecoding } from './draft.ts';
import { GreedySequence } from './greedy-sequence.ts';
import { HotWordLists } from './hot-words/hot-word-list.ts';
import { LogitsMemory } from './hot-words/logits-memory.ts';
import type { RebuiltFiles } from './moonshine-files.ts';
import { frameCount, padded } from './padding.ts';
import { END_TOKEN, VOCABULARY_SIZE } from './special-tokens.ts';
import { SpeechCache } from './speech-cache.ts';
import { TokenCache } from './token-cache.ts';
import type { Values } from './values.ts';

/** What one call holds, and leaves for another. */
interface BatchMemory extends DecodingMemory {
  readonly logits: LogitsMemory;
}

/**
 * Moonshine (Jeffries et al. 2024, "Moonshine: Speech Recognition for Live Transcription and Voice Commands") on the
 * rebuilt graphs: `rebuild/` says what they take and give. Each segment goes through the encoder by itself, which
 * gains nothing from company; all of a batch are decoded together, greedily, whatever their lengths.
 */
export class Moonshine implements Recognizer {
  readonly capabilities: RecognizerCapabilities = { ...moonshineCapabilities('rebuilt'), concurrency: 1 };
  readonly #occupancy = new Occupancy(this.capabilities.concurrency);
  readonly #encoder: Session;
  readonly #decoder: Session;
  readonly #preciseDecoder: Session;
  readonly #hotWords = new HotWordLists();
  /** Of the last batch, for the next. */
  #memory: BatchMemory | null = null;
  #closed = false;

  private constructor(encoder: Session, decoder: Session, preciseDecoder: Session) {
    this.#encoder = encoder;
    this.#decoder = decoder;
    this.#preciseDecoder = preciseDecoder;
  }

  /** @throws when a file is missing, is no such graph, or the device cannot be had. */
  static async load(files: RebuiltFiles, device: Device): Promise<Moonshine> {
    const encoder = await Session.load(files.encoder, device);
    const decoder = await Session.load(files.decoder, device);
    const preciseDecoder = await Session.load(files.preciseDecoder, device);

    return new Moonshine(encoder, decoder, preciseDecoder);
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

  async #decode(segments: readonly SpeechSegment[]): Promise<DecodeResult> {
    const startedAt = performance.now();
    // Calls at the same time each take memory of their own, and the last one to end leaves it for the next.
    const memory = this.#memory ?? {
      speech: new SpeechCache(),
      tokens: new TokenCache(),
      logits: new LogitsMemory(),
    };
    this.#memory = null;
    const rows = await this.#encode(segments, memory.speech);
    const passes = await new DecodingBatch(rows, memory, {
      decode: (feeds) => run(this.#decoder, feeds, CHOICE),
      decodeAll: (feeds) => run(this.#decoder, feeds, memory.logits.fetch(feeds)),
      decodePrecisely: (feeds) => run(this.#preciseDecoder, feeds),
    }).run();
    this.#memory = memory;
    const guesses = rows.map(({ decoding }) => decoding.guesses);

    return {
      hypotheses: rows.map(({ decoding }) => decoding.sequence.hypothesis()),
      inferenceMs: performance.now() - startedAt,
      passes,
      guessedTokens: guesses.reduce((sum, { guessed }) => sum + guessed, 0),
      acceptedTokens: guesses.reduce((sum, { accepted }) => sum + accepted, 0),
    };
  }

  /** Writes the keys and values of each segment's speech into a row of `speech`. */
  async #encode(segments: readonly SpeechSegment[], speech: SpeechCache): Promise<readonly DecodingRow[]> {
    const audio = segments.map(({ samples }) => padded(samples));
    const frames = audio.map(({ length }) => frameCount(length));
    speech.open(segments.length, Math.max(...frames));
    const paddedFrames = new Tensor('int64', BigInt64Array.of(BigInt(speech.frames)), [1]);
    for (const [i, samples] of audio.entries()) {
      const feeds = {
        samples: new Tensor('float32', samples, [1, samples.length]),
        padded_frames: paddedFrames,
      };
      await this.#encoder.run(feeds, speech.row(i));
    }

    return segments.map(({ samples, draft = [], hotWords }, i) => {
      const sequence = new GreedySequence(samples.length / SAMPLE_RATE);

      return {
        decoding: new DraftedDecoding(sequence, usableDraft(draft, sequence.tokenLimit)),
        frames: frames[i]!,
        words: hotWords ? this.#hotWords.get(hotWords) : [],
      };
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#occupancy.close();
    await this.#encoder.release();
    await this.#decoder.release();
    await this.#preciseDecoder.release();
  }
}

/** What the decoder gives for choosing tokens: all but the scores of the whole vocabulary. */
const CHOICE = ['scores', 'candidates', 'probabilities', 'fresh'];

function run(session: Session, feeds: Values, outputs?: InferenceSession.FetchesType): Promise<Values> {
  // All outputs are tensors.
  return session.run(feeds, outputs) as Promise<Values>;
}

/** A draft as far as the model has such tokens and the audio can hold them: it comes from outside. */
function usableDraft(draft: readonly number[], limit: number): readonly number[] {
  const isToken = (token: number) => Number.isInteger(token) && token > END_TOKEN && token < VOCABULARY_SIZE;

  return draft.slice(0, limit).filter(isToken);
}
