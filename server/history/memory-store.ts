import type { FinalMessage } from '../../client-sdk/protocol.ts';
import {
  type HistoryChange,
  type HistoryStore,
  isAskedFor,
  MAX_DELETED_AT_ONCE,
  newestPage,
  type RetentionLimits,
} from './history-store.ts';
import type { StreamRecord } from './records.ts';
import { comparePlaces, type TranscriptPage, type TranscriptQuery } from './transcript-source.ts';

/** How much is kept; beyond it the oldest go first. */
export interface MemoryBounds {
  readonly maxFinals: number;
  readonly maxStreams: number;
}

/** Some 100 MB when full: two days of one person talking, or two hours of twenty-five. */
const BOUNDS: MemoryBounds = { maxFinals: 50_000, maxStreams: 10_000 };

interface Kept<T> {
  readonly value: T;
  readonly atMs: number;
}

/** History for as long as the process lives, within bounds. What is handed in is kept as it is, and must not change. */
export class MemoryStore implements HistoryStore {
  readonly #bounds: MemoryBounds;
  /** By id, those stored longest ago first. */
  readonly #finals = new Map<string, Kept<FinalMessage>>();
  /** Each meeting's, in their order, without those that have no words. */
  readonly #meetings = new Map<string, FinalMessage[]>();
  /** By id, those changed longest ago first. */
  readonly #streams = new Map<string, Kept<StreamRecord>>();
  #closed = false;

  constructor(bounds: MemoryBounds = BOUNDS) {
    this.#bounds = bounds;
  }

  async write(changes: readonly HistoryChange[], nowMs: number): Promise<void> {
    this.#requireOpen();
    for (const change of changes) {
      if (change.type === 'final') this.#keepFinal(change.caption, nowMs);
      else if (change.type === 'stream') this.#keepStream(change.record, nowMs);
      else this.#streams.delete(change.streamId);
    }
  }

  async findStream(tokenHash: string): Promise<StreamRecord | null> {
    this.#requireOpen();
    for (const { value } of this.#streams.values()) if (value.tokenHash === tokenHash) return value;

    return null;
  }

  async finalsOfStream(streamId: string, endMs: number, untilMs: number): Promise<readonly FinalMessage[]> {
    this.#requireOpen();
    const found: FinalMessage[] = [];
    for (const { value } of this.#finals.values())
      if (value.streamId === streamId && value.endMs > endMs && value.endMs <= untilMs) found.push(value);

    return found.sort((a, b) => a.endMs - b.endMs);
  }

  async finalsOfMeeting(meeting: string, query: TranscriptQuery): Promise<TranscriptPage> {
    this.#requireOpen();
    const finals = this.#meetings.get(meeting) ?? [];

    return newestPage(
      finals.filter((final) => isAskedFor(final, query)),
      query,
    );
  }

  async deleteBefore({ finalsMs, streamsMs }: RetentionLimits): Promise<number> {
    this.#requireOpen();
    const finals = oldest(this.#finals, finalsMs);
    for (const id of finals) this.#dropFinal(id);
    const streams = oldest(this.#streams, streamsMs);
    for (const id of streams) this.#streams.delete(id);

    return finals.length + streams.length;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#finals.clear();
    this.#meetings.clear();
    this.#streams.clear();
  }

  #keepFinal(caption: FinalMessage, atMs: number): void {
    this.#dropFinal(caption.captionId);
    this.#finals.set(caption.captionId, { value: caption, atMs });
    if (caption.text !== '') {
      const ofMeeting = this.#meetings.get(caption.meeting) ?? [];
      ofMeeting.splice(placeAmong(ofMeeting, caption), 0, caption);
      this.#meetings.set(caption.meeting, ofMeeting);
    }
    if (this.#finals.size > this.#bounds.maxFinals) this.#dropFinal(this.#finals.keys().next().value!);
  }

  #keepStream(record: StreamRecord, atMs: number): void {
    // Anew, so that it is the youngest.
    this.#streams.delete(record.streamId);
    this.#streams.set(record.streamId, { value: record, atMs });
    if (this.#streams.size > this.#bounds.maxStreams)
      this.#streams.delete(this.#streams.keys().next().value!);
  }

  #dropFinal(captionId: string): void {
    const kept = this.#finals.get(captionId);
    if (!kept) return;
    this.#finals.delete(captionId);
    if (kept.value.text === '') return;
    const ofMeeting = this.#meetings.get(kept.value.meeting)!;
    ofMeeting.splice(placeAmong(ofMeeting, kept.value), 1);
    if (ofMeeting.length === 0) this.#meetings.delete(kept.value.meeting);
  }

  #requireOpen(): void {
    if (this.#closed) throw new Error('The history has been closed.');
  }
}

function oldest<T>(kept: ReadonlyMap<string, Kept<T>>, beforeMs: number): readonly string[] {
  const ids: string[] = [];
  for (const [id, { atMs }] of kept) {
    if (atMs < beforeMs) ids.push(id);
    if (ids.length === MAX_DELETED_AT_ONCE) break;
  }

  return ids;
}

/** Index of the first of `finals` that does not stand before `final`; mostly the end, since people speak one after another. */
function placeAmong(finals: readonly FinalMessage[], final: FinalMessage): number {
  let low = 0;
  let high = finals.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (comparePlaces(finals[middle]!, final) < 0) low = middle + 1;
    else high = middle;
  }

  return low;
}
