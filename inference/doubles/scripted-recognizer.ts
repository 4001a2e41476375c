import { Occupancy } from '../occupancy.ts';
import {
  type DecodeResult,
  type Hypothesis,
  type Recognizer,
  type RecognizerCapabilities,
  RecognizerError,
  type SpeechSegment,
  validateBatch,
} from '../recognizer.ts';

/** A text, with what is not told of every one. */
export type ScriptedHypothesis = Pick<Hypothesis, 'text'> & Partial<Hypothesis>;

/** What a scripted recogniser answers, and when. */
export interface ScriptedRecognizerOptions {
  /** What is heard in a segment: its text, or that and whatever else a model may tell. */
  readonly script: (segment: SpeechSegment) => string | ScriptedHypothesis;
  /** What differs from one thread that takes any eight segments of up to 30 s. */
  readonly capabilities?: Partial<RecognizerCapabilities>;
  /** Awaited before each batch is answered: the test decides when, and may reject to make it fail. */
  readonly gate?: (batch: readonly SpeechSegment[]) => Promise<void>;
}

/** Test double: a recogniser without a model, for tests of everything around one. Keeps the port's contract. */
export class ScriptedRecognizer implements Recognizer {
  readonly capabilities: RecognizerCapabilities;
  readonly #options: ScriptedRecognizerOptions;
  readonly #occupancy: Occupancy;
  #closed = false;

  constructor(options: ScriptedRecognizerOptions) {
    this.#options = options;
    this.capabilities = {
      languages: ['en'],
      maxBatchSize: 8,
      maxSegmentSamples: 480_000,
      batching: 'any',
      drafts: true,
      hotWords: false,
      words: false,
      punctuates: true,
      writesDigits: true,
      concurrency: 1,
      ...options.capabilities,
    };
    this.#occupancy = new Occupancy(this.capabilities.concurrency);
  }

  get idle(): number {
    return this.#occupancy.idle;
  }

  onIdle(listener: () => void): void {
    this.#occupancy.onIdle(listener);
  }

  async decode(batch: readonly SpeechSegment[]): Promise<DecodeResult> {
    if (this.#closed) throw new RecognizerError('closed', 'The recogniser has been closed.');
    validateBatch(batch, this.capabilities);

    return this.#occupancy.run(() => this.#decode(batch));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#occupancy.close();
  }

  async #decode(batch: readonly SpeechSegment[]): Promise<DecodeResult> {
    await this.#options.gate?.(batch);
    if (this.#closed) throw new RecognizerError('closed', 'The recogniser has been closed.');
    const hypotheses = batch.map((segment): Hypothesis => {
      const said = this.#options.script(segment);
      const told = typeof said === 'string' ? { text: said } : said;
      const tokens = Array.from(told.text, (character) => character.codePointAt(0)!);

      return { tokens, meanLogProb: -0.1, cut: null, ...told };
    });

    return { hypotheses, inferenceMs: 1, passes: 0, guessedTokens: 0, acceptedTokens: 0 };
  }
}
