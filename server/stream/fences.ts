import { StreamError } from '../errors.ts';

/** Something that takes its turn when all audio before it has been through voice detection. */
export type Fence =
  | { readonly kind: 'marker'; readonly atSample: number; readonly id: number }
  | { readonly kind: 'flush' | 'stop'; readonly atSample: number };

/** A marker whose audio is being decoded: up to which revision of which segment. */
export interface WaitingMarker {
  readonly id: number;
  readonly segmentId: number;
  readonly revision: number;
}

/** One stream's fences that audio has not reached, and its markers that captions have not. Both in order. */
export class Fences {
  readonly #max: number;
  readonly #ahead: Fence[] = [];
  readonly #waiting: WaitingMarker[] = [];

  /** @param max fences and markers held at once. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Fences and markers not yet answered. */
  get size(): number {
    return this.#ahead.length + this.#waiting.length;
  }

  /** The fence that audio reaches next. */
  get next(): Fence | undefined {
    return this.#ahead[0];
  }

  /** @throws {StreamError} `too-many-fences`; a stop is always taken. */
  add(fence: Fence): void {
    if (fence.kind !== 'stop' && this.size >= this.#max) {
      throw new StreamError('too-many-fences', `At most ${this.#max} may wait.`);
    }
    this.#ahead.push(fence);
  }

  /** Takes the fence that audio has reached. */
  pass(): Fence | undefined {
    return this.#ahead.shift();
  }

  /** Has a marker wait for its captions. */
  wait(marker: WaitingMarker): void {
    this.#waiting.push(marker);
  }

  /** Takes the first waiting marker, if its captions are there. */
  answer(hasReached: (segmentId: number, revision: number) => boolean): WaitingMarker | undefined {
    const [marker] = this.#waiting;

    return marker && hasReached(marker.segmentId, marker.revision) ? this.#waiting.shift() : undefined;
  }
}
