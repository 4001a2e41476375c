import { Counter, Histogram, type Registry } from 'prom-client';
import type { CaptionTiming } from '../client-sdk/protocol.ts';
import type { CaptionType } from './net/speaker-services.ts';
import type { CaptionSteps } from './stream/caption-stability.ts';
import { ON_TIME_MS } from './stream/captioner.ts';

/** Parts of a caption's time as they are labelled. */
const PARTS = [
  ['audio-wait', 'audioWaitMs'],
  ['queue-wait', 'queueWaitMs'],
  ['batch-wait', 'batchWaitMs'],
  ['inference', 'inferenceMs'],
  ['send-wait', 'sendWaitMs'],
] as const satisfies readonly (readonly [string, keyof CaptionTiming])[];
const TYPES: readonly CaptionType[] = ['partial', 'final', 'background', 'lost'];

/** Metrics of what clients get: how many captions, and where their time went. */
export class CaptionMetrics {
  readonly #captions: Counter;
  readonly #time: Histogram;
  readonly #late: Counter;
  readonly #erasedWords: Counter;
  readonly #finalWords: Counter;
  readonly #stable: Histogram;

  /** @param buckets of the time of captions, in seconds. */
  constructor(registry: Registry, buckets: readonly number[]) {
    const registers = [registry];
    this.#captions = new Counter({
      name: 'roundtable_captions_total',
      help: 'Captions sent, and segments lost; background are the finals of streams sent faster than they are spoken.',
      labelNames: ['type'],
      registers,
    });
    this.#time = new Histogram({
      name: 'roundtable_caption_seconds',
      help: 'Where the time of captions went, from the arrival of their newest audio on, by part; total is the sum.',
      labelNames: ['type', 'part'],
      buckets: [...buckets],
      registers,
    });
    this.#late = new Counter({
      name: 'roundtable_late_captions_total',
      help: 'Captions handed to the socket more than 1.2 s after the arrival of their newest audio.',
      labelNames: ['type'],
      registers,
    });
    this.#erasedWords = new Counter({
      name: 'roundtable_erased_words_total',
      help: 'Words of partials that the next one of the caption, or its final, did not begin with.',
      registers,
    });
    this.#finalWords = new Counter({
      name: 'roundtable_final_words_total',
      help: 'Words of the finals of these captions.',
      registers,
    });
    this.#stable = new Histogram({
      name: 'roundtable_word_stable_seconds',
      help: 'From the moment a word was spoken until it was shown and no longer changed, as far as segments tell.',
      buckets: [0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24],
      registers,
    });
    for (const type of TYPES) this.#captions.inc({ type }, 0);
  }

  /** @param timing null where the caption is lost. */
  caption(type: CaptionType, timing: CaptionTiming | null): void {
    this.#captions.inc({ type });
    if (!timing) return;
    let totalMs = 0;
    for (const [part, key] of PARTS) {
      totalMs += timing[key];
      this.#time.observe({ type, part }, timing[key] / 1000);
    }
    this.#time.observe({ type, part: 'total' }, totalMs / 1000);
    if (totalMs > ON_TIME_MS && type !== 'background') this.#late.inc({ type });
  }

  /** How a final came to stand. */
  steps({ erasedWords, words, stableAfterMs }: CaptionSteps): void {
    this.#erasedWords.inc(erasedWords);
    this.#finalWords.inc(words);
    for (const ms of stableAfterMs) this.#stable.observe(ms / 1000);
  }
}
