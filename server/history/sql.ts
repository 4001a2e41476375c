import { MAX_DELETED_AT_ONCE } from './history-store.ts';

/**
 * The schema, step by step. A file's `user_version` says how many steps it has taken; released steps never change.
 *
 * Captions and records are JSON; columns beside it are what they are found by. Finals keep their row ids, which other
 * tables may refer to.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE finals (
    id INTEGER PRIMARY KEY,
    caption_id TEXT NOT NULL UNIQUE,
    stream_id TEXT NOT NULL,
    meeting TEXT NOT NULL,
    end_ms INTEGER NOT NULL,
    spoken_at_ms INTEGER NOT NULL,
    stored_at_ms INTEGER NOT NULL,
    caption TEXT NOT NULL
  ) STRICT;
  CREATE INDEX finals_by_meeting ON finals (meeting, spoken_at_ms, caption_id);
  CREATE INDEX finals_by_stream ON finals (stream_id, end_ms);
  CREATE INDEX finals_by_age ON finals (stored_at_ms);

  CREATE TABLE streams (
    stream_id TEXT NOT NULL PRIMARY KEY,
    token_hash TEXT NOT NULL,
    changed_at_ms INTEGER NOT NULL,
    record TEXT NOT NULL
  ) STRICT;
  CREATE INDEX streams_by_token ON streams (token_hash);
  CREATE INDEX streams_by_age ON streams (changed_at_ms);
  `,
];

/** What each connection is set to. */
export const PRAGMAS: readonly string[] = [
  // A commit is one write that nothing waits for: it outlives the process from then on, and a power cut from the next
  // checkpoint on.
  'journal_mode = WAL',
  'synchronous = NORMAL',
  // What people said is to be gone from the file when it is deleted.
  'secure_delete = ON',
  // The journal is cut back to this after a checkpoint, however long it got.
  'journal_size_limit = 16777216',
];

/** Statements by what they do; parameters are positional. */
export const STATEMENTS = {
  keepFinal: `
    INSERT INTO finals (caption_id, stream_id, meeting, end_ms, spoken_at_ms, stored_at_ms, caption)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (caption_id) DO UPDATE SET
      stream_id = excluded.stream_id,
      meeting = excluded.meeting,
      end_ms = excluded.end_ms,
      spoken_at_ms = excluded.spoken_at_ms,
      stored_at_ms = excluded.stored_at_ms,
      caption = excluded.caption`,
  keepStream: `
    INSERT INTO streams (stream_id, token_hash, changed_at_ms, record) VALUES (?, ?, ?, ?)
    ON CONFLICT (stream_id) DO UPDATE SET
      token_hash = excluded.token_hash,
      changed_at_ms = excluded.changed_at_ms,
      record = excluded.record`,
  forgetStream: 'DELETE FROM streams WHERE stream_id = ?',
  findStream: 'SELECT record FROM streams WHERE token_hash = ?',
  finalsOfStream: `
    SELECT caption FROM finals WHERE stream_id = ? AND end_ms > ? AND end_ms <= ? ORDER BY end_ms`,
  finalsOfMeeting: `
    SELECT caption FROM finals
    WHERE meeting = ? AND spoken_at_ms >= ? AND (spoken_at_ms, caption_id) < (?, ?) AND caption ->> 'text' <> ''
    ORDER BY spoken_at_ms DESC, caption_id DESC
    LIMIT ?`,
  deleteFinals: `
    DELETE FROM finals WHERE id IN (
      SELECT id FROM finals WHERE stored_at_ms < ? ORDER BY stored_at_ms LIMIT ${MAX_DELETED_AT_ONCE})`,
  deleteStreams: `
    DELETE FROM streams WHERE stream_id IN (
      SELECT stream_id FROM streams WHERE changed_at_ms < ? ORDER BY changed_at_ms LIMIT ${MAX_DELETED_AT_ONCE})`,
} as const;
