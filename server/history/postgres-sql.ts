import { MAX_DELETED_AT_ONCE } from './history-store.ts';

/**
 * The schema, step by step; released steps never change. Everything is in a PostgreSQL schema of its own, `roundtable`.
 *
 * Captions and records are JSON, as text: they come back as they were written. Columns beside it are what they are found by,
 * compared by their bytes wherever the database was made. Statistics on `words` are what search is planned by.
 */
export const POSTGRES_MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE roundtable.finals (
    id bigserial PRIMARY KEY,
    caption_id text COLLATE "C" NOT NULL UNIQUE,
    stream_id text COLLATE "C" NOT NULL,
    meeting text COLLATE "C" NOT NULL,
    speaker text COLLATE "C" NOT NULL,
    end_ms bigint NOT NULL,
    spoken_at_ms bigint NOT NULL,
    stored_at_ms bigint NOT NULL,
    has_text boolean NOT NULL,
    caption text NOT NULL,
    words tsvector NOT NULL
  );
  CREATE INDEX finals_by_meeting ON roundtable.finals (meeting, spoken_at_ms, caption_id);
  CREATE INDEX finals_by_stream ON roundtable.finals (stream_id, end_ms);
  CREATE INDEX finals_by_age ON roundtable.finals (stored_at_ms);
  CREATE INDEX finals_by_words ON roundtable.finals USING gin (words);

  -- A record changes about once a second: without an index on the time of its change PostgreSQL can do that in its page.
  CREATE TABLE roundtable.streams (
    stream_id text COLLATE "C" PRIMARY KEY,
    token_hash text COLLATE "C" NOT NULL,
    meeting text COLLATE "C" NOT NULL,
    changed_at_ms bigint NOT NULL,
    record text NOT NULL
  ) WITH (fillfactor = 50);
  CREATE INDEX streams_by_token ON roundtable.streams (token_hash);
  CREATE INDEX streams_by_meeting ON roundtable.streams (meeting);
  `,
  `
  ALTER TABLE roundtable.finals ADD COLUMN resumptions integer NOT NULL DEFAULT 0;
  ALTER TABLE roundtable.streams ADD COLUMN resumptions integer NOT NULL DEFAULT 0;
  `,
];

/** Clocks that differ by less are the same: what was asked may have been on its way for so long. */
const SAME_CLOCK_MS = 60_000;

/**
 * How far the database's clock is ahead of that of whoever asks: with one that is wrong, a server would delete what the
 * others have only just stored. @param asked the parameter with the time of asking.
 */
function clockCte(asked: string): string {
  return `
      measured (ahead_ms) AS (
        SELECT (extract(epoch FROM statement_timestamp()) * 1000)::bigint - ${asked}::bigint
      ),
      clock (ahead_ms) AS (
        SELECT CASE WHEN abs(ahead_ms) < ${SAME_CLOCK_MS} THEN 0 ELSE ahead_ms END FROM measured
      )`;
}

/** Statements by what they do. Whole numbers come as float8, which JavaScript's numbers are. */
export const POSTGRES_STATEMENTS = {
  // All of a group in one statement, which is its own transaction: one way to the server and back. Rows are locked in the
  // order of their names, so that no two servers wait for each other, and numbered in that of the changes.
  write: `
    WITH ${clockCte('$19')},
      kept AS (
        INSERT INTO roundtable.finals
          (id, caption_id, stream_id, meeting, speaker, end_ms, spoken_at_ms, has_text, caption, words, resumptions,
            stored_at_ms)
        SELECT numbered.*, $1::bigint + (SELECT ahead_ms FROM clock) FROM (
          SELECT
            nextval('roundtable.finals_id_seq'), caption_id, stream_id, meeting, speaker, end_ms, spoken_at_ms,
            has_text, caption, words::tsvector, resumptions
          FROM unnest(
            $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::boolean[], $9::text[],
            $10::text[], $11::integer[]
          ) AS new (caption_id, stream_id, meeting, speaker, end_ms, spoken_at_ms, has_text, caption, words, resumptions)
        ) AS numbered
        ORDER BY caption_id COLLATE "C"
        ON CONFLICT (caption_id) DO UPDATE SET
          stream_id = excluded.stream_id,
          meeting = excluded.meeting,
          speaker = excluded.speaker,
          end_ms = excluded.end_ms,
          spoken_at_ms = excluded.spoken_at_ms,
          stored_at_ms = excluded.stored_at_ms,
          has_text = excluded.has_text,
          caption = excluded.caption,
          words = excluded.words,
          resumptions = excluded.resumptions
        WHERE excluded.resumptions >= finals.resumptions
      ),
      recorded AS (
        INSERT INTO roundtable.streams (stream_id, token_hash, meeting, changed_at_ms, record, resumptions)
        SELECT stream_id, token_hash, meeting, $1::bigint + (SELECT ahead_ms FROM clock), record, resumptions
        FROM unnest($12::text[], $13::text[], $14::text[], $15::text[], $16::integer[])
          AS new (stream_id, token_hash, meeting, record, resumptions)
        ORDER BY stream_id COLLATE "C"
        ON CONFLICT (stream_id) DO UPDATE SET
          token_hash = excluded.token_hash,
          meeting = excluded.meeting,
          changed_at_ms = excluded.changed_at_ms,
          record = excluded.record,
          resumptions = excluded.resumptions
        WHERE excluded.resumptions >= streams.resumptions
        RETURNING stream_id
      ),
      forgotten AS (
        DELETE FROM roundtable.streams USING unnest($17::text[], $18::integer[]) AS gone (stream_id, resumptions)
        WHERE streams.stream_id = gone.stream_id AND streams.resumptions <= gone.resumptions
      )
    SELECT stream_id AS "leftOut" FROM unnest($12::text[]) AS asked (stream_id)
    WHERE stream_id NOT IN (SELECT stream_id FROM recorded)`,
  findStream: 'SELECT record FROM roundtable.streams WHERE token_hash = $1',
  finalsOfStream: `
    SELECT caption FROM roundtable.finals
    WHERE stream_id = $1 AND end_ms > $2 AND end_ms <= $3 ORDER BY end_ms`,
  finalsOfMeeting: `
    SELECT caption FROM roundtable.finals
    WHERE meeting = $1 AND spoken_at_ms >= $2 AND (spoken_at_ms, caption_id) < ($3, $4) AND has_text
    ORDER BY spoken_at_ms DESC, caption_id DESC LIMIT $5`,
  search: `
    SELECT id::float8 AS id, caption FROM roundtable.finals
    WHERE words @@ $1::tsquery AND id < $2
    ORDER BY roundtable.finals.id DESC LIMIT $3`,
  searchMeeting: `
    SELECT id::float8 AS id, caption FROM roundtable.finals
    WHERE words @@ $1::tsquery AND id < $2 AND meeting = $4
    ORDER BY roundtable.finals.id DESC LIMIT $3`,
  // From each name it steps to the next in the index: what it costs grows with the meetings, not with their finals.
  meetings: `
    WITH RECURSIVE
      names (name) AS (
        (SELECT meeting FROM roundtable.finals ORDER BY meeting LIMIT 1)
        UNION ALL
        SELECT (SELECT meeting FROM roundtable.finals WHERE meeting > name ORDER BY meeting LIMIT 1)
        FROM names WHERE name IS NOT NULL
      ),
      places (name, spoken_at_ms) AS (
        SELECT name, (
          SELECT spoken_at_ms FROM roundtable.finals WHERE meeting = name AND has_text
          ORDER BY spoken_at_ms DESC LIMIT 1)
        FROM names
      ),
      page AS (
        SELECT * FROM places WHERE spoken_at_ms IS NOT NULL AND (spoken_at_ms, name) < ($1, $2)
        ORDER BY spoken_at_ms DESC, name DESC LIMIT $3
      )
    SELECT
      name AS meeting,
      summary.*,
      page.spoken_at_ms::float8 AS "lastSpokenAtMs"
    FROM page CROSS JOIN LATERAL (
      SELECT
        min(spoken_at_ms)::float8 AS "firstSpokenAtMs",
        count(*)::float8 AS captions,
        array_agg(DISTINCT speaker) AS speakers
      FROM roundtable.finals WHERE meeting = name AND has_text
    ) AS summary
    ORDER BY page.spoken_at_ms DESC, name DESC`,
  exportAll: `
    SELECT caption FROM roundtable.finals
    WHERE (meeting, spoken_at_ms, caption_id) > ($1, $2, $3) AND has_text
    ORDER BY meeting, spoken_at_ms, caption_id LIMIT $4`,
  exportMeeting: `
    SELECT caption FROM roundtable.finals
    WHERE meeting = $1 AND (spoken_at_ms, caption_id) > ($2, $3) AND has_text
    ORDER BY spoken_at_ms, caption_id LIMIT $4`,
  // What another server is deleting at this moment is left to it.
  deleteBefore: `
    WITH ${clockCte('$3')},
      finals AS (
        DELETE FROM roundtable.finals WHERE id IN (
          SELECT id FROM roundtable.finals WHERE stored_at_ms < $1::bigint + (SELECT ahead_ms FROM clock)
          ORDER BY stored_at_ms LIMIT ${MAX_DELETED_AT_ONCE} FOR UPDATE SKIP LOCKED)
        RETURNING 1
      ),
      streams AS (
        DELETE FROM roundtable.streams WHERE stream_id IN (
          SELECT stream_id FROM roundtable.streams WHERE changed_at_ms < $2::bigint + (SELECT ahead_ms FROM clock)
          ORDER BY changed_at_ms LIMIT ${MAX_DELETED_AT_ONCE} FOR UPDATE SKIP LOCKED)
        RETURNING 1
      )
    SELECT ((SELECT count(*) FROM finals) + (SELECT count(*) FROM streams))::float8 AS deleted`,
  deleteMeeting: `
    WITH
      finals AS (
        DELETE FROM roundtable.finals WHERE id IN (
          SELECT id FROM roundtable.finals WHERE meeting = $1
          ORDER BY caption_id LIMIT ${MAX_DELETED_AT_ONCE} FOR UPDATE)
        RETURNING 1
      ),
      streams AS (
        DELETE FROM roundtable.streams WHERE stream_id IN (
          SELECT stream_id FROM roundtable.streams WHERE meeting = $1
          ORDER BY stream_id LIMIT ${MAX_DELETED_AT_ONCE} FOR UPDATE)
        RETURNING 1
      )
    SELECT ((SELECT count(*) FROM finals) + (SELECT count(*) FROM streams))::float8 AS deleted`,
} as const;
