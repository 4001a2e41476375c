import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** What is read when somebody asks for the metrics. */
export interface WatchedRecorder {
  /** Changes that wait for the store. */
  readonly queuedChanges: number;
}

/** Where a history is kept. */
export type StoreKind = 'sqlite' | 'postgres' | 'memory';

/** From a group of some captions on a good disk to thousands on a busy one. */
const SECONDS_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Metrics of how what is said gets stored. */
export class HistoryMetrics {
  readonly #writes: Counter;
  readonly #failures: Counter;
  readonly #finals: Counter;
  readonly #givenUp: Counter;
  readonly #seconds: Histogram;
  readonly #searchSeconds: Histogram;
  readonly #store: Gauge;
  #recorder: WatchedRecorder = { queuedChanges: 0 };

  constructor(registry: Registry) {
    const registers = [registry];
    const counter = (name: string, help: string) =>
      new Counter({ name: `roundtable_${name}`, help, registers });
    this.#writes = counter('history_writes_total', 'Groups of changes that were stored.');
    this.#failures = counter(
      'history_write_failures_total',
      'Groups of changes that could not be stored then.',
    );
    this.#finals = counter('stored_finals_total', 'Final captions that were stored.');
    this.#givenUp = counter(
      'history_streams_given_up_total',
      'Streams that were ended because too much waited to be stored.',
    );
    this.#seconds = new Histogram({
      name: 'roundtable_history_write_seconds',
      help: 'Time that storing a group of changes took.',
      buckets: SECONDS_BUCKETS,
      registers,
    });
    this.#searchSeconds = new Histogram({
      name: 'roundtable_history_search_seconds',
      help: 'Time that searching took.',
      buckets: SECONDS_BUCKETS,
      registers,
    });
    this.#store = new Gauge({
      name: 'roundtable_history_store_info',
      help: 'Where what is said is kept: sqlite, postgres or memory. Always 1.',
      labelNames: ['store'],
      registers,
    });
    const recorder = () => this.#recorder;
    new Gauge({
      name: 'roundtable_history_queue_changes',
      help: 'Captions and states of streams that wait to be stored.',
      registers,
      collect() {
        this.set(recorder().queuedChanges);
      },
    });
  }

  /** From here on the recorder is asked for what it knows. */
  watch(recorder: WatchedRecorder, store: StoreKind): void {
    this.#recorder = recorder;
    this.#store.set({ store }, 1);
  }

  written(finals: number, durationMs: number): void {
    this.#writes.inc();
    this.#finals.inc(finals);
    this.#seconds.observe(durationMs / 1000);
  }

  searched(durationMs: number): void {
    this.#searchSeconds.observe(durationMs / 1000);
  }

  failed(): void {
    this.#failures.inc();
  }

  gaveUp(): void {
    this.#givenUp.inc();
  }
}
