import type { DecodeResult, RecognizerCapabilities, SpeechSegment } from './recognizer.ts';

/** Several models on the same threads, each of which has all of them. A batch is of one model. */
export interface RecognizerPool {
  /** What each model can do, by its number; `concurrency` is that of all of them together. */
  readonly models: readonly RecognizerCapabilities[];
  /** How many batches may be decoded at once, of whichever models, while everything is well. */
  readonly concurrency: number;
  /**
   * Whether a hot word can be written with a model's vocabulary: one that cannot is never heard. Costs some microseconds.
   * @param model its number.
   */
  canWrite(model: number, text: string): boolean;
  /**
   * As `Recognizer.decode`, with one of the models.
   * @param model its number.
   */
  decode(model: number, batch: readonly SpeechSegment[], deadlineMs?: number): Promise<DecodeResult>;
  /**
   * Sort of the thread that would have a model's next batch, by number: where GPUs were asked for, 0 is one of which the model is
   * on a GPU and 1 one of which it is on the processor; else all are alike, and 0.
   */
  nextSort(model: number): number;
  /** How many threads there are of each sort now. */
  readonly threadsBySort: readonly number[];
  /** Batches that would begin at once. Falls as soon as `decode` is called; 0 when closed. */
  readonly idle: number;
  /** Has `listener` told whenever `idle` may have grown; it takes the place of the one before. */
  onIdle(listener: () => void): void;
  /** Releases threads and sessions. Idempotent; decode() rejects afterwards. */
  close(): Promise<void>;
}
