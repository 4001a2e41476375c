import type Database from 'libsql';

/** Whoever reads at this moment is mostly done by then; the thread waits as long. */
const WAIT_MS = 250;

/**
 * Empties the journal of a file, which otherwise holds what was deleted until that has been written over.
 * @param busyTimeoutMs what the connection waits at other times.
 * @returns false where another process reads what is in it.
 */
export function truncateJournal(database: Database.Database, busyTimeoutMs: number): boolean {
  database.prepare(`PRAGMA busy_timeout = ${Math.min(WAIT_MS, busyTimeoutMs)}`).get();
  const { busy } = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() as { readonly busy: number };
  database.prepare(`PRAGMA busy_timeout = ${busyTimeoutMs}`).get();

  return busy === 0;
}
