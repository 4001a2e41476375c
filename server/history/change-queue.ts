import type { FinalMessage } from '../../client-sdk/protocol.ts';
import type { HistoryChange } from './history-store.ts';
import type { StreamRecord } from './records.ts';

/** Told whether a record is kept. */
export type Settled = (kept: boolean) => void;

/** A change that waits, and whom to tell. */
export interface QueuedChange {
  readonly change: HistoryChange;
  readonly settled: readonly Settled[];
}

/** Those told of one record: when it waits for long, what the newest of them says is what the others would have said. */
const MAX_SETTLED = 16;

/**
 * Changes on their way to the store, in the order in which they have to come there: a record never before a final that was
 * there before it. A newer record of a stream, or word that it is forgotten, takes the older one's place in it, but stands
 * where the newer one does. What is being written counts as waiting until it is known to be kept.
 */
export class ChangeQueue {
  #waiting = new Map<string, QueuedChange>();
  #writing: readonly QueuedChange[] = [];

  /** Changes that wait or are being written. */
  get size(): number {
    return this.#waiting.size + this.#writing.length;
  }

  /** Whether there is something that is not being written. */
  get isWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  add(change: HistoryChange, settled: Settled | null = null): void {
    const key = keyOf(change);
    const before = this.#waiting.get(key)?.settled ?? [];
    // A final stays where it is: a record behind it says that it is kept.
    if (change.type !== 'final') this.#waiting.delete(key);
    const all = settled ? [...before, settled] : before;
    this.#waiting.set(key, { change, settled: all.slice(-MAX_SETTLED) });
  }

  /** Takes the first changes out to be written, once the last ones are `written` or `returned`. */
  take(count: number): readonly HistoryChange[] {
    const taken: QueuedChange[] = [];
    for (const [key, queued] of this.#waiting) {
      if (taken.length === count) break;
      taken.push(queued);
      this.#waiting.delete(key);
    }
    this.#writing = taken;

    return taken.map(({ change }) => change);
  }

  /**
   * What was taken is kept.
   * @param leftOut the streams of which a record is not.
   * @returns whom to tell what, in their order.
   */
  written(
    leftOut: readonly string[],
  ): readonly { readonly settled: readonly Settled[]; readonly kept: boolean }[] {
    const told = this.#writing
      .filter(({ settled }) => settled.length > 0)
      .map(({ change, settled }) => ({ settled, kept: !leftOut.includes(streamOf(change)) }));
    this.#writing = [];

    return told;
  }

  /** What was taken is not kept: it goes back to where it was, unless something newer has taken its place. */
  returned(): void {
    const newer = this.#waiting;
    this.#waiting = new Map(this.#writing.map((queued) => [keyOf(queued.change), queued]));
    this.#writing = [];
    for (const { change, settled } of newer.values()) {
      this.add(change);
      for (const each of settled) this.add(change, each);
    }
  }

  /**
   * Lets go of all that waits of the stream that has most waiting, but for word that it is forgotten, which is short.
   * @returns whom to tell that it is not kept; null where nothing else waits.
   */
  dropLargest(): { readonly streamId: string; readonly settled: readonly Settled[] } | null {
    const counts = new Map<string, number>();
    for (const { change } of this.#waiting.values())
      if (change.type !== 'forget') counts.set(streamOf(change), (counts.get(streamOf(change)) ?? 0) + 1);
    let largest: string | null = null;
    for (const [streamId, count] of counts)
      if (largest === null || count > counts.get(largest)!) largest = streamId;
    if (largest === null) return null;
    const settled: Settled[] = [];
    for (const [key, queued] of this.#waiting) {
      if (queued.change.type === 'forget' || streamOf(queued.change) !== largest) continue;
      this.#waiting.delete(key);
      settled.push(...queued.settled);
    }

    return { streamId: largest, settled };
  }

  /**
   * Lets go of the finals of a meeting. What is being written of it is only let go of where it comes back.
   * @returns how many, and who waited for them.
   */
  dropFinals(meeting: string): { readonly count: number; readonly settled: readonly Settled[] } {
    const goes = ({ change }: QueuedChange) => change.type === 'final' && change.caption.meeting === meeting;
    const gone = [...this.#writing, ...this.#waiting.values()].filter(goes);
    this.#writing = this.#writing.filter((queued) => !goes(queued));
    for (const [key, queued] of this.#waiting) if (goes(queued)) this.#waiting.delete(key);

    return { count: gone.length, settled: gone.flatMap(({ settled }) => settled) };
  }

  /** The waiting record with a token hash, if it is the stream's newest word. */
  findStream(tokenHash: string): StreamRecord | null {
    const found = this.#find((change) => change.type === 'stream' && change.record.tokenHash === tokenHash);
    if (found?.type !== 'stream') return null;

    return this.isForgotten(found.record.streamId) ? null : found.record;
  }

  /** Whether the newest that waits of a stream is that it is forgotten. @param resumptions of the record that would go. */
  isForgotten(streamId: string, resumptions = 0): boolean {
    const newest = this.#find((change) => change.type !== 'final' && streamOf(change) === streamId);

    return newest?.type === 'forget' && newest.resumptions >= resumptions;
  }

  /** The finals that wait, by their ids. */
  finals(isWanted: (caption: FinalMessage) => boolean): ReadonlyMap<string, FinalMessage> {
    const finals = new Map<string, FinalMessage>();
    for (const { change } of [...this.#writing, ...this.#waiting.values()])
      if (change.type === 'final' && isWanted(change.caption))
        finals.set(change.caption.captionId, change.caption);

    return finals;
  }

  /** The newest that fulfils a condition. */
  #find(isWanted: (change: HistoryChange) => boolean): HistoryChange | undefined {
    let found: HistoryChange | undefined;
    for (const { change } of this.#waiting.values()) if (isWanted(change)) found = change;

    return found ?? this.#writing.findLast(({ change }) => isWanted(change))?.change;
  }
}

function keyOf(change: HistoryChange): string {
  return change.type === 'final' ? `final ${change.caption.captionId}` : `stream ${streamOf(change)}`;
}

function streamOf(change: HistoryChange): string {
  if (change.type === 'final') return change.caption.streamId;

  return change.type === 'stream' ? change.record.streamId : change.streamId;
}
