import type { FinalMessage } from '../../client-sdk/protocol.ts';
import { truncateJournal } from '../sqlite/truncate-journal.ts';
import type { ExportQuery } from './archive.ts';
import { type Connection, connect } from './connect.ts';
import {
  type HistoryChange,
  MAX_FINALS_PER_PAGE,
  newestPage,
  type RetentionLimits,
} from './history-store.ts';
import type { StreamRecord } from './records.ts';
import { type PlacesStep, placesStep, type SummaryStep, summaryStep } from './sqlite-meetings.ts';
import { type SearchStep, type SqliteSearch, searchStep, sqliteTerms } from './sqlite-search.ts';
import { decodeStream, encodeStream } from './stream-json.ts';
import type { CaptionPlace, TranscriptPage, TranscriptQuery } from './transcript-source.ts';

/** Behind every final there is. */
const END: readonly [number, string] = [Number.MAX_SAFE_INTEGER, ''];
const BEGINNING = { spokenAtMs: Number.MIN_SAFE_INTEGER, captionId: '' };

/**
 * History in one SQLite file; the methods of `HistoryStore`, each of which blocks its thread until the disk has answered.
 *
 * After a failure the connection is given up, and the next call makes a new one: a statement that failed stays in
 * progress in libsql until it is collected as garbage, and no transaction of its connection can be committed until then.
 */
export class SqliteDatabase {
  readonly #file: string;
  readonly #busyTimeoutMs: number;
  #connection: Connection | null = null;
  /** Whether the journal may hold what was deleted; a process before this one may have left it. */
  #isUnclean = true;

  /** @param busyTimeoutMs how long a call waits at most while another process writes. */
  constructor(file: string, busyTimeoutMs: number) {
    this.#file = file;
    this.#busyTimeoutMs = busyTimeoutMs;
  }

  /** Makes the file, or brings it up to date. Every other method would do so as well. */
  open(): void {
    this.#use(() => {});
  }

  write(changes: readonly HistoryChange[], nowMs: number): readonly string[] {
    return this.#transact((connection) => changes.flatMap((change) => make(change, nowMs, connection)));
  }

  findStream(tokenHash: string): StreamRecord | null {
    const row = this.#use(({ statements }) => statements.findStream.get(tokenHash));

    return row ? decodeStream((row as { readonly record: string }).record) : null;
  }

  finalsOfStream(streamId: string, endMs: number, untilMs: number): readonly FinalMessage[] {
    return captionsOf(this.#use(({ statements }) => statements.finalsOfStream.all(streamId, endMs, untilMs)));
  }

  finalsOfMeeting(meeting: string, query: TranscriptQuery): TranscriptPage {
    const { sinceMs = Number.MIN_SAFE_INTEGER, before } = query;
    const place = before ? [before.spokenAtMs, before.captionId] : END;
    // One more, to know whether there is more.
    const limit = Math.min(query.limit, MAX_FINALS_PER_PAGE) + 1;
    const rows = this.#use(({ statements }) =>
      statements.finalsOfMeeting.all(meeting, sinceMs, ...place, limit),
    );

    return newestPage(captionsOf(rows).toReversed(), query);
  }

