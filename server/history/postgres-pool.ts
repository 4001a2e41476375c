import { Pool } from 'pg';
import { PostgresStoreError } from './postgres-error.ts';
import { migratePostgres } from './postgres-migrate.ts';

/** How long is waited for the database. */
export interface PostgresTimeouts {
  /** For a connection, be it a new one or one of the pool's that is free. */
  readonly connectMs: number;
  /** After which the server gives a statement up. */
  readonly statementMs: number;
  /** After which the connection is given up: the server, or the network, says nothing at all. */
  readonly answerMs: number;
}

const IDLE_TIMEOUT_MS = 60_000;

/** @param connections at most. */
export function newPool(
  url: string,
  { connectMs, statementMs, answerMs }: PostgresTimeouts,
  connections: number,
): Pool {
  const pool = new Pool({
    connectionString: url,
    application_name: 'roundtable',
    max: connections,
    connectionTimeoutMillis: connectMs,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    statement_timeout: statementMs,
    query_timeout: answerMs,
    idle_in_transaction_session_timeout: answerMs,
    keepAlive: true,
  });
  // A connection that nobody uses broke: the next call makes a new one.
  pool.on('error', () => {});

  return pool;
}

/** Brings the schema up to date, where the database is one that can hold it. @throws {PostgresStoreError} `ENCODING`. */
export async function prepareDatabase(pool: Pool): Promise<void> {
  const client = await pool.connect();
  let fault: Error | undefined;
  try {
    const { rows } = await client.query('SHOW server_encoding');
    const encoding = rows[0].server_encoding as string;
    if (encoding !== 'UTF8')
      throw new PostgresStoreError('ENCODING', `Its encoding is ${encoding}, and has to be UTF8.`);
    await migratePostgres(client);
  } catch (error) {
    fault = error as Error;
    throw error;
  } finally {
    client.release(fault);
  }
}
