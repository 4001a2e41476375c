import { describe, expect, test } from 'vitest';
import { readConfig } from '../server/config/config.ts';
import { httpRoutes } from '../server/http-routes.ts';
import { Metrics } from '../server/metrics.ts';
import { Lobby } from '../server/net/lobby.ts';
import { openDoor } from './support/front-door-rig.ts';
import { ManualClock } from './support/manual-clock.ts';

describe('/readyz', () => {
  test('asks to be asked again no sooner than streams that are refused are to come again', async () => {
    const clock = new ManualClock();
    const lobby = new Lobby(readConfig(), clock);
    const metrics = new Metrics(lobby);
    const answer = await httpRoutes(lobby, metrics, () => false)['/readyz']!();
    const { door } = openDoor();
    expect(answer.retryAfterSeconds).toBe(door.turnAway().retryAfterMs! / 1000);
    metrics.close();
  });
});

describe('/healthz', () => {
  test('asks for a restart as long as threads that never answer have used up all there may be', async () => {
    const lobby = new Lobby(readConfig(), new ManualClock());
    const metrics = new Metrics(lobby);
    let stuck = false;
    const healthz = httpRoutes(lobby, metrics, () => stuck)['/healthz']!;
    expect(await healthz()).toMatchObject({ status: '200 OK', body: '{"alive":true}\n' });
    stuck = true;
    const { status, body } = await healthz();
    expect(status).toBe('503 Service Unavailable');
    expect(JSON.parse(body)).toEqual({
      alive: false,
      reason: 'Threads do not answer and cannot be ended. Restart the server.',
    });
    metrics.close();
  });
});

describe('/readyz', () => {
  test('sends balancers elsewhere as long as threads that never answer have used up all there may be', async () => {
    const lobby = new Lobby(readConfig(), new ManualClock());
    const metrics = new Metrics(lobby);
    const { status, body } = await httpRoutes(lobby, metrics, () => true)['/readyz']!();
    expect(status).toBe('503 Service Unavailable');
    expect(JSON.parse(body)).toEqual({
      ready: false,
      reason: 'Threads do not answer and cannot be ended. Restart the server.',
    });
    metrics.close();
  });
});
