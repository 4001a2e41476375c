import type { Clock } from '../clock.ts';
import { Failure } from '../failure.ts';
import type { Logger } from '../log.ts';
import { PostgresStore } from './postgres-store.ts';

/** For the database to come, as it does when everything is started at once. */
const WAIT_MS = 60_000;
const RETRY_AFTER_MS = 1000;

/**
 * Opens the history in a database. One that is not there yet is waited for, for a minute: it may be starting, too. One that
 * refuses is not.
 * @throws {Failure} saying what to do.
 */
export async function openDatabase(url: string, clock: Clock, log: Logger): Promise<PostgresStore> {
  const untilMs = clock.now() + WAIT_MS;
  const database = nameOf(url);
  for (let tries = 0; ; tries++) {
    try {
      return await PostgresStore.open(url, undefined, clock);
    } catch (error) {
      if (!isAway(error) || clock.now() >= untilMs) throw explain(database, error);
      if (tries === 0)
        log.warn({ database, err: error }, 'the database cannot be reached, and is tried again for a minute');
    }
    await new Promise<void>((resolve) => clock.after(RETRY_AFTER_MS, resolve));
  }
}

/** What may be told of a URL: neither user nor password. */
function nameOf(url: string): string {
  const { host, pathname } = new URL(url);

  return `postgres://${host}${pathname}`;
}

/** Whether an error may mend itself: the network's, or that the server is starting, stopping or full. */
function isAway(error: unknown): boolean {
  const { code = '' } = error as { readonly code?: string };
  if (/^(08|53|57)/.test(code)) return true;
  // No answer at all has no code, or the operating system's.
  return code === '' || (/^E[A-Z]+(_[A-Z]+)?$/.test(code) && code !== 'ENCODING');
}

function explain(database: string, error: unknown): Failure {
  const { code = '', message = String(error) } = error as {
    readonly code?: string;
    readonly message?: string;
  };
  const problem = [...PROBLEMS].find(([kind]) => code.startsWith(kind))?.[1];
  const sentence = problem
    ? `The database ${database} ${problem(code, message)}`
    : `The database ${database} cannot be reached (${code || message.split('\n')[0]}). Start it, or mend the address in --database-url`;

  return new Failure(`${sentence}, or keep transcripts in a file with --database-url none.`, {
    cause: error,
  });
}

type Problem = (code: string, message: string) => string;

const refuses: Problem = (code) => `refuses the user or the password (${code}). Mend them in --database-url`;
const missing: Problem = (code) => `does not exist (${code}). Make it with createdb`;
const forbidden: Problem = (code) =>
  `lets this user make no tables (${code}). Make the user the database's owner`;
const encoding: Problem = (_, message) =>
  `cannot hold every language. ${message} Make it anew with createdb -E UTF8`;
const newer: Problem = (_, message) =>
  `was written by a newer version of Roundtable. ${message} Run that version`;

/** By how the code begins. */
const PROBLEMS: ReadonlyMap<string, Problem> = new Map([
  ['28', refuses],
  ['3D000', missing],
  ['42501', forbidden],
  ['ENCODING', encoding],
  ['NEWER_SCHEMA', newer],
]);
