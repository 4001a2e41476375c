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
import { DecodingBatch } from './decoding-batch.ts';
import { GreedySequence } from './greedy-sequence.ts';
import type { MoonshineFiles } from './moonshine-files.ts';
import { padded } from './padding.ts';

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
    const rows = [];
    for (const { samples } of segments) {
      const audio = padded(samples);
      const input = new Tensor('float32', audio, [1, audio.length]);
      const speech = await this.#encoder.run({ samples: input });
      rows.push({ sequence: new GreedySequence(samples.length / SAMPLE_RATE), speech });
    }
    const sequences = rows.map(({ sequence }) => sequence);
    const batch = new DecodingBatch(rows);
    while (!batch.finished) batch.accept(await this.#decoder.run(batch.feeds()));

    return {
      hypotheses: sequences.map((sequence) => sequence.hypothesis()),
      inferenceMs: performance.now() - startedAt,
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#encoder.release();
    await this.#decoder.release();
  }
}
