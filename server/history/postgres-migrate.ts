import type { ClientBase, QueryConfig } from 'pg';
import { NewerSchemaError } from '../sqlite/migrate.ts';
import { POSTGRES_MIGRATIONS } from './postgres-sql.ts';

/** Of everybody who brings a Roundtable schema up to date; the number means nothing. */
export const MIGRATION_LOCK = 7_263_846_019;
/** A step may take its time, as may another server whose steps are waited for. */
const MIGRATION_TIMEOUT_MS = 600_000;
/** After the server should have given a statement up by itself. */
const LATE_ANSWER_MS = 10_000;

/**
 * Brings the schema up to date: all steps that it lacks, or none. Of several servers that start at once, one takes the steps
 * and the others find them taken.
 * @param migrations every step there is, oldest first.
 * @throws {NewerSchemaError}
 */
export async function migratePostgres(
  client: ClientBase,
  migrations: readonly string[] = POSTGRES_MIGRATIONS,
): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(`SET LOCAL statement_timeout = ${MIGRATION_TIMEOUT_MS}`);
    // Until the transaction ends, however it does.
    await patiently(client, `SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`);
    const version = await versionOf(client);
    if (version > migrations.length) throw new NewerSchemaError(version, migrations.length);
    for (const step of migrations.slice(version)) await patiently(client, step);
    await client.query('UPDATE roundtable.schema SET version = $1 WHERE version <> $1', [migrations.length]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
}

/** However soon the client gives other statements up; the types of pg do not know that a query may say so. */
async function patiently(client: ClientBase, text: string): Promise<void> {
  await client.query({ text, query_timeout: MIGRATION_TIMEOUT_MS + LATE_ANSWER_MS } as QueryConfig);
}

/** Steps taken so far. */
async function versionOf(client: ClientBase): Promise<number> {
  const { rows } = await client.query("SELECT to_regclass('roundtable.schema') IS NOT NULL AS exists");
  if (!rows[0].exists) {
    await client.query('CREATE SCHEMA IF NOT EXISTS roundtable');
    await client.query('CREATE TABLE roundtable.schema (version integer NOT NULL)');
    await client.query('INSERT INTO roundtable.schema VALUES (0)');
  }
  const found = await client.query('SELECT version FROM roundtable.schema');

  return found.rows[0].version as number;
}
