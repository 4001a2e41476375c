/** A word or phrase that is likely to be said, and whose spelling matters. */
export interface HotWord {
  /** As it is to be written, in any script. */
  readonly text: string;
  /** How much it is preferred, 1 being the usual; above 0. */
  readonly weight: number;
}

/** The hot words of a stream. */
export interface HotWords {
  /** The same for the same words and weights: what a recogniser makes of them may be kept under it. */
  readonly key: string;
  /** At least one. On a thread of the pool they are unpacked when this is read: read it once for each key. */
  readonly words: readonly HotWord[];
}

/** A stretch of one stream's speech, cut out for the model. */
export interface SpeechSegment {
  /**
   * Mono PCM at 16 kHz, in [-1, 1]. The callee reads it and nobody writes to it until `decode` has settled; from then
   * on the callee has let go of it. In a `SharedArrayBuffer` it is handed to a thread as it is; otherwise it is copied
   * there, with all of the buffer it lies in. A model in the calling thread takes an `ArrayBuffer` only.
   */
  readonly samples: Float32Array;
  /** BCP 47 tag, or null for the model's own choice. */
  readonly language: string | null;
  /**
   * Tokens of an earlier hypothesis of this speech. A recogniser may try them first; what comes out is the same with
   * any draft or none.
   */
  readonly draft?: readonly number[];
  /** Heard rather than what sounds alike. Not looked at by a recogniser whose `hotWords` is false. */
  readonly hotWords?: HotWords;
}

/** A word, or a character of a script without spaces, and when it was said. */
export interface SpokenWord {
  /** With the punctuation behind it. */
  readonly text: string;
  /** In milliseconds since the segment's beginning. */
  readonly startMs: number;
  readonly endMs: number;
  /** How sure the model is, from 0 to 1; left out where it does not tell. */
  readonly confidence?: number;
}

/** How somebody speaks. */
export type Emotion = 'happy' | 'sad' | 'angry' | 'neutral' | 'fearful' | 'disgusted' | 'surprised';

/** What is to be heard. */
export type SoundEvent =
  | 'speech'
  | 'noise'
  | 'music'
  | 'singing'
  | 'applause'
  | 'laughter'
  | 'crying'
  | 'sneeze'
  | 'breath'
  | 'cough';

/** What the model heard in one segment. Fields that may be missing are those not every model gives. */
export interface Hypothesis {
  readonly text: string;
  /** Token ids behind `text`, without begin and end marks: the next snapshot's draft. */
  readonly tokens: readonly number[];
  /** Mean natural-log probability per token, at most 0; null where the model gives none. */
  readonly meanLogProb: number | null;
  /** Why decoding was stopped before the model ended by itself, or null. */
  readonly cut: 'repetition' | 'length' | null;
  /** In their order, all of the text but its spaces. */
  readonly words?: readonly SpokenWord[];
  /** BCP 47 tag of the language it was heard in. */
  readonly language?: string;
  readonly emotion?: Emotion;
  readonly event?: SoundEvent;
}

/** A batch's answers and what they cost. */
export interface DecodeResult {
  /** `hypotheses[i]` answers segment `i`. */
  readonly hypotheses: readonly Hypothesis[];
  /** Time inside the model, in milliseconds, without any queue. */
  readonly inferenceMs: number;
  /** Passes through the decoder, without those that weigh a single doubtful token again; 0 where there is none. */
  readonly passes: number;
  /** Drafts' tokens that were tried, and those of them that the model agreed with. */
  readonly guessedTokens: number;
  readonly acceptedTokens: number;
}

/** What a recogniser can do, asked once. */
export interface RecognizerCapabilities {
  /** BCP 47 primary tags, or `['*']` where nobody can tell. */
  readonly languages: readonly string[];
  /** Most segments one call may hold. */
  readonly maxBatchSize: number;
  /** Longest segment it can take, in samples at 16 kHz. */
  readonly maxSegmentSamples: number;
  /** Which segments are cheaper together than apart: those of the same length, or any. */
  readonly batching: 'equal-length' | 'any';
  /** Whether a draft saves time; otherwise it is not looked at. */
  readonly drafts: boolean;
  /** Whether hot words change what is heard. */
  readonly hotWords: boolean;
  /** Whether hypotheses have `words`. */
  readonly words: boolean;
  /** Whether the text has punctuation and capitals, where its script knows them. */
  readonly punctuates: boolean;
  /** Whether numbers, dates and amounts are written in digits, where that is usual. */
  readonly writesDigits: boolean;
  /** How many batches may be decoded at once, while everything is well: `idle` says how it is now. */
  readonly concurrency: number;
}

/**
 * Speech in, text out. Implemented by each model, and by the scripted double used in tests. The threads that front models
 * are a `RecognizerPool`.
 */
export interface Recognizer {
  readonly capabilities: RecognizerCapabilities;
  /**
   * Decodes a batch of 1 to `maxBatchSize` segments.
   * @param deadlineMs how long decoding may take once it has begun; a batch that takes longer fails as `hung`. For ever
   * by default. A model in the calling thread blocks it and keeps no deadline.
   * @throws {RecognizerError} when the whole batch failed; there are no partial results.
   */
  decode(batch: readonly SpeechSegment[], deadlineMs?: number): Promise<DecodeResult>;
  /** Batches that would begin at once. Falls as soon as `decode` is called; 0 when closed. */
  readonly idle: number;
  /** Has `listener` told whenever `idle` may have grown; it takes the place of the one before. */
  onIdle(listener: () => void): void;
  /** Releases threads and sessions. Idempotent; decode() rejects afterwards. */
  close(): Promise<void>;
}

/** Why a batch failed. */
export class RecognizerError extends Error {
  override readonly name = 'RecognizerError';
  /**
   * `crashed`: the thread died. `hung`: the thread did not answer in time, and may still read what it was handed.
   * `unavailable`: no thread could be had, and the batch has not been looked at; `onIdle` tells when there is one again.
   * `failed`: the model threw. `closed`: after close(). `invalid`: a bad batch.
   */
  readonly reason: 'crashed' | 'hung' | 'unavailable' | 'failed' | 'closed' | 'invalid';

  constructor(reason: RecognizerError['reason'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** Samples per second of everything the models hear. */
export const SAMPLE_RATE = 16_000;

/**
 * Checks a batch against what a recogniser takes.
 * @throws {RecognizerError} `invalid` for an empty or too large batch or segment.
 */
export function validateBatch(batch: readonly SpeechSegment[], capabilities: RecognizerCapabilities): void {
  if (batch.length < 1 || batch.length > capabilities.maxBatchSize) {
    throw new RecognizerError(
      'invalid',
      `A batch holds 1 to ${capabilities.maxBatchSize} segments, not ${batch.length}.`,
    );
  }
  for (const { samples } of batch) {
    if (samples.length < 1 || samples.length > capabilities.maxSegmentSamples) {
      throw new RecognizerError(
        'invalid',
        `A segment holds 1 to ${capabilities.maxSegmentSamples} samples, not ${samples.length}.`,
      );
    }
  }
}
