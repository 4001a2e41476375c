import { Counter, Gauge, type Registry } from 'prom-client';
import { SAMPLE_RATE } from '../inference/recognizer.ts';
import type { AudioBooks } from './stream/audio-books.ts';

interface SampleTotals {
  received: number;
  transcribed: number;
  silence: number;
  dropped: number;
  resent: number;
}

/** Metrics of what became of all audio, and whether the books of the streams balance. */
export class BookMetrics {
  /** Samples of closed streams. */
  readonly #closed: SampleTotals = { received: 0, transcribed: 0, silence: 0, dropped: 0, resent: 0 };
  /** Summed without signs: what one stream lost does not make up for what another counted twice. */
  #imbalanceSamples = 0;

  /** @param openBooks those of the streams that are open now. */
  constructor(registry: Registry, openBooks: () => Iterable<AudioBooks>) {
    const registers = [registry];
    const closed = this.#closed;
    new Counter({
      name: 'roundtable_audio_seconds_total',
      help: 'Audio of all streams, open and closed, by what became of it.',
      labelNames: ['fate'],
      registers,
      collect() {
        const sum = { ...closed };
        for (const books of openBooks()) add(sum, books);
        this.reset();
        for (const [fate, samples] of Object.entries(sum)) this.inc({ fate }, samples / SAMPLE_RATE);
      },
    });
    const imbalance = () => this.#imbalanceSamples;
    new Gauge({
      name: 'roundtable_books_imbalance_samples',
      help: 'Audio of closed streams that is accounted for nowhere, or twice; has to be 0.',
      registers,
      collect() {
        this.set(imbalance());
      },
    });
  }

  /** Adds a closed stream's books, which are complete. */
  streamClosed(books: AudioBooks): void {
    add(this.#closed, books);
    const { receivedSamples, transcribedSamples, silenceSamples, droppedSamples, resentSamples } = books;
    this.#imbalanceSamples += Math.abs(
      receivedSamples - transcribedSamples - silenceSamples - droppedSamples - resentSamples,
    );
  }
}

/** What these books are opened with was counted before. */
function add(totals: SampleTotals, books: AudioBooks): void {
  const { transcribedSamples, silenceSamples, droppedSamples } = books.before;
  totals.received += books.receivedSamples - transcribedSamples - silenceSamples - droppedSamples;
  totals.transcribed += books.transcribedSamples - transcribedSamples;
  totals.silence += books.silenceSamples - silenceSamples;
  totals.dropped += books.droppedSamples - droppedSamples;
  totals.resent += books.resentSamples;
}
