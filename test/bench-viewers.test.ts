import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ViewersReport } from '../bench/load/viewers-bench.ts';
import { finish } from './support/running-server.ts';

const BENCH = fileURLToPath(new URL('../dist/bench/main.js', import.meta.url));
const bench = (...args: string[]) => finish(spawn(process.execPath, [BENCH, 'viewers', ...args]));

describe.concurrent('bench viewers', () => {
  it('tells what viewers cost, and that every caption came to each of them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bench-viewers-'));
    const [json, chart] = [join(folder, 'viewers.json'), join(folder, 'viewers.svg')];
    const { code, stdout, stderr } = await bench(
      '--viewers',
      '50',
      '--seconds',
      '5',
      '--json',
      json,
      '--chart',
      chart,
    );
    expect(stderr).not.toContain('bench:');
    expect(code).toBe(0);
    expect(stdout).toContain('50 viewers');
    const figures = JSON.parse(await readFile(json, 'utf8')) as ViewersReport & Record<string, unknown>;
    expect(figures).toMatchObject({ viewers: 50, incomplete: 0, machine: { cores: expect.any(Number) } });
    expect(figures.captions).toBeGreaterThan(2);
    expect(figures.partials.count).toBeGreaterThanOrEqual(50);
    expect(figures.partials.count % 50).toBe(0);
    expect(figures.finals.count % 50).toBe(0);
    expect(figures.without.total).toBeGreaterThan(0);
    expect(await readFile(chart, 'utf8')).toContain('50 viewers');
    await rm(folder, { recursive: true });
  });

  it('fails with the reason when the server does not take them', async () => {
    const { code, stderr } = await bench(
      '--viewers',
      '3',
      '--seconds',
      '1',
      '--server-flags',
      '--max-viewers 2',
    );
    expect(code).toBe(1);
    expect(stderr).toContain('bench: A viewer was closed with 4503 too-many-viewers: viewers have to stay.');
  });
});
