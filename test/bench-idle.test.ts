import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { IdleReport } from '../bench/load/idle-bench.ts';
import { mostStreams, requireStreams } from '../bench/load/idle-streams.ts';
import { finish } from './support/running-server.ts';

const BENCH = fileURLToPath(new URL('../dist/bench/main.js', import.meta.url));
const bench = (...args: string[]) => finish(spawn(process.execPath, [BENCH, 'idle', ...args]));

describe.concurrent('bench idle', () => {
  it('tells what streams cost that send nothing, and that send silence', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bench-idle-'));
    const [json, chart] = [join(folder, 'idle.json'), join(folder, 'idle.svg')];
    const flags = ['--streams', '200', '--silence', '100', '--seconds', '1'];
    const { code, stdout, stderr } = await bench(...flags, '--json', json, '--chart', chart);
    expect(stderr).not.toContain('bench:');
    expect(code).toBe(0);
    expect(stdout).toContain('200 mute');
    const figures = JSON.parse(await readFile(json, 'utf8')) as IdleReport & Record<string, unknown>;
    expect(figures).toMatchObject({
      machine: { cores: expect.any(Number) },
      withinBars: expect.any(Boolean),
    });
    // The smallest ring of audio is 8 KiB, and whatever is wrong, a stream is no megabyte.
    expect(figures.mute.perStream.external).toBeGreaterThan(4000);
    expect(figures.mute.perStream.heap).toBeGreaterThan(500);
    expect(figures.mute.perStream.heap).toBeLessThan(100_000);
    expect(figures.leftPerStream.external).toBeLessThan(4000);
    expect(figures.silent!.perStream.external).toBeGreaterThan(figures.mute.perStream.external);
    // A reading of a second is of little worth, and 200 mute streams may take less than the clock's 10 ms of it.
    expect(figures.mute.cpuPercent).toBeGreaterThanOrEqual(0);
    expect(figures.silent!.cpuPercent).toBeGreaterThan(0);
    expect(await readFile(chart, 'utf8')).toContain('200 mute streams');
    await rm(folder, { recursive: true });
  });

  it('fails with the reason when the server does not keep a stream', async () => {
    const { code, stderr } = await bench(
      '--streams',
      '5',
      '--seconds',
      '1',
      '--server-flags',
      '--max-streams 2 --max-waiting-streams 0',
    );
    expect(code).toBe(1);
    expect(stderr).toContain(
      'bench: A stream was closed with 4503 too-many-streams: idle streams have to stay.',
    );
  });

  it.each([
    ['--streams', '0'],
    ['--seconds', '1.5'],
    ['--silence', 'x'],
  ])('refuses %s %s', async (flag, value) => {
    const { code, stderr } = await bench(flag, value);
    expect(code).toBe(1);
    expect(stderr).toContain('It has to be a whole number from');
  });
});

describe('requireStreams', () => {
  it('says how to raise the limit on open files', () => {
    expect(() => requireStreams(5000, 824)).toThrow(
      /allows 1024, which is enough for 824 streams: raise the limit with "ulimit -n 5200"/,
    );
  });

  it('asks nothing where the system does not say', () => {
    requireStreams(1_000_000, null);
  });

  it('knows the limit of this process on Linux', async () => {
    expect((await mostStreams()) === null).toBe(process.platform !== 'linux');
  });
});
