import { Client } from 'pg';
import { DebianService, versionedBinaries } from './debian-service.ts';

/** Recognisable wherever it must not be. */
export const PASSWORD = 'unspeakable-0815';

/** Where Debian's PostgreSQL is; null where it is not installed. */
export const POSTGRES_BINARIES = versionedBinaries('postgresql');

let databases = 0;

/** A PostgreSQL server of the tests' own. */
export class PostgresServer {
  readonly #service: DebianService;

  private constructor(service: DebianService) {
    this.#service = service;
  }

  /** Makes one and starts it. */
  static async start(): Promise<PostgresServer> {
    const service = await DebianService.make({
      name: 'postgres',
      readyLine: /database system is ready to accept connections/,
      command: (folder, port) => [
        ...[`${POSTGRES_BINARIES}/postgres`, '-D', `${folder}/data`, '-p', String(port), '-k', ''],
        // A process that is killed loses nothing by it, and the tests' disk need not be waited for.
        ...['-c', 'fsync=off', '-c', 'shared_buffers=32MB'],
      ],
    });
    try {
      const passwords = service.writeFile('password', `${PASSWORD}\n`);
      const initialise = [`${POSTGRES_BINARIES}/initdb`, '-D', `${service.folder}/data`, '-U', 'roundtable'];
      const access = ['--auth=scram-sha-256', `--pwfile=${passwords}`];
      service.runOnce([...initialise, ...access, '--locale=C', '--encoding=UTF8', '--no-sync']);
      await service.start();
    } catch (error) {
      await service.remove();
      throw error;
    }

    return new PostgresServer(service);
  }

  /** Of the database that is always there. */
  get url(): string {
    return urlOf(this.#service.port, 'postgres');
  }

  /** Kills it with all of its processes. */
  kill(): Promise<void> {
    return this.#service.end('SIGKILL');
  }

  /** After it was killed. */
  startAgain(): Promise<void> {
    return this.#service.start();
  }

  /** Holds all of its processes, or lets them go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#service.signal(signal);
  }

  remove(): Promise<void> {
    return this.#service.remove();
  }
}

/** Makes an empty database. @param url of another one on the same server. @returns its URL. */
export async function newDatabase(url: string, settings = ''): Promise<string> {
  const name = `test_${process.pid}_${databases++}`;
  await query(url, `CREATE DATABASE ${name} ${settings}`);

  return urlOf(Number(new URL(url).port), name);
}

/** Runs one statement on a connection of its own. */
export async function query(url: string, statement: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(statement)).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

function urlOf(port: number, database: string): string {
  return `postgres://roundtable:${PASSWORD}@127.0.0.1:${port}/${database}`;
}
