import { MAX_DELETED_AT_ONCE } from './history-store.ts';
import { REVISIONS_PER_RESUMPTION } from './resumptions.ts';

/** Finals that are indexed in one go, where that was left for later: half a tenth of a second's work in a large file. */
const MAX_INDEXED_AT_ONCE = 100;

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
  // What finals are found by. Not FTS5: even with its secure-delete, words of what was deleted stay where its pages divide.
  // Here a row is gone when it is deleted. `terms` is a JSON array, which the rows of `words` follow; finals that are there
  // already get theirs later, from the newest to the oldest: those before `finals_to_index.before_id`.
  `
  ALTER TABLE finals ADD COLUMN terms TEXT;
  CREATE TABLE words (
    term TEXT NOT NULL,
    final_id INTEGER NOT NULL,
    PRIMARY KEY (term, final_id)
  ) STRICT, WITHOUT ROWID;
  CREATE TRIGGER words_come AFTER INSERT ON finals BEGIN
    INSERT INTO words SELECT value, new.id FROM json_each(new.terms);
  END;
  CREATE TRIGGER words_change AFTER UPDATE OF terms ON finals BEGIN
    DELETE FROM words WHERE final_id = old.id AND term IN (SELECT value FROM json_each(old.terms));
    INSERT INTO words SELECT value, new.id FROM json_each(new.terms);
  END;
  CREATE TRIGGER words_go AFTER DELETE ON finals BEGIN
    DELETE FROM words WHERE final_id = old.id AND term IN (SELECT value FROM json_each(old.terms));
  END;
  CREATE TABLE finals_to_index (before_id INTEGER NOT NULL) STRICT;
  INSERT INTO finals_to_index SELECT coalesce(max(id) + 1, 0) FROM finals;
  CREATE INDEX streams_by_meeting ON streams (record ->> 'meeting');
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
    INSERT INTO finals (caption_id, stream_id, meeting, end_ms, spoken_at_ms, stored_at_ms, caption, terms)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (caption_id) DO UPDATE SET
      stream_id = excluded.stream_id,
      meeting = excluded.meeting,
      end_ms = excluded.end_ms,
      spoken_at_ms = excluded.spoken_at_ms,
      stored_at_ms = excluded.stored_at_ms,
      caption = excluded.caption,
      terms = excluded.terms
    WHERE excluded.caption ->> 'revision' / ${REVISIONS_PER_RESUMPTION} >= finals.caption ->> 'revision' / ${REVISIONS_PER_RESUMPTION}`,
  toIndex: `
    SELECT id, caption FROM finals WHERE id < (SELECT before_id FROM finals_to_index)
    ORDER BY id DESC LIMIT ${MAX_INDEXED_AT_ONCE}`,
  keepTerms: 'UPDATE finals SET terms = ? WHERE id = ?',
  indexedFrom: 'UPDATE finals_to_index SET before_id = ?',
  newestFinal: 'SELECT coalesce(max(id), 0) AS id FROM finals',
  oldestFinal: 'SELECT coalesce(min(id), 0) AS id FROM finals',
  countTerm: 'SELECT count(*) AS count FROM words WHERE term = ? AND final_id >= ? AND final_id < ?',
  // The first term leads; the others, a JSON array, are looked up for each final that it leads to.
  findTerms: `
    SELECT id, caption FROM words CROSS JOIN finals ON id = final_id
    WHERE term = ? AND final_id >= ? AND final_id < ? AND NOT EXISTS (
      SELECT 1 FROM json_each(?) AS other WHERE NOT EXISTS (
        SELECT 1 FROM words AS also WHERE also.term = other.value AND also.final_id = words.final_id))
    ORDER BY final_id DESC LIMIT ?`,
  // Steps from term to term between two bounds, so that of each only the finals asked for are read.
  findBeginning: `
    WITH RECURSIVE
      begun (term) AS (
        SELECT min(term) FROM words WHERE term >= ?1 AND term < ?2
        UNION ALL
        SELECT (SELECT min(words.term) FROM words WHERE words.term > begun.term AND words.term < ?2)
        FROM begun WHERE term IS NOT NULL
      )
    SELECT id, caption FROM finals WHERE id IN (
      SELECT final_id FROM begun CROSS JOIN words ON words.term = begun.term
      WHERE final_id >= ?3 AND final_id < ?4)
    ORDER BY id DESC LIMIT ?5`,
  // From each name it steps to the next in the index: what it costs grows with the meetings, not with their finals.
  meetings: `
    WITH RECURSIVE
      names (name) AS (
        SELECT (SELECT min(meeting) FROM finals WHERE meeting > ?1)
        UNION ALL
        SELECT (SELECT min(meeting) FROM finals WHERE meeting > name) FROM names WHERE name IS NOT NULL
        LIMIT ?2
      )
    SELECT
      name AS meeting,
      (
        SELECT spoken_at_ms FROM finals WHERE meeting = name AND caption ->> 'text' <> ''
        ORDER BY spoken_at_ms DESC LIMIT 1
      ) AS lastSpokenAtMs
    FROM names WHERE name IS NOT NULL`,
  summary: `
    SELECT
      spoken_at_ms AS spokenAtMs,
      caption_id AS captionId,
      caption ->> 'speaker' AS speaker,
      caption ->> 'text' <> '' AS hasText
    FROM finals WHERE meeting = ? AND (spoken_at_ms, caption_id) > (?, ?)
    ORDER BY spoken_at_ms, caption_id LIMIT ?`,
  exportAll: `
    SELECT caption FROM finals
    WHERE (meeting, spoken_at_ms, caption_id) > (?, ?, ?) AND caption ->> 'text' <> ''
    ORDER BY meeting, spoken_at_ms, caption_id LIMIT ?`,
  exportMeeting: `
    SELECT caption FROM finals
    WHERE meeting = ? AND (spoken_at_ms, caption_id) > (?, ?) AND caption ->> 'text' <> ''
    ORDER BY spoken_at_ms, caption_id LIMIT ?`,
  deleteFinalsOfMeeting: `
    DELETE FROM finals WHERE id IN (SELECT id FROM finals WHERE meeting = ? LIMIT ${MAX_DELETED_AT_ONCE})`,
  deleteStreamsOfMeeting: `
    DELETE FROM streams WHERE stream_id IN (
      SELECT stream_id FROM streams WHERE record ->> 'meeting' = ? LIMIT ${MAX_DELETED_AT_ONCE})`,
  keepStream: `
    INSERT INTO streams (stream_id, token_hash, changed_at_ms, record) VALUES (?, ?, ?, ?)
    ON CONFLICT (stream_id) DO UPDATE SET
      token_hash = excluded.token_hash,
      changed_at_ms = excluded.changed_at_ms,
      record = excluded.record
    WHERE excluded.record ->> 'resumptions' >= streams.record ->> 'resumptions'`,
  forgetStream: "DELETE FROM streams WHERE stream_id = ? AND record ->> 'resumptions' <= ?",
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
