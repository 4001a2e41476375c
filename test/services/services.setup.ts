import type { TestProject } from 'vitest/node';
import { POSTGRES_BINARIES, PostgresServer } from './support/postgres.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A database on a server that all test files share; null where there is none. */
    postgresUrl: string | null;
  }
}

/** Starts what the tests of services share, as far as it is installed. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const postgres = POSTGRES_BINARIES ? await PostgresServer.start() : null;
  if (!postgres)
    console.log("Tests with PostgreSQL are skipped: Debian's package postgresql is not installed.");
  project.provide('postgresUrl', postgres?.url ?? null);

  return async () => {
    await postgres?.remove();
  };
}
