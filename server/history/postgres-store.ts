import type { Pool } from 'pg';
import type { FinalMessage } from '../../client-sdk/protocol.ts';
import { type Clock, systemClock } from '../clock.ts';
import {
  type ExportQuery,
  MAX_MEETINGS_PER_PAGE,
  type MeetingSummary,
  type MeetingsPage,
  type MeetingsQuery,
  toldSpeakers,
} from './archive.ts';
import {
  type HistoryChange,
  type HistoryStore,
  MAX_FINALS_PER_PAGE,
  newestPage,
  type RetentionLimits,
} from './history-store.ts';
import { PostgresStoreError, withoutData } from './postgres-error.ts';
import { newPool, type PostgresTimeouts, prepareDatabase } from './postgres-pool.ts';
import { POSTGRES_STATEMENTS } from './postgres-sql.ts';
import { queryOf } from './postgres-words.ts';
import { writeParameters } from './postgres-write.ts';
import type { StreamRecord } from './records.ts';
import { hitOf, MAX_HITS_PER_PAGE, readSearch, type SearchPage, type SearchQuery } from './search.ts';
import { decodeStream } from './stream-json.ts';
import type { TranscriptPage, TranscriptQuery } from './transcript-source.ts';

/** For what captions and speakers wait for: one writes, the other reads where a stream is taken up again. */
const URGENT_CONNECTIONS = 2;
/** For what people look through, however slow that is. */
const OTHER_CONNECTIONS = 4;

const TIMEOUTS: PostgresTimeouts = { connectMs: 5000, statementMs: 10_000, answerMs: 15_000 };

const NEWEST = Number.MAX_SAFE_INTEGER;
const OLDEST = Number.MIN_SAFE_INTEGER;

/** What is selected: of these, what the statement names. */
interface Row {
  readonly record: string;
  readonly caption: string;
  readonly id: number;
  readonly deleted: number;
  readonly leftOut: string;
}

/**
 * History in a PostgreSQL database, which any number of servers may share. Calls take connections of two pools, so that slow
 * searches hold up no writing; those that read begin once the writes asked for before them are done. A connection that failed
 * is given up, and the next call makes a new one.
 */
export class PostgresStore implements HistoryStore {
  readonly #clock: Pick<Clock, 'epochMs'>;
  readonly #urgent: Pool;
  readonly #others: Pool;
  /** Fulfilled when the last write that was asked for is done, or has failed. */
  #writes: Promise<unknown> = Promise.resolve();
  readonly #calls = new Set<Promise<unknown>>();
  #closing: Promise<void> | null = null;

  private constructor(url: string, timeouts: PostgresTimeouts, clock: Pick<Clock, 'epochMs'>) {
    this.#clock = clock;
    this.#urgent = newPool(url, timeouts, URGENT_CONNECTIONS);
    this.#others = newPool(url, timeouts, OTHER_CONNECTIONS);
  }

