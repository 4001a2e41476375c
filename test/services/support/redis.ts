import { existsSync } from 'node:fs';
import { Redis } from 'ioredis';
import { DebianService } from './debian-service.ts';

/** Recognisable wherever it must not be. */
export const REDIS_PASSWORD = 'unspeakable-4711';

/** Where Debian's Redis is; null where it is not installed. */
export const REDIS_BINARY = existsSync('/usr/bin/redis-server') ? '/usr/bin/redis-server' : null;

/** A Redis server of the tests' own. */
export class RedisServer {
  readonly #service: DebianService;

  private constructor(service: DebianService) {
    this.#service = service;
  }

  /** Makes one and starts it. @param settings instead of those that keep what is written. */
  static async start(settings: readonly string[] = ['--appendonly', 'yes']): Promise<RedisServer> {
    const service = await DebianService.make({
      name: 'redis',
      readyLine: /Ready to accept connections/,
      command: (folder, port) => [
        ...[REDIS_BINARY!, '--bind', '127.0.0.1', '--port', String(port), '--dir', folder],
        ...['--requirepass', REDIS_PASSWORD, '--save', '', '--daemonize', 'no', ...settings],
      ],
    });
    try {
      await service.start();
    } catch (error) {
      await service.remove();
      throw error;
    }

    return new RedisServer(service);
  }

  get port(): number {
    return this.#service.port;
  }

  get url(): string {
    return `redis://:${REDIS_PASSWORD}@127.0.0.1:${this.port}/0`;
  }

  kill(): Promise<void> {
    return this.#service.end('SIGKILL');
  }

  /** After it was killed. */
  startAgain(): Promise<void> {
    return this.#service.start();
  }

  /** Holds it, or lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#service.signal(signal);
  }

  remove(): Promise<void> {
    return this.#service.remove();
  }
}

/** One of a server's databases, empty. @param number one for each test file. @returns its URL. */
export async function emptyDatabase(url: string, number: number): Promise<string> {
  const database = new URL(url);
  database.pathname = `/${number}`;
  const redis = new Redis(database.href);
  await redis.flushdb();
  await redis.quit();

  return database.href;
}
