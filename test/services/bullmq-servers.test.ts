import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { JobResult } from '../../server/jobs/job-queue.ts';
import { clipRecording, jobUntil, postJob, recordingForm, submitJob } from '../integration/jobs.ts';
import { speak, textOf } from '../integration/speech.ts';
import { type Clip, readClips } from '../support/audio.ts';
import { readMetric } from '../support/metrics.ts';
import { type RunningServer, runRoundtable, startRoundtable } from '../support/running-server.ts';
import { emptyDatabase, REDIS_PASSWORD, RedisServer } from './support/redis.ts';

const shared = inject('redisUrl');
const OPERATOR = 'operators, and nobody else';

describe.skipIf(!shared)('Servers that share a queue in Redis', () => {
  let folder: string;
  let clips: readonly Clip[];
  let servers: RunningServer[] = [];

  /** One with a data folder of its own. */
  const start = async (url: string, ...flags: string[]) => {
    const dataDir = await mkdtemp(join(folder, 'data-'));
    const recordings = ['--recordings-dir', join(folder, 'recordings')];
    const server = await startRoundtable(
      ['--data-dir', dataDir, ...recordings, '--max-running-jobs', '1', '--devices', 'cpu', ...flags],
      { ROUNDTABLE_REDIS_URL: url },
    );
    servers.push(server);

    return server;
  };
  const stopAll = async () => {
    await Promise.all(servers.map((server) => server.stop()));
    // Whatever went wrong, no password is told.
    for (const { log } of servers) expect(log.join('\n')).not.toContain(REDIS_PASSWORD);
    servers = [];
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roundtable-fleet-'));
    clips = await readClips();
  });

  afterAll(() => rm(folder, { recursive: true }));

  it('caption recordings on all of them, and what a killed one had on another', async () => {
    const url = await emptyDatabase(shared!, 3);
    const [a, b] = [await start(url), await start(url)];
    const ids: string[] = [];
    for (let i = 0; i < 6; i++) ids.push((await submitJob(a.url, clipRecording(clips, i, 6, i))).id);
    await expect
      .poll(async () => (await readMetric(b.url, 'roundtable_jobs_running')) === 2, { timeout: 20_000 })
      .toBe(true);
    const running = (await (await fetch(`${a.url}/v1/jobs?state=running`)).json()) as { jobs: object[] };
    expect(running.jobs).toHaveLength(2);
    // Both have segments of recordings by now, or will have.
    for (const { url: at } of [a, b])
      await expect
        .poll(() => readMetric(at, 'roundtable_batch_segments_count'), { timeout: 30_000 })
        .toBeGreaterThan(0);
    b.process.kill('SIGKILL');
    await b.exited;
    const attempts: number[] = [];
    for (const id of ids) {
      const job = await jobUntil(a.url, id);
      expect(job.state).toBe('completed');
      attempts.push(job.attempts);
      const result = await fetch(`${a.url}/v1/jobs/${id}/result.json`);
      const { captions, text } = (await result.json()) as JobResult;
      expect(text).not.toBe('');
      expect(new Set(captions.map(({ captionId }) => captionId)).size).toBe(captions.length);
    }
    // What the killed one ran was tried again, and nothing else.
    expect(attempts.sort()).toEqual([1, 1, 1, 1, 1, 2]);
    await expect
      .poll(async () =>
        (await readdir(join(folder, 'recordings'))).filter((name) => name !== 'callback-secret'),
      )
      .toEqual([]);
    await stopAll();
  }, 180_000);

  it('caption live streams while Redis is away, and take recordings again when it is back', async () => {
    const redis = await RedisServer.start();
    const server = await start(redis.url);
    const { id } = await submitJob(server.url, clipRecording(clips, 0, 1, 0));
    await jobUntil(server.url, id);
    await redis.kill();
    const refused = await postJob(server.url, recordingForm(clipRecording(clips, 1, 1, 0)));
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).not.toBeNull();
    expect(await refused.text()).toContain('cannot be reached now');
    expect((await fetch(`${server.url}/v1/jobs/${id}`)).status).toBe(503);
    expect(textOf(await speak(server, clips[0]!.samples))).not.toBe('');
    await redis.startAgain();
    await expect.poll(async () => (await fetch(`${server.url}/v1/jobs/${id}`)).status).toBe(200);
    const next = await submitJob(server.url, clipRecording(clips, 1, 1, 0));
    expect((await jobUntil(server.url, next.id)).state).toBe('completed');
    expect(await readdir(join(folder, 'recordings'))).toEqual(['callback-secret']);
    await stopAll();
    await redis.remove();
  });

  it('start without Redis, and have a queue once it is there; one that forgets is warned of', async () => {
    const redis = await RedisServer.start(['--appendonly', 'no', '--maxmemory-policy', 'allkeys-lru']);
    await redis.kill();
    const server = await start(redis.url);
    expect((await fetch(`${server.url}/v1/jobs`)).status).toBe(503);
    await redis.startAgain();
    await expect.poll(async () => (await fetch(`${server.url}/v1/jobs`)).status).toBe(200);
    await expect.poll(() => server.log.join('\n')).toContain('set appendonly to yes');
    expect(server.log.join('\n')).toContain('set maxmemory-policy to noeviction');
    await stopAll();
    await redis.remove();
  });

  it('end with a sentence where Redis refuses them, or they have no folder to share', async () => {
    const wrong = shared!.replace(REDIS_PASSWORD, `${REDIS_PASSWORD}x`);
    const serve = ['serve', '--port', '0', '--data-dir', folder];
    const refused = await runRoundtable([...serve, '--redis-url', wrong, '--recordings-dir', folder]);
    expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code: 1, stdout: '' });
    expect(refused.stderr.split('\n')).toContain(
      `roundtable: Redis at redis://${new URL(shared!).host}/0 refuses the user or the password (WRONGPASS). Mend them in --redis-url.`,
    );
    expect(refused.stderr).not.toContain(REDIS_PASSWORD);
    const homeless = await runRoundtable([...serve, '--redis-url', shared!]);
    expect(homeless).toMatchObject({ code: 1, stdout: '' });
    expect(homeless.stderr).toContain('A queue in Redis needs --recordings-dir');
  });

  it('show operators Bull Board, and nobody else, and load it from nowhere else', async () => {
    const file = join(folder, 'operators');
    await writeFile(file, `${OPERATOR}\n`);
    const server = await start(await emptyDatabase(shared!, 3), '--admin-password-file', file);
    const { id } = await submitJob(server.url, clipRecording(clips, 0, 1, 0));
    await jobUntil(server.url, id);
    const ask = (path: string, password = OPERATOR, method = 'GET') =>
      fetch(`${server.url}/admin/queues${path}`, {
        method,
        headers: { authorization: `Basic ${Buffer.from(`anybody:${password}`).toString('base64')}` },
      });
    for (const path of ['', '/', '/api/queues', '/static/favicon.ico']) {
      const refused = await fetch(`${server.url}/admin/queues${path}`);
      expect(refused.status).toBe(401);
      expect(refused.headers.get('www-authenticate')).toContain('Basic');
      expect((await ask(path, `${OPERATOR}.`)).status).toBe(401);
      expect((await ask(path)).status).toBe(200);
    }
    const page = await ask('');
    const text = await page.text();
    expect(text).not.toMatch(/(src|href)="(https?:)?\/\//);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    for (const [, path] of text.matchAll(/(?:src|href)="(static\/[^"]+)"/g))
      expect([path, (await ask(`/${path}`)).status]).toEqual([path, 200]);
    expect((await ask('/static/..%2f..%2fpackage.json')).status).toBe(404);
    const told = await (await ask('/api/queues?activeQueue=recordings&status=completed')).text();
    expect(told).toContain(id);
    expect(told).not.toContain('talk');
    for (const method of ['PUT', 'POST', 'DELETE'])
      expect((await ask('/api/queues/pause', OPERATOR, method)).status).toBe(404);
    await stopAll();
  });
});