  deleteBefore({ finalsMs, streamsMs }: RetentionLimits): number {
    return this.#delete(
      ({ statements }) =>
        statements.deleteFinals.run(finalsMs).changes + statements.deleteStreams.run(streamsMs).changes,
    );
  }

  /** Searches for some milliseconds. */
  search(search: SqliteSearch): SearchStep {
    return this.#use(({ statements }) => searchStep(statements, search));
  }

  /** Looks through some of the meetings. */
  meetingPlaces(afterName: string): PlacesStep {
    return this.#use(({ statements }) => placesStep(statements, afterName));
  }

  /** Looks through some of a meeting's finals. @param behind null to begin with. */
  meetingSummary(meeting: string, behind: CaptionPlace | null): SummaryStep {
    return this.#use(({ statements }) => summaryStep(statements, meeting, behind ?? BEGINNING));
  }

  exportFinals({ limit, meeting, after }: ExportQuery): TranscriptPage {
    const size = Math.min(limit, MAX_FINALS_PER_PAGE);
    const { spokenAtMs, captionId } = after ?? BEGINNING;
    const place = [after?.meeting ?? '', spokenAtMs, captionId];
    const rows = this.#use(({ statements: { exportAll, exportMeeting } }) =>
      meeting === undefined
        ? exportAll.all(...place, size + 1)
        : exportMeeting.all(meeting, spokenAtMs, captionId, size + 1),
    );
    const captions = captionsOf(rows);

    return { captions: captions.slice(0, size), more: captions.length > size };
  }

  deleteMeeting(meeting: string): number {
    return this.#delete(
      ({ statements }) =>
        statements.deleteFinalsOfMeeting.run(meeting).changes +
        statements.deleteStreamsOfMeeting.run(meeting).changes,
    );
  }

  /**
   * Makes some of the finals searchable that were stored by a version that could not search.
   * @returns whether there are more.
   */
  indexSome(): boolean {
    return this.#transact(({ statements }) => {
      const rows = statements.toIndex.all() as unknown as readonly FinalRow[];
      for (const { id, caption } of rows)
        statements.keepTerms.run(sqliteTerms(JSON.parse(caption) as FinalMessage), id);
      if (rows.length > 0) statements.indexedFrom.run(rows.at(-1)!.id);

      return rows.length > 0;
    });
  }

  /** Leaves one file without a journal, where no other process has it open. The next call would open it again. */
  close(): void {
    if (!this.#connection) return;
    this.#use(({ database }) => database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get());
    this.#disconnect();
  }

  /** Once there is nothing left, it is gone from the journal, too, or as soon as no other process reads it there. */
  #delete(work: (connection: Connection) => number): number {
    const deleted = this.#transact(work);
    if (deleted > 0) this.#isUnclean = true;
    else if (this.#isUnclean)
      this.#isUnclean = !this.#use(({ database }) => truncateJournal(database, this.#busyTimeoutMs));

    return deleted;
  }

  #transact<T>(work: (connection: Connection) => T): T {
    return this.#use((connection) => {
      const { database } = connection;
      database.exec('BEGIN IMMEDIATE');
      const result = work(connection);
      database.exec('COMMIT');

      return result;
    });
  }

  #use<T>(work: (connection: Connection) => T): T {
    this.#connection ??= connect(this.#file, this.#busyTimeoutMs);
    try {
      return work(this.#connection);
    } catch (error) {
      this.#disconnect();
      throw error;
    }
  }

  #disconnect(): void {
    const { database } = this.#connection!;
    this.#connection = null;
    try {
      // The connection itself only goes with its statements, and must not keep others from writing until then.
      if (database.inTransaction) database.exec('ROLLBACK');
    } catch {
      // What went wrong before says more.
    }
    database.close();
  }
}

interface FinalRow {
  readonly id: number;
  readonly caption: string;
}

/** @returns the stream whose record was left out, if there is one. */
function make(change: HistoryChange, nowMs: number, { statements }: Connection): readonly string[] {
  if (change.type === 'stream') {
    const { streamId, tokenHash } = change.record;
    const { changes } = statements.keepStream.run(streamId, tokenHash, nowMs, encodeStream(change.record));

    return changes > 0 ? [] : [streamId];
  }
  if (change.type === 'forget') {
    statements.forgetStream.run(change.streamId, change.resumptions);
  } else {
    const { captionId, streamId, meeting, endMs, spokenAtMs } = change.caption;
    const texts = [JSON.stringify(change.caption), sqliteTerms(change.caption)];
    statements.keepFinal.run(captionId, streamId, meeting, endMs, spokenAtMs, nowMs, ...texts);
  }

  return [];
}

function captionsOf(rows: readonly unknown[]): FinalMessage[] {
  return rows.map((row) => JSON.parse((row as { readonly caption: string }).caption) as FinalMessage);
}
