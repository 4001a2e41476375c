import { Redis } from 'ioredis';
import { StreamError } from '../../errors.ts';
import { SCRIPTS, type ScriptName } from './scripts.ts';

/** What all keys of the queue begin with; the braces keep them on one machine of a cluster. */
export const PREFIX = '{roundtable}';
const ROOT = `${PREFIX}:queue`;

/** What is not answered by then will not be, as a rule. */
const ANSWER_MS = 5000;
const CONNECT_MS = 5000;
/** Between two tries to connect. */
const MAX_RETRY_AFTER_MS = 1000;
/** Of a process that ends, for what is on its way. */
const QUIT_MS = 500;

/** A value of an answer. */
export type Value = string | number | null;

/** Told how the connection fares. */
export interface LinkListener {
  /** Somebody has told something. */
  onMessage(text: string): void;
  /** Redis can be reached, for the first time or again; what was told meanwhile was missed. */
  onReady(): void;
  /** It cannot be, or a connection failed. Called again and again. */
  onError(error: Error): void;
}

/** The connections of one node to Redis: one to ask on, and one to hear on. Both are made again whenever they are lost. */
export class RedisLink {
  /** For those that speak the protocol themselves. Fails at once what is asked while Redis is away. */
  readonly redis: Redis;
  readonly #subscriber: Redis;
  readonly #channel: string;

  /** @param url `redis://` or `rediss://`. */
  constructor(url: string, listener: LinkListener) {
    const { pathname } = new URL(url);
    // All databases of a server share their channels.
    this.#channel = `${ROOT}:changes:${pathname.slice(1) || '0'}`;
    const shared = {
      connectTimeout: CONNECT_MS,
      retryStrategy: (tries: number) => Math.min(MAX_RETRY_AFTER_MS, 50 * 2 ** Math.min(tries, 10)),
    };
    this.redis = new Redis(url, {
      ...shared,
      // Whoever asks tries again, or tells the client to: nothing waits here, without bounds and unseen.
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: ANSWER_MS,
      scripts: Object.fromEntries(
        Object.entries(SCRIPTS).map(([name, lua]) => [name, { lua, numberOfKeys: 1 }]),
      ),
    });
    this.#subscriber = new Redis(url, { ...shared, maxRetriesPerRequest: null, autoResubscribe: false });
    this.redis.on('error', (error) => listener.onError(bare(error)));
    this.#subscriber.on('error', (error) => listener.onError(bare(error)));
    this.#subscriber.on('message', (_, text) => listener.onMessage(text));
    let isHearing = false;
    const ready = () => {
      if (isHearing && !this.isAway) listener.onReady();
    };
    this.redis.on('ready', ready);
    this.#subscriber.on('close', () => {
      isHearing = false;
    });
    this.#subscriber.on('ready', () => {
      this.#subscriber.subscribe(this.#channel).then(
        () => {
          isHearing = true;
          ready();
        },
        () => {},
      );
    });
  }

  /** Whether Redis cannot be asked now. */
  get isAway(): boolean {
    return this.redis.status !== 'ready';
  }

  /** Runs a script. @throws {StreamError} `queue-away`. */
  async run(name: ScriptName, ...args: readonly (string | number)[]): Promise<readonly Value[]> {
    const redis = this.redis as unknown as Record<
      ScriptName,
      (root: string, ...args: readonly (string | number)[]) => Promise<readonly Value[] | Value>
    >;
    const answer = await this.ask(() => redis[name](ROOT, ...args));

    return Array.isArray(answer) ? answer : [answer as Value];
  }

  /** Likewise, for scripts that tell of the change. */
  tell(name: ScriptName, ...args: readonly (string | number)[]): Promise<readonly Value[]> {
    return this.run(name, ...args, this.#channel);
  }

  /** Tells all nodes something that is no change of a job. */
  async call(text: string): Promise<void> {
    await this.ask(() => this.redis.publish(this.#channel, text));
  }

  /** Name of a key of the queue's own. */
  key(...names: readonly string[]): string {
    return [ROOT, ...names].join(':');
  }

  /** Asks something. @throws {StreamError} `queue-away` whatever goes wrong, with that as its cause. */
  async ask<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question();
    } catch (error) {
      const cause = bare(error);
      throw new StreamError('queue-away', undefined, { cause, retryAfterMs: MAX_RETRY_AFTER_MS });
    }
  }

  /** Idempotent. */
  async close(): Promise<void> {
    let cancel = () => {};
    const late = new Promise((resolve) => {
      const timer = setTimeout(resolve, QUIT_MS);
      cancel = () => clearTimeout(timer);
    });
    await Promise.race([this.redis.quit().catch(() => {}), late]);
    cancel();
    this.redis.disconnect();
    this.#subscriber.disconnect();
  }
}

/** An error without the command that it carries: its arguments are passwords, and what people have said. */
export function bare(error: unknown): Error {
  const { message, stack, code } = error as Error & { readonly code?: unknown };
  const copy = new Error(message);
  if (stack !== undefined) copy.stack = stack;

  return code === undefined ? copy : Object.assign(copy, { code });
}
