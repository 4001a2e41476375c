import { closeSync, openSync } from 'node:fs';
import Database from 'libsql';
import { migrate } from '../sqlite/migrate.ts';
import { truncateJournal } from '../sqlite/truncate-journal.ts';
import type { JobResult } from './job-queue.ts';
import type { JobChange, StoredJob } from './job-storage.ts';

/** The schema, step by step, as in the history's file: released steps never change. */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE jobs (id TEXT NOT NULL PRIMARY KEY, number INTEGER NOT NULL, job TEXT NOT NULL) STRICT;
  CREATE TABLE results (id TEXT NOT NULL PRIMARY KEY, result TEXT NOT NULL) STRICT;
  `,
];

/** The file is one process's, but somebody may look into it, or back it up. */
const BUSY_TIMEOUT_MS = 1000;
/** As in the history's file, for the same reasons. */
const PRAGMAS = [
  `busy_timeout = ${BUSY_TIMEOUT_MS}`,
  'journal_mode = WAL',
  'synchronous = NORMAL',
  'secure_delete = ON',
  'journal_size_limit = 16777216',
];

const STATEMENTS = {
  load: 'SELECT job FROM jobs ORDER BY number',
  keepJob: `
    INSERT INTO jobs (id, number, job) VALUES (?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET job = excluded.job`,
  keepResult: `
    INSERT INTO results (id, result) VALUES (?, ?)
    ON CONFLICT (id) DO UPDATE SET result = excluded.result`,
  deleteJob: 'DELETE FROM jobs WHERE id = ?',
  deleteResult: 'DELETE FROM results WHERE id = ?',
  result: 'SELECT result FROM results WHERE id = ?',
} as const;

interface Connection {
  readonly database: Database.Database;
  readonly statements: Readonly<Record<keyof typeof STATEMENTS, Database.Statement>>;
}

/** Another process has the queue of this folder. */
export class QueueTakenError extends Error {
  override readonly name = 'QueueTakenError';
  readonly code = 'QUEUE_TAKEN';

  constructor() {
    super('Another server works for the queue of this data folder.');
  }
}

/**
 * The queue's jobs in one SQLite file, which is one process's at a time. Each method blocks its thread until the disk has
 * answered; after a failure the connection is given up, as that of `SqliteDatabase` is.
 */
export class JobDatabase {
  readonly #file: string;
  /** Holds a lock on a file beside it, which the operating system lets go of whatever ends the process. */
  #lock: Database.Database | null = null;
  #connection: Connection | null = null;
  /** Whether the journal may hold what was deleted; a process before this one may have left it. */
  #isUnclean = true;

  constructor(file: string) {
    this.#file = file;
  }

  /** @throws {QueueTakenError} */
  load(): readonly StoredJob[] {
    return this.#use(({ statements }) =>
      statements.load.all().map((row) => JSON.parse((row as { readonly job: string }).job) as StoredJob),
    );
  }

  write(changes: readonly JobChange[]): void {
    this.#use((connection) => {
      const { database } = connection;
      database.exec('BEGIN IMMEDIATE');
      for (const change of changes) make(change, connection);
      database.exec('COMMIT');
    });
    if (changes.some(({ type }) => type === 'delete')) this.#isUnclean = true;
  }

  /**
   * Sees to it that what was deleted is gone from the journal, too.
   * @returns false where another program reads it there.
   */
  clean(): boolean {
    if (this.#isUnclean)
      this.#isUnclean = !this.#use(({ database }) => truncateJournal(database, BUSY_TIMEOUT_MS));

    return !this.#isUnclean;
  }

  result(id: string): JobResult | null {
    const row = this.#use(({ statements }) => statements.result.get(id));

    return row ? (JSON.parse((row as { readonly result: string }).result) as JobResult) : null;
  }

  close(): void {
    if (this.#connection) {
      this.#use(({ database }) => database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get());
      this.#disconnect();
    }
    this.#lock?.close();
    this.#lock = null;
  }

  #use<T>(work: (connection: Connection) => T): T {
    this.#lock ??= lock(`${this.#file}.lock`);
    this.#connection ??= connect(this.#file);
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
      if (database.inTransaction) database.exec('ROLLBACK');
    } catch {
      // What went wrong before says more.
    }
    database.close();
  }
}

function make(change: JobChange, { statements }: Connection): void {
  if (change.type === 'delete') {
    statements.deleteJob.run(change.id);
    statements.deleteResult.run(change.id);
  } else {
    const { stored, result } = change;
    const { id } = stored.job;
    statements.keepJob.run(id, stored.number, JSON.stringify(stored));
    if (result) statements.keepResult.run(id, JSON.stringify(result));
  }
}

function open(file: string): Database.Database {
  // By ourselves, so that nobody else may read it.
  closeSync(openSync(file, 'a', 0o600));

  return new Database(file);
}

function connect(file: string): Connection {
  const database = open(file);
  try {
    for (const pragma of PRAGMAS) database.prepare(`PRAGMA ${pragma}`).get();
    migrate(database, MIGRATIONS);
    const prepared = Object.entries(STATEMENTS).map(([name, sql]) => [name, database.prepare(sql)]);

    return { database, statements: Object.fromEntries(prepared) as Connection['statements'] };
  } catch (error) {
    database.close();
    throw error;
  }
}

function lock(file: string): Database.Database {
  const database = open(file);
  try {
    database.exec('BEGIN EXCLUSIVE');

    return database;
  } catch (error) {
    database.close();
    const { code } = error as { readonly code?: unknown };
    throw String(code).startsWith('SQLITE_BUSY') ? new QueueTakenError() : error;
  }
}
