import { closeSync, openSync } from 'node:fs';
import Database from 'libsql';
import { migrate } from '../sqlite/migrate.ts';
import { MIGRATIONS, PRAGMAS, STATEMENTS } from './sql.ts';

/** A database file, open and up to date, with its statements prepared. */
export interface Connection {
  readonly database: Database.Database;
  readonly statements: Readonly<Record<keyof typeof STATEMENTS, Database.Statement>>;
}

/** Between two tries to open a file that another process is busy with. */
const RETRY_AFTER_MS = 25;

/**
 * Opens a file, and makes it when there is none. Blocks its thread while another process is busy with the file.
 * @param busyTimeoutMs how long at most, here and at every statement.
 * @throws errors with a `code`: SQLite's, the operating system's, or `NEWER_SCHEMA`.
 */
export function connect(file: string, busyTimeoutMs: number): Connection {
  const untilMs = performance.now() + busyTimeoutMs;
  for (;;) {
    try {
      return tryConnect(file, busyTimeoutMs);
    } catch (error) {
      // Where two make the file at once, SQLite refuses one of them without waiting.
      if (!isBusy(error) || performance.now() >= untilMs) throw error;
      sleep(RETRY_AFTER_MS);
    }
  }
}

function tryConnect(file: string, busyTimeoutMs: number): Connection {
  // By ourselves, so that its errors are the operating system's, and nobody else may read what was said. SQLite gives its
  // journals the same rights.
  closeSync(openSync(file, 'a', 0o600));
  const database = new Database(file);
  try {
    for (const pragma of [`busy_timeout = ${busyTimeoutMs}`, ...PRAGMAS])
      database.prepare(`PRAGMA ${pragma}`).get();
    migrate(database, MIGRATIONS);
    const prepared = Object.entries(STATEMENTS).map(([name, sql]) => [name, database.prepare(sql)]);

    return { database, statements: Object.fromEntries(prepared) as Connection['statements'] };
  } catch (error) {
    database.close();
    throw error;
  }
}

function isBusy(error: unknown): boolean {
  return String((error as { readonly code?: unknown }).code).startsWith('SQLITE_BUSY');
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), 0, 0, ms);
}
