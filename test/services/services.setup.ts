import type { TestProject } from 'vitest/node';
import { POSTGRES_BINARIES, PostgresServer } from './support/postgres.ts';
import { REDIS_BINARY, RedisServer } from './support/redis.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A database on a server that all test files share; null where there is none. */
    postgresUrl: string | null;
    /** Likewise. */
    redisUrl: string | null;
  }
}

/** Starts what the tests of services share, as far as it is installed. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const postgres = POSTGRES_BINARIES ? await PostgresServer.start() : null;
  if (!postgres)
    console.log("Tests with PostgreSQL are skipped: Debian's package postgresql is not installed.");
  const redis = REDIS_BINARY ? await RedisServer.start() : null;
  if (!redis) console.log("Tests with Redis are skipped: Debian's package redis-server is not installed.");
  project.provide('postgresUrl', postgres?.url ?? null);
  project.provide('redisUrl', redis?.url ?? null);

  return async () => {
    await Promise.all([postgres?.remove(), redis?.remove()]);
  };
}
