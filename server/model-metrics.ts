import { Counter, Gauge, type Registry } from 'prom-client';
import type { BatchReport } from './stream/dispatcher.ts';

/** Memory of all models in all threads, in bytes. */
export interface ModelMemory {
  /** By which the process grew as they were loaded; batches take more. */
  readonly loaded: number;
  /** Of models that have worked. */
  readonly expected: number;
  readonly allowed: number;
}

/** Metrics by model, of which there are no more than the operator listed, and of their memory. */
export class ModelMetrics {
  readonly #batches: Counter;
  readonly #segments: Counter;
  readonly #audio: Counter;
  readonly #inference: Counter;
  readonly #memory: Gauge;
  #names: readonly string[] = [];

  constructor(registry: Registry) {
    const counter = (name: string, help: string) =>
      new Counter({ name: `roundtable_model_${name}`, help, labelNames: ['model'], registers: [registry] });
    this.#batches = counter('batches_total', 'Batches that a model has decoded.');
    this.#segments = counter('segments_total', 'Segments that a model has decoded.');
    this.#audio = counter('audio_seconds_total', 'Audio that a model has decoded.');
    this.#inference = counter('inference_seconds_total', 'Time of the threads that went into a model.');
    this.#memory = new Gauge({
      name: 'roundtable_models_memory_bytes',
      help: 'Memory of all models in all threads: by which the process grew as they were loaded, what is expected once they have worked, and what is allowed.',
      labelNames: ['figure'],
      registers: [registry],
    });
  }

  /** The models there are, by their numbers. */
  watch(names: readonly string[]): void {
    this.#names = names;
    for (const model of names)
      for (const counter of [this.#batches, this.#segments, this.#audio, this.#inference])
        counter.inc({ model }, 0);
  }

  memory(memory: ModelMemory): void {
    for (const [figure, bytes] of Object.entries(memory)) this.#memory.set({ figure }, bytes);
  }

  decoded({ model: index, segments, audioMs, inferenceMs }: BatchReport): void {
    const model = this.#names[index] ?? '';
    this.#batches.inc({ model });
    this.#segments.inc({ model }, segments);
    this.#audio.inc({ model }, audioMs / 1000);
    this.#inference.inc({ model }, inferenceMs / 1000);
  }
}
