import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Device } from '../device.ts';
import {
  type DecodeResult,
  type Recognizer,
  type RecognizerCapabilities,
  RecognizerError,
  SAMPLE_RATE,
  type SpeechSegment,
  validateBatch,
} from '../recognizer.ts';
import { sessionOptions } from '../session-options.ts';
import { moonshineCapabilities } from './capabilities.ts';
import { DecodingBatch, type DecodingRow } from './decoding-batch.ts';
import { DraftedDecoding } from './draft.ts';
import { GreedySequence } from './greedy-sequence.ts';
import type { MoonshineFiles } from './moonshine-files.ts';
import { padded } from './padding.ts';
import type { Values } from './token-cache.ts';
import { END_TOKEN, VOCABULARY_SIZE } from './tokens.ts';

/**
 * Moonshine (Jeffries et al. 2024, "Moonshine: Speech Recognition for Live Transcription and Voice Commands") on the
 * rebuilt graphs: `rebuild/` says what they take and give. Each segment goes through the encoder by itself, which
 * gains nothing from company; all of a batch are decoded together, greedily, whatever their lengths.
 */
export class Moonshine implements Recognizer {
  readonly capabilities: RecognizerCapabilities = { ...moonshineCapabilities('rebuilt'), concurrency: 1 };
  readonly #encoder: InferenceSession;
  readonly #decoder: InferenceSession;
  #closed = false;

  private constructor(encoder: InferenceSession, decoder: InferenceSession) {
    this.#encoder = encoder;
    this.#decoder = decoder;
  }

  /** @throws when a file is missing, is no such graph, or the device cannot be had. */
  static async load(files: MoonshineFiles, device: Device): Promise<Moonshine> {
    const options = sessionOptions(device);
    const encoder = await InferenceSession.create(files.encoder, options);
    const decoder = await InferenceSession.create(files.decoder, options);

    return new Moonshine(encoder, decoder);
  }

  async decode(segments: readonly SpeechSegment[]): Promise<DecodeResult> {
    if (this.#closed) throw new RecognizerError('closed', 'The model has been closed.');
    validateBatch(segments, this.capabilities);
    const startedAt = performance.now();
    const rows: DecodingRow[] = [];
    for (const { samples, draft = [] } of segments) {
      const audio = padded(samples);
      const { shape, ...speech } = await this.#encoder.run({
        samples: new Tensor('float32', audio, [1, audio.length]),
      });
      const frames = Number((shape!.data as BigInt64Array)[1]);
      const sequence = new GreedySequence(samples.length / SAMPLE_RATE);
      const decoding = new DraftedDecoding(sequence, usableDraft(draft, sequence.tokenLimit));
      rows.push({ decoding, speech: speech as Values, frames });
    }
    const batch = new DecodingBatch(rows);
    while (!batch.finished) batch.accept(await this.#decoder.run(batch.feeds()));
    const guesses = rows.map(({ decoding }) => decoding.guesses);

    return {
      hypotheses: rows.map(({ decoding }) => decoding.sequence.hypothesis()),
      inferenceMs: performance.now() - startedAt,
      passes: batch.passes,
      guessedTokens: guesses.reduce((sum, { guessed }) => sum + guessed, 0),
      acceptedTokens: guesses.reduce((sum, { accepted }) => sum + accepted, 0),
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#encoder.release();
    await this.#decoder.release();
  }
}

/** A draft as far as the model has such tokens and the audio can hold them: it comes from outside. */
function usableDraft(draft: readonly number[], limit: number): readonly number[] {
  const isToken = (token: number) => Number.isInteger(token) && token > END_TOKEN && token < VOCABULARY_SIZE;

  return draft.slice(0, limit).filter(isToken);
}
