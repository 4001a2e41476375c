import type { FinalMessage } from '../../client-sdk/protocol.ts';
import {
  compareMeetings,
  compareNames,
  type ExportQuery,
  MAX_MEETINGS_PER_PAGE,
  type MeetingsPage,
  type MeetingsQuery,
  toldSpeakers,
} from './archive.ts';
import {
  type HistoryChange,
  type HistoryStore,
  isAskedFor,
  MAX_DELETED_AT_ONCE,
  MAX_FINALS_PER_PAGE,
  newestPage,
  type RetentionLimits,
} from './history-store.ts';
import { type IndexedFinal, searchFinals } from './memory-search.ts';
import type { StreamRecord } from './records.ts';
import { resumptionsOf } from './resumptions.ts';
import type { SearchPage, SearchQuery } from './search.ts';
import { indexText } from './terms.ts';
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

type KeptFinal = Kept<FinalMessage> & IndexedFinal;

/** History for as long as the process lives, within bounds. What is handed in is kept as it is, and must not change. */
export class MemoryStore implements HistoryStore {
  readonly #bounds: MemoryBounds;
  /** By id, those stored longest ago first. */
  readonly #finals = new Map<string, KeptFinal>();
  /** Each meeting's, in their order, without those that have no words. */
  readonly #meetings = new Map<string, FinalMessage[]>();
  /** By id, those changed longest ago first. */
  readonly #streams = new Map<string, Kept<StreamRecord>>();
  #ids = 0;
  #closed = false;

  constructor(bounds: MemoryBounds = BOUNDS) {
    this.#bounds = bounds;
  }

  async write(changes: readonly HistoryChange[], nowMs: number): Promise<readonly string[]> {
    this.#requireOpen();
    const leftOut: string[] = [];
    for (const change of changes) {
      if (change.type === 'final') {
        this.#keepFinal(change.caption, nowMs);
      } else if (change.type === 'stream') {
        const isKept = this.#keepStream(change.record, nowMs);
        if (!isKept) leftOut.push(change.record.streamId);
      } else if (!this.#isTakenUpSince(change)) {
        this.#streams.delete(change.streamId);
      }
    }

    return leftOut;
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
    const finals = idsOf(this.#finals, ({ atMs }) => atMs < finalsMs);
    for (const id of finals) this.#dropFinal(id);
    const streams = idsOf(this.#streams, ({ atMs }) => atMs < streamsMs);
    for (const id of streams) this.#streams.delete(id);

    return finals.length + streams.length;
  }

  /** In what is there when it is asked. */
  async search(query: SearchQuery): Promise<SearchPage> {
    this.#requireOpen();

    return searchFinals([...this.#finals.values()], query);
  }

  async meetings({ limit, before }: MeetingsQuery): Promise<MeetingsPage> {
    this.#requireOpen();
    const size = Math.min(limit, MAX_MEETINGS_PER_PAGE);
    const places = [...this.#meetings].map(([meeting, finals]) => ({
      meeting,
      finals,
      lastSpokenAtMs: finals.at(-1)!.spokenAtMs,
    }));
    const asked = places
      .filter((place) => before === undefined || compareMeetings(before, place) < 0)
      .sort(compareMeetings);

    return {
      meetings: asked.slice(0, size).map(({ meeting, finals, lastSpokenAtMs }) => ({
        meeting,
        firstSpokenAtMs: finals[0]!.spokenAtMs,
        lastSpokenAtMs,
        captions: finals.length,
        speakers: toldSpeakers(finals.map(({ speaker }) => speaker)),
      })),
      more: asked.length > size,
    };
  }

  async exportFinals({ limit, meeting, after }: ExportQuery): Promise<TranscriptPage> {
    this.#requireOpen();
    const size = Math.min(limit, MAX_FINALS_PER_PAGE);
    const names = meeting === undefined ? [...this.#meetings.keys()].sort(compareNames) : [meeting];
    const captions: FinalMessage[] = [];
    for (const name of names) {
      const order = after ? compareNames(name, after.meeting) : 1;
      if (captions.length > size || order < 0) continue;
      const finals = this.#meetings.get(name) ?? [];
      const first = order === 0 ? finals.findIndex((final) => comparePlaces(final, after!) > 0) : 0;
      if (first >= 0) captions.push(...finals.slice(first, first + size + 1 - captions.length));
    }

    return { captions: captions.slice(0, size), more: captions.length > size };
  }

  async deleteMeeting(meeting: string): Promise<number> {
    this.#requireOpen();
    const finals = idsOf(this.#finals, ({ value }) => value.meeting === meeting);
    for (const id of finals) this.#dropFinal(id);
    const streams = idsOf(this.#streams, ({ value }) => value.meeting === meeting);
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
    const before = this.#finals.get(caption.captionId);
    if (before && resumptionsOf(before.value) > resumptionsOf(caption)) return;
    const id = before?.id ?? ++this.#ids;
    this.#dropFinal(caption.captionId);
    this.#finals.set(caption.captionId, { value: caption, atMs, id, indexed: indexText(caption.text) });
    if (caption.text !== '') {
      const ofMeeting = this.#meetings.get(caption.meeting) ?? [];
      ofMeeting.splice(placeAmong(ofMeeting, caption), 0, caption);
      this.#meetings.set(caption.meeting, ofMeeting);
    }
    if (this.#finals.size > this.#bounds.maxFinals) this.#dropFinal(this.#finals.keys().next().value!);
  }

  #keepStream(record: StreamRecord, atMs: number): boolean {
    if (this.#isTakenUpSince(record)) return false;
    // Anew, so that it is the youngest.
    this.#streams.delete(record.streamId);
    this.#streams.set(record.streamId, { value: record, atMs });
    if (this.#streams.size > this.#bounds.maxStreams)
      this.#streams.delete(this.#streams.keys().next().value!);

    return true;
  }

  #isTakenUpSince({ streamId, resumptions }: Pick<StreamRecord, 'streamId' | 'resumptions'>): boolean {
    const kept = this.#streams.get(streamId);

    return kept !== undefined && kept.value.resumptions > resumptions;
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

/** As many as may be deleted at once. */
function idsOf<T>(kept: ReadonlyMap<string, T>, isWanted: (each: T) => boolean): readonly string[] {
  const ids: string[] = [];
  for (const [id, each] of kept) {
    if (isWanted(each)) ids.push(id);
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