  /**
   * Makes the schema, or brings it up to date.
   * @param url `postgres://user:password@host:5432/database`
   * @param clock what the times that are handed in are told by; where it is wrong they count by the database's.
   * @throws {PostgresStoreError} when the database cannot be had. @throws {NewerSchemaError}
   */
  static async open(
    url: string,
    timeouts = TIMEOUTS,
    clock: Pick<Clock, 'epochMs'> = systemClock,
  ): Promise<PostgresStore> {
    const store = new PostgresStore(url, timeouts, clock);
    try {
      await prepareDatabase(store.#urgent);
    } catch (error) {
      await store.close();
      throw error instanceof PostgresStoreError || (error as { code?: unknown }).code === 'NEWER_SCHEMA'
        ? error
        : withoutData(error);
    }

    return store;
  }

  write(changes: readonly HistoryChange[], nowMs: number): Promise<readonly string[]> {
    return this.#change(async () => {
      if (changes.length === 0) return [];
      const rows = await this.#query(
        'write',
        writeParameters(changes, nowMs, this.#clock.epochMs()),
        this.#urgent,
      );

      return rows.map(({ leftOut }) => leftOut);
    });
  }

  findStream(tokenHash: string): Promise<StreamRecord | null> {
    return this.#read(async () => {
      const [row] = await this.#query('findStream', [tokenHash], this.#urgent);

      return row ? decodeStream(row.record) : null;
    });
  }

  finalsOfStream(streamId: string, endMs: number, untilMs: number): Promise<readonly FinalMessage[]> {
    return this.#read(async () =>
      captionsOf(await this.#query('finalsOfStream', [streamId, whole(endMs), whole(untilMs)], this.#urgent)),
    );
  }

  finalsOfMeeting(meeting: string, query: TranscriptQuery): Promise<TranscriptPage> {
    const { sinceMs = OLDEST, before } = query;
    const { spokenAtMs, captionId } = before ?? { spokenAtMs: NEWEST, captionId: '' };
    const limit = Math.min(query.limit, MAX_FINALS_PER_PAGE) + 1;

    return this.#read(async () => {
      const rows = await this.#query('finalsOfMeeting', [meeting, sinceMs, spokenAtMs, captionId, limit]);

      return newestPage(captionsOf(rows).toReversed(), query);
    });
  }

  search({ text, meeting, limit, after = NEWEST }: SearchQuery): Promise<SearchPage> {
    const search = readSearch(text);
    const size = Math.min(limit, MAX_HITS_PER_PAGE);

    return this.#read(async () => {
      if (search.length === 0) return { hits: [], next: null };
      const parameters = [queryOf(search), after, size + 1];
      const rows = await (meeting === undefined
        ? this.#query('search', parameters)
        : this.#query('searchMeeting', [...parameters, meeting]));
      const page = rows.slice(0, size);

      return {
        hits: captionsOf(page).flatMap((caption) => hitOf(caption, search) ?? []),
        next: rows.length > size ? page.at(-1)!.id : null,
      };
    });
  }

  meetings({ limit, before }: MeetingsQuery): Promise<MeetingsPage> {
    const { lastSpokenAtMs, meeting } = before ?? { lastSpokenAtMs: NEWEST, meeting: '' };
    const size = Math.min(limit, MAX_MEETINGS_PER_PAGE);

    return this.#read(async () => {
      const rows = await this.#query('meetings', [lastSpokenAtMs, meeting, size + 1]);
      const meetings = (rows as unknown as readonly MeetingSummary[]).slice(0, size);

      return {
        meetings: meetings.map((each) => ({ ...each, speakers: toldSpeakers(each.speakers) })),
        more: rows.length > size,
      };
    });
  }

  exportFinals({ limit, meeting, after }: ExportQuery): Promise<TranscriptPage> {
    const size = Math.min(limit, MAX_FINALS_PER_PAGE);
    const { spokenAtMs, captionId } = after ?? { spokenAtMs: OLDEST, captionId: '' };

    return this.#read(async () => {
      const captions = captionsOf(
        await (meeting === undefined
          ? this.#query('exportAll', [after?.meeting ?? '', spokenAtMs, captionId, size + 1])
          : this.#query('exportMeeting', [meeting, spokenAtMs, captionId, size + 1])),
      );

      return { captions: captions.slice(0, size), more: captions.length > size };
    });
  }

  deleteBefore({ finalsMs, streamsMs }: RetentionLimits): Promise<number> {
    return this.#change(async () =>
      deletedIn(
        await this.#query(
          'deleteBefore',
          [whole(finalsMs), whole(streamsMs), this.#clock.epochMs()],
          this.#urgent,
        ),
      ),
    );
  }

  deleteMeeting(meeting: string): Promise<number> {
    return this.#change(async () => deletedIn(await this.#query('deleteMeeting', [meeting], this.#urgent)));
  }

  close(): Promise<void> {
    this.#closing ??= Promise.allSettled(this.#calls).then(async () => {
      await Promise.all([this.#urgent.end(), this.#others.end()]);
    });

    return this.#closing;
  }

  /** One after the other, in their order. */
  #change<T>(work: () => Promise<T>): Promise<T> {
    return this.#call(() => {
      const done = this.#writes.then(work);
      this.#writes = done.catch(() => {});

      return done;
    });
  }

  #read<T>(work: () => Promise<T>): Promise<T> {
    return this.#call(() => this.#writes.then(work));
  }

  async #call<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing) throw new Error('The history has been closed.');
    const call = work();
    this.#calls.add(call);
    try {
      return await call;
    } finally {
      this.#calls.delete(call);
    }
  }

  async #query(
    name: keyof typeof POSTGRES_STATEMENTS,
    parameters: readonly unknown[],
    pool = this.#others,
  ): Promise<readonly Row[]> {
    try {
      const { rows } = await pool.query(POSTGRES_STATEMENTS[name], [...parameters]);

      return rows as readonly Row[];
    } catch (error) {
      throw withoutData(error);
    }
  }
}

/** Bounds may be anything; columns are whole numbers. */
function whole(number: number): number {
  return Math.max(OLDEST, Math.min(NEWEST, Math.ceil(number)));
}

function captionsOf(rows: readonly Row[]): FinalMessage[] {
  return rows.map((row) => JSON.parse(row.caption) as FinalMessage);
}

function deletedIn(rows: readonly Row[]): number {
  return rows[0]!.deleted;
}
