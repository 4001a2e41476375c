import { Pool } from 'pg';

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
