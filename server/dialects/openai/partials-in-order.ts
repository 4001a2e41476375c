import type { PartialMessage } from '../../../client-sdk/protocol.ts';

interface Open {
  readonly startMs: number;
  /** The newest, told or waiting. */
  readonly partial: PartialMessage | null;
}

/**
 * Partial captions, one segment after the other: while the end of an earlier one is awaited, those of later segments wait. Only
 * the newest of each is kept.
 */
export class PartialsInOrder {
  readonly #tell: (partial: PartialMessage) => void;
  /** By segment, in their order, of those that have not ended. */
  readonly #open = new Map<number, Open>();

  constructor(tell: (partial: PartialMessage) => void) {
    this.#tell = tell;
  }

  /** Somebody began to speak. */
  began(segmentId: number, startMs: number): void {
    if (!this.#open.has(segmentId)) this.#open.set(segmentId, { startMs, partial: null });
  }

  partial(partial: PartialMessage): void {
    const { segmentId, startMs } = partial;
    this.#open.set(segmentId, { startMs, partial });
    if (segmentId === this.#first()) this.#tell(partial);
  }

  /** A segment has ended, and with it all before. */
  ended(segmentId: number): void {
    this.#end((open) => open <= segmentId);
  }

  /** All that began before has ended, with words or without. */
  settled(atMs: number): void {
    this.#end((_, { startMs }) => startMs < atMs);
  }

  #end(hasEnded: (segmentId: number, open: Open) => boolean): void {
    const first = this.#first();
    for (const [segmentId, open] of [...this.#open])
      if (hasEnded(segmentId, open)) this.#open.delete(segmentId);
    const next = this.#open.get(this.#first());
    if (this.#first() !== first && next?.partial) this.#tell(next.partial);
  }

  #first(): number {
    return Math.min(...this.#open.keys());
  }
}
