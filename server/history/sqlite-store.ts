import type { FinalMessage } from '../../client-sdk/protocol.ts';
import { DatabaseThread } from '../sqlite/database-thread.ts';
import {
  compareMeetings,
  type ExportQuery,
  MAX_MEETINGS_PER_PAGE,
  type MeetingPlace,
  type MeetingSummary,
  type MeetingsPage,
  type MeetingsQuery,
  toldSpeakers,
} from './archive.ts';
import type { HistoryChange, HistoryStore, RetentionLimits } from './history-store.ts';
import type { StreamRecord } from './records.ts';
import { MAX_HITS_PER_PAGE, readSearch, type SearchPage, type SearchQuery } from './search.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import type { PlacesStep, SummaryStep } from './sqlite-meetings.ts';
import type { SearchStep } from './sqlite-search.ts';
import type { SqliteThreadData } from './sqlite-thread.ts';
import type { CaptionPlace, TranscriptPage, TranscriptQuery } from './transcript-source.ts';

/** Where the history is, and what runs it. */
export interface SqliteStoreOptions {
  /** The compiled module of the thread. */
  readonly workerUrl: URL;
  readonly file: string;
  /** How long a call waits at most while another process writes. */
  readonly busyTimeoutMs?: number;
}

const BUSY_TIMEOUT_MS = 5000;
/** Finals that a search looks through in its first step, by their row ids; twice as many in each that follows, up to the most. */
const FIRST_SPAN = 4096;
const MAX_SPAN = 32_768;

/** History in a SQLite file, on a thread of its own. */
export class SqliteStore implements HistoryStore {
  readonly #database: DatabaseThread<SqliteDatabase>;

  private constructor({ workerUrl, file, busyTimeoutMs = BUSY_TIMEOUT_MS }: SqliteStoreOptions) {
    const workerData: SqliteThreadData = { file, busyTimeoutMs };
    this.#database = new DatabaseThread({ workerUrl, workerData, name: 'history' });
  }

  /**
   * Makes the file, or brings it up to date. Its folder has to be there.
   * @throws {SqliteError} when it cannot be opened. @throws {Error} when there is no libsql for this platform.
   */
  static async open(options: SqliteStoreOptions): Promise<SqliteStore> {
    const store = new SqliteStore(options);
    try {
      await store.#database.ask('open');
    } catch (error) {
      await store.close();
      throw error;
    }

    return store;
  }

  write(changes: readonly HistoryChange[], nowMs: number): Promise<readonly string[]> {
    return this.#database.ask('write', changes, nowMs);
  }

  findStream(tokenHash: string): Promise<StreamRecord | null> {
    return this.#database.ask('findStream', tokenHash);
  }

  finalsOfStream(streamId: string, endMs: number, untilMs: number): Promise<readonly FinalMessage[]> {
    return this.#database.ask('finalsOfStream', streamId, endMs, untilMs);
  }

  finalsOfMeeting(meeting: string, query: TranscriptQuery): Promise<TranscriptPage> {
    return this.#database.ask('finalsOfMeeting', meeting, query);
  }

  deleteBefore(limits: RetentionLimits): Promise<number> {
    return this.#database.ask('deleteBefore', limits);
  }

  /** In steps, between which others get their turn. */
  async search({ text, meeting, limit, after }: SearchQuery): Promise<SearchPage> {
    const search = readSearch(text);
    const size = Math.min(limit, MAX_HITS_PER_PAGE);
    const found: SearchStep['found'][number][] = [];
    let beforeId = after ?? null;
    let span = FIRST_SPAN;
    // One more than asked for, to know whether there is more.
    do {
      const step: SearchStep = await this.#database.ask('search', {
        ...{ search, meeting: meeting ?? null, beforeId, span },
        limit: size + 1 - found.length,
      });
      found.push(...step.found);
      beforeId = step.beforeId;
      span = Math.min(span * 2, MAX_SPAN);
    } while (found.length <= size && beforeId !== null);
    const page = found.slice(0, size);

    return { hits: page.map(({ hit }) => hit), next: found.length > size ? page.at(-1)!.id : null };
  }

  /** In steps, too. */
  async meetings({ limit, before }: MeetingsQuery): Promise<MeetingsPage> {
    const size = Math.min(limit, MAX_MEETINGS_PER_PAGE);
    let newest: readonly MeetingPlace[] = [];
    for (let afterName: string | null = ''; afterName !== null; ) {
      const step: PlacesStep = await this.#database.ask('meetingPlaces', afterName);
      const asked = step.places.filter((place) => before === undefined || compareMeetings(before, place) < 0);
      newest = [...newest, ...asked].sort(compareMeetings).slice(0, size + 1);
      afterName = step.afterName;
    }
    const meetings: MeetingSummary[] = [];
    for (const place of newest.slice(0, size)) {
      const summary = await this.#summarise(place);
      if (summary) meetings.push(summary);
    }

    return { meetings, more: meetings.length > 0 && newest.length > size };
  }

  /** @returns null for a meeting that has been deleted meanwhile. */
  async #summarise(place: MeetingPlace): Promise<MeetingSummary | null> {
    let firstSpokenAtMs: number | null = null;
    let captions = 0;
    const speakers = new Set<string>();
    for (let behind: CaptionPlace | null = null; ; ) {
      const step: SummaryStep = await this.#database.ask('meetingSummary', place.meeting, behind);
      firstSpokenAtMs ??= step.firstSpokenAtMs;
      captions += step.captions;
      for (const speaker of step.speakers) speakers.add(speaker);
      behind = step.after;
      if (!behind) break;
    }
    if (firstSpokenAtMs === null) return null;

    return { ...place, firstSpokenAtMs, captions, speakers: toldSpeakers(speakers) };
  }

  exportFinals(query: ExportQuery): Promise<TranscriptPage> {
    return this.#database.ask('exportFinals', query);
  }

  deleteMeeting(meeting: string): Promise<number> {
    return this.#database.ask('deleteMeeting', meeting);
  }

  /** Fulfilled when the thread is no more. */
  close(): Promise<void> {
    return this.#database.close();
  }
}
