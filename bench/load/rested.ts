import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadedServer } from './contenders.ts';

const LOOK_EVERY_MS = 500;
/** A ladder climbed to its top is down again sooner. */
const MOST_LOOKS = 240;

/**
 * Waits until a server has forgotten the load before: nobody speaks or waits, and service is full. What a step is given
 * must not depend on the one before it. A server that does not tell is not waited for.
 */
export async function rested(server: Pick<LoadedServer, 'metrics'>): Promise<void> {
  for (let look = 0; look < MOST_LOOKS; look++) {
    const metrics = await server.metrics();
    const busy = ['streams', 'waiting_streams', 'ladder_step'].some(
      (name) => (metrics.get(`roundtable_${name}`) ?? 0) > 0,
    );
    if (!busy) return;
    await sleep(LOOK_EVERY_MS);
  }
}
