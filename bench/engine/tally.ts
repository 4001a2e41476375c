import { percentile } from '../statistics.ts';
import type { Answer, Heard } from './engines.ts';
import { audioSeconds } from './spoken-clips.ts';

/** What one engine heard in a series of clips, and what it cost. */
export class Tally<Item extends { readonly audio: Float32Array }> {
  readonly #heard = new Map<Item, Heard>();
  readonly #ms: number[] = [];
  #passes: number | null = 0;

  /** Adds a batch. */
  add(batch: readonly Item[], { heard, passes, ms }: Answer): void {
    for (const [i, item] of batch.entries()) this.#heard.set(item, heard[i]!);
    this.#ms.push(ms);
    this.#passes = passes === null || this.#passes === null ? null : this.#passes + passes;
  }

  /** What was heard in a clip that has been added. */
  heard(item: Item): Heard {
    return this.#heard.get(item)!;
  }

  /** Seconds of audio decoded in a second. */
  get audioPerSecond(): number {
    return (1000 * audioSeconds([...this.#heard.keys()])) / this.#totalMs;
  }

  /** Batches decoded. */
  get batches(): number {
    return this.#ms.length;
  }

  /** Mean time of a batch. */
  get meanMs(): number {
    return this.#totalMs / this.#ms.length;
  }

  /** What 95 of 100 batches did not exceed. */
  get p95Ms(): number {
    return percentile(this.#ms, 0.95);
  }

  /** Passes through the decoder over the tokens they yielded, end marks included; null where they are not counted. */
  get passesPerToken(): number | null {
    const steps = [...this.#heard.values()].reduce((sum, heard) => sum + heard.steps, 0);

    return this.#passes === null ? null : this.#passes / steps;
  }

  /**
   * Share of the clips, 0 to 1, in which `same` holds of what this engine and another heard; null when it cannot be
   * told of some.
   */
  share(other: Tally<Item>, same: (a: Heard, b: Heard) => boolean | null): number | null {
    const verdicts = [...this.#heard].map(([item, heard]) => same(heard, other.heard(item)));

    return verdicts.includes(null) ? null : verdicts.filter(Boolean).length / verdicts.length;
  }

  get #totalMs(): number {
    return this.#ms.reduce((sum, ms) => sum + ms, 0);
  }
}
