import type Database from 'libsql';

/** The file has taken steps that this version does not know. */
export class NewerSchemaError extends Error {
  override readonly name = 'NewerSchemaError';
  readonly code = 'NEWER_SCHEMA';

  constructor(version: number, known: number) {
    super(`Its schema has version ${version}, and this one knows up to ${known}.`);
  }
}

/**
 * Brings a file's schema up to date: all steps it lacks, or none. Of several processes that do so at once, one takes the
 * steps and the others find them taken.
 * @param migrations every step there is, oldest first.
 * @throws {NewerSchemaError}
 */
export function migrate(database: Database.Database, migrations: readonly string[]): void {
  if (versionOf(database) === migrations.length) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    // Another process may have been there first.
    const version = versionOf(database);
    if (version > migrations.length) throw new NewerSchemaError(version, migrations.length);
    for (const step of migrations.slice(version)) database.exec(step);
    database.exec(`PRAGMA user_version = ${migrations.length}`);
    database.exec('COMMIT');
  } catch (error) {
    if (database.inTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function versionOf(database: Database.Database): number {
  return (database.prepare('PRAGMA user_version').get() as { readonly user_version: number }).user_version;
}
