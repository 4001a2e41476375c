import type { FinalMessage } from '../../client-sdk/protocol.ts';
import { type Connection, connect } from './connect.ts';
import {
  type HistoryChange,
  MAX_FINALS_PER_PAGE,
  newestPage,
  type RetentionLimits,
} from './history-store.ts';
import type { StreamRecord } from './records.ts';
import { decodeStream, encodeStream } from './stream-json.ts';
import type { TranscriptPage, TranscriptQuery } from './transcript-source.ts';

/** Behind every final there is. */
const END: readonly [number, string] = [Number.MAX_SAFE_INTEGER, ''];

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

  /** @param busyTimeoutMs how long a call waits at most while another process writes. */
  constructor(file: string, busyTimeoutMs: number) {
    this.#file = file;
    this.#busyTimeoutMs = busyTimeoutMs;
  }

  /** Makes the file, or brings it up to date. Every other method would do so as well. */
  open(): void {
    this.#use(() => {});
  }

  write(changes: readonly HistoryChange[], nowMs: number): void {
    this.#transact((connection) => {
      for (const change of changes) make(change, nowMs, connection);
    });
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
    return this.#transact(
      ({ statements }) =>
        statements.deleteFinals.run(finalsMs).changes + statements.deleteStreams.run(streamsMs).changes,
    );
  }

  /** Leaves one file without a journal, where no other process has it open. The next call would open it again. */
  close(): void {
    if (!this.#connection) return;
    this.#use(({ database }) => database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get());
    this.#disconnect();
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

function make(change: HistoryChange, nowMs: number, { statements }: Connection): void {
  if (change.type === 'forget') {
    statements.forgetStream.run(change.streamId);
  } else if (change.type === 'stream') {
    const { streamId, tokenHash } = change.record;
    statements.keepStream.run(streamId, tokenHash, nowMs, encodeStream(change.record));
  } else {
    const { captionId, streamId, meeting, endMs, spokenAtMs } = change.caption;
    const caption = JSON.stringify(change.caption);
    statements.keepFinal.run(captionId, streamId, meeting, endMs, spokenAtMs, nowMs, caption);
  }
}

function captionsOf(rows: readonly unknown[]): FinalMessage[] {
  return rows.map((row) => JSON.parse((row as { readonly caption: string }).caption) as FinalMessage);
}
