import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { finish, startRoundtable } from './support/running-server.ts';

const BENCH = fileURLToPath(new URL('../dist/bench/main.js', import.meta.url));

describe.concurrent('benches under load', () => {
  let folder: string;
  const bench = (...args: string[]) => finish(spawn(process.execPath, [BENCH, ...args]));
  const file = (name: string) => join(folder, name);
  const readJson = async (name: string) => JSON.parse(await readFile(file(name), 'utf8'));

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roundtable-bench-'));
  });

  afterAll(() => rm(folder, { recursive: true }));

  it('capacity reports what it held, with the same words as one stream alone', async () => {
    const files = ['--json', file('capacity.json'), '--chart', file('capacity.svg')];
    const few = ['--seconds', '4', '--max-streams', '4', '--message-ms', '20'];
    const { code, stdout, stderr } = await bench('capacity', ...few, '--no-peer', ...files);
    expect(stderr).toContain('roundtable, 4 streams: finals p95 ');
    expect(code).toBe(0);
    expect(stdout).toMatch(/roundtable: [04] streams on time/);
    const figures = await readJson('capacity.json');
    expect(figures).toMatchObject({ peerOnTimeStreams: null, seconds: 4, clips: 4 });
    expect(figures.dutyCycle).toBeGreaterThan(0.15);
    expect(figures.dutyCycle).toBeLessThan(0.25);
    const [step] = figures.steps;
    // Whether it was on time is the machine's affair; that nothing was lost is not.
    expect(step).toMatchObject({ streams: 4, unbalanced: 0, droppedMs: 0, errors: {}, lessThanFull: 0 });
    expect(step.wholeTurns).toBe(step.plannedTurns);
    expect(step.finals.count).toBeGreaterThan(0);
    expect(step.partials.p95).toBeGreaterThan(0);
    expect(figures.overheadShare).toBeGreaterThan(0);
    expect(step.overheadShare).toBeLessThan(1);
    if (step.onTime) expect(step.wordErrorRate).toBe(step.aloneWordErrorRate);
    expect(await readFile(file('capacity.svg'), 'utf8')).toContain('Partial lag, p95, ms');
  });

  it('latency measures a server that runs already', async () => {
    const server = await startRoundtable();
    try {
      const few = ['--streams', '2', '--participants', '2', '--seconds', '4'];
      const files = ['--json', file('latency.json'), '--chart', file('latency.svg')];
      const { code, stdout } = await bench('latency', '--url', server.socketUrl, ...few, ...files);
      expect(code).toBe(0);
      expect(stdout).toContain('roundtable: finals, ms from the end of speech');
      const { finals, partials, peer } = await readJson('latency.json');
      expect(peer).toBeNull();
      expect(partials['end to end'].count).toBeGreaterThan(0);
      // A final waits for the silence that ends it.
      expect(finals['end to end'].p50).toBeGreaterThan(500);
    } finally {
      await server.stop();
    }
  });

  it.each([
    [['--message-ms', '33'], 'It has to be a multiple of 5.'],
    [['--participants', '0'], 'It has to be a whole number from 1 to 100.'],
    [['--url', 'http://127.0.0.1:1'], '--url has to begin with ws:// or wss://, unlike http://127.0.0.1:1.'],
  ])('capacity refuses %j', async (flags, sentence) => {
    const { code, stderr } = await bench('capacity', ...flags);
    expect(code).toBe(1);
    expect(stderr).toContain(sentence);
  });
});
