import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../server/config/config.ts';
import { Metrics } from '../server/metrics.ts';
import { Lobby } from '../server/net/lobby.ts';
import { StaticFiles } from '../server/net/static-files.ts';
import { openDoor } from './support/front-door-rig.ts';
import { ManualClock } from './support/manual-clock.ts';
import { askRoutes } from './support/routes-rig.ts';

function setUp() {
  const clock = new ManualClock();
  const lobby = new Lobby(readConfig(), clock);

  return { clock, lobby, metrics: new Metrics(lobby) };
}

describe('/readyz', () => {
  test('asks to be asked again no sooner than streams that are refused are to come again', async () => {
    const { lobby, metrics, clock } = setUp();
    const ask = await askRoutes(lobby, metrics, clock);
    const { door } = openDoor();
    expect((await ask('/readyz')).retryAfterSeconds).toBe(door.turnAway().retryAfterMs! / 1000);
    metrics.close();
  });

  test('sends balancers elsewhere as long as threads that never answer have used up all there may be', async () => {
    const { lobby, metrics, clock } = setUp();
    const ask = await askRoutes(lobby, metrics, clock, { isStuck: () => true });
    const { status, body } = await ask('/readyz');
    expect(status).toBe('503 Service Unavailable');
    expect(JSON.parse(String(body))).toEqual({
      ready: false,
      reason: 'Threads do not answer and cannot be ended. Restart the server.',
    });
    metrics.close();
  });
});

describe('/healthz', () => {
  test('asks for a restart as long as threads that never answer have used up all there may be', async () => {
    const { lobby, metrics, clock } = setUp();
    let stuck = false;
    const ask = await askRoutes(lobby, metrics, clock, { isStuck: () => stuck });
    expect(await ask('/healthz')).toMatchObject({ status: '200 OK', body: '{"alive":true}\n' });
    stuck = true;
    const { status, body } = await ask('/healthz');
    expect(status).toBe('503 Service Unavailable');
    expect(JSON.parse(String(body))).toEqual({
      alive: false,
      reason: 'Threads do not answer and cannot be ended. Restart the server.',
    });
    metrics.close();
  });
});

describe('/', () => {
  test('is a page to browsers and text to everybody else, and text to all where there are no pages', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pages-'));
    await writeFile(join(folder, 'index.html'), '<!doctype html>');
    await writeFile(join(folder, 'favicon.svg'), '<svg/>');
    const { lobby, metrics, clock } = setUp();
    const ask = await askRoutes(lobby, metrics, clock, { pages: await StaticFiles.load(folder) });
    const accept = 'text/html,application/xhtml+xml,*/*;q=0.8';
    expect(String((await ask('/', { accept })).body)).toBe('<!doctype html>');
    expect(String((await ask('/', { accept: '*/*' })).body)).toContain('/v1/stream');
    expect((await ask('/favicon.svg')).contentType).toBe('image/svg+xml');
    const without = await askRoutes(lobby, metrics, clock);
    expect(String((await without('/', { accept })).body)).toContain('/v1/stream');
    await rm(folder, { recursive: true });
    metrics.close();
  });
});

describe('/v1/status', () => {
  test('tells how the server fares before it is ready, too', async () => {
    const { lobby, metrics, clock } = setUp();
    const ask = await askRoutes(lobby, metrics, clock);
    clock.advance(1500);
    expect(JSON.parse(String((await ask('/v1/status')).body))).toEqual({
      version: '1.2.3',
      uptimeMs: 1500,
      devices: [],
      gpus: [],
      ready: false,
      unreadyFor: 'not-ready',
      streams: { open: 0, waiting: 0, detached: 0 },
      viewers: 0,
      meetings: 0,
      ladder: { step: 'full', index: 0, service: 'full', admits: 'at once' },
      load: {
        threads: 0,
        batchesInFlight: 0,
        busyShare: { finals: 0, partials: 0 },
        backlogMs: 0,
        queuedSegments: 0,
        bufferedAudioMs: 0,
      },
      models: null,
      languages: [],
    });
    metrics.close();
  });
});
