import type { Clock } from '../../clock.ts';
import type { Config } from '../../config/options.ts';
import { Failure } from '../../failure.ts';
import type { Logger } from '../../log.ts';
import type { HttpRoutes } from '../../net/http.ts';
import type { QueueObserver } from '../embedded-queue.ts';
import type { QueueRules } from '../job-queue.ts';
import { AdminPassword } from './admin-password.ts';
import { bullBoardRoutes } from './bull-board.ts';
import { BullmqQueue } from './bullmq-queue.ts';

/** For Redis to answer as the server starts; it may come later. */
const WAIT_MS = 5000;
/** Older ones lack what the queue needs. */
const LEAST_VERSION = [6, 2] as const;

/**
 * Opens this server's node of the queue in Redis. Where Redis is not there yet the queue is away until it is, and the server
 * starts all the same: live captions need none.
 * @throws {Failure} where Redis refuses the user or the password, is too old, or there is no password for operators.
 */
export async function openRedisQueue(
  { redisUrl, adminPasswordFile }: Pick<Config, 'redisUrl' | 'adminPasswordFile'>,
  rules: QueueRules,
  clock: Clock,
  observer: QueueObserver,
  log: Logger,
): Promise<{ readonly queue: BullmqQueue; readonly routes: HttpRoutes }> {
  const password = adminPasswordFile === 'none' ? null : await AdminPassword.load(adminPasswordFile);
  const redis = nameOf(redisUrl);
  let settle: (refusal: string | null) => void = () => {};
  const settled = new Promise<string | null>((resolve) => {
    settle = resolve;
  });
  const cancel = clock.after(WAIT_MS, () => settle(null));
  const queue = new BullmqQueue({
    ...{ url: redisUrl, rules, clock },
    observer: {
      ...observer,
      away: (err) => {
        if (/^(WRONGPASS|NOAUTH|NOPERM|ERR AUTH|ERR invalid password)/.test(err.message)) settle(err.message);
        log.warn({ redis, err }, 'Redis cannot be reached: the queue of recordings is away until it can be');
      },
      back: () => {
        settle(null);
        log.info({ redis }, 'Redis is reached');
        // Told again each time: it may be another one, or set up anew.
        lookAt(queue, redis, log).catch(() => {});
      },
    },
  });
  try {
    const refusal = await settled;
    if (refusal !== null)
      throw new Failure(
        `Redis at ${redis} refuses the user or the password (${refusal.split(' ')[0]}). Mend them in --redis-url.`,
      );
    await requireVersion(queue, redis);

    return { queue, routes: password ? await board(queue, password) : {} };
  } catch (error) {
    await queue.close();
    throw error;
  } finally {
    cancel();
  }
}

async function board(queue: BullmqQueue, password: AdminPassword): Promise<HttpRoutes> {
  const routes = await bullBoardRoutes(queue.boards);

  return Object.fromEntries(
    Object.entries(routes).map(([path, route]) => [path, password.protect(route)] as const),
  );
}

/** @throws {Failure} where it is known to be too old. */
async function requireVersion(queue: BullmqQueue, redis: string): Promise<void> {
  const info = await queue.info().catch(() => null);
  const [major = 0, minor = 0] = (fieldOf(info ?? '', 'redis_version') ?? '').split('.').map(Number);
  const [leastMajor, leastMinor] = LEAST_VERSION;
  if (major === 0 || major > leastMajor || (major === leastMajor && minor >= leastMinor)) return;
  throw new Failure(
    `Redis at ${redis} is version ${major}.${minor}. The queue needs ${LEAST_VERSION.join('.')} or newer.`,
  );
}

/** Warns of settings by which Redis would lose what was promised. */
async function lookAt(queue: BullmqQueue, redis: string, log: Logger): Promise<void> {
  const info = await queue.info();
  if (fieldOf(info, 'aof_enabled') === '0')
    log.warn({ redis }, 'Redis forgets recordings of the queue when it ends: set appendonly to yes there');
  const policy = fieldOf(info, 'maxmemory_policy') ?? 'noeviction';
  if (policy !== 'noeviction')
    log.warn({ redis, policy }, 'Redis may drop recordings of the queue: set maxmemory-policy to noeviction');
}

function fieldOf(info: string, name: string): string | null {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? null;
}

/** What may be told of a URL: neither user nor password. */
function nameOf(url: string): string {
  const { protocol, host, pathname } = new URL(url);

  return `${protocol}//${host}${pathname}`;
}
