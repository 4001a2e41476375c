import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SoakSample } from '../bench/load/soak-bench.ts';
import type { SoakFigures } from '../bench/load/soak-figures.ts';
import { slope } from '../bench/load/trend.ts';
import { finish } from './support/running-server.ts';

const BENCH = fileURLToPath(new URL('../dist/bench/main.js', import.meta.url));
const bench = (...args: string[]) => finish(spawn(process.execPath, [BENCH, 'soak', ...args]));

describe('slope', () => {
  it('is that of a line, whatever else has no number', () => {
    const number = fc.integer({ min: -1000, max: 1000 });
    fc.assert(
      fc.property(number, number, fc.uniqueArray(number, { minLength: 2 }), (rise, offset, xs) => {
        const points = xs.map((x) => [x, offset + rise * x] as const);
        expect(slope([...points, [5, Number.NaN]])).toBeCloseTo(rise, 6);
      }),
    );
  });

  it('weighs scatter on both sides alike', () => {
    expect(
      slope([
        [0, 1],
        [0, -1],
        [1, 3],
        [1, 1],
      ]),
    ).toBeCloseTo(2);
  });

  it('is unknown of one point', () => {
    expect(slope([[3, 4]])).toBeNaN();
    expect(slope([])).toBeNaN();
  });
});

describe('bench soak', () => {
  it('holds streams whose inference threads are killed, and tells what that cost', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bench-soak-'));
    const [json, chart] = [join(folder, 'soak.json'), join(folder, 'soak.svg')];
    const load = ['--hours', '0.0011', '--streams', '4', '--kill-every-s', '2'];
    const { code, stdout, stderr } = await bench(...load, '--json', json, '--chart', chart);
    expect(stderr).not.toContain('bench:');
    expect(code).toBe(0);
    expect(stdout).toContain('4 streams for 0.1 minutes');
    const figures = JSON.parse(await readFile(json, 'utf8')) as SoakFigures & {
      readonly samples: readonly SoakSample[];
    };
    expect(figures).toMatchObject({
      alive: true,
      streamsClosed: 0,
      unbalancedStreams: 0,
      imbalanceSamples: 0,
    });
    // How many orders fall into the window is a matter of moments, and a last one may come to nothing.
    expect(figures.threadCrashes).toBeGreaterThan(0);
    expect(figures.threadCrashes).toBeLessThanOrEqual(figures.killsAsked);
    expect(figures.lostCaptions).toBe(0);
    expect(figures.samples.length).toBeGreaterThan(5);
    for (const { rssBytes } of figures.samples) expect(rssBytes).toBeGreaterThan(50e6);
    expect(await readFile(chart, 'utf8')).toContain('95th percentile of delays');
    await rm(folder, { recursive: true });
  });

  it.each([
    ['--hours', '0', 'It has to be a number of hours above 0'],
    ['--kill-every-s', '-1', 'It has to be a whole number from 0'],
  ])('refuses %s %s', async (flag, value, sentence) => {
    const { code, stderr } = await bench(flag, value);
    expect(code).toBe(1);
    expect(stderr).toContain(sentence);
  });
});
