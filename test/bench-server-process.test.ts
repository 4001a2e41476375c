import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { byLabel, parseMetrics } from '../bench/load/prometheus.ts';
import {
  ATTENDANT,
  roundtableCommand,
  type ServerProcess,
  startServerProcess,
} from '../bench/load/server-process.ts';
import { finish } from './support/running-server.ts';

describe('parseMetrics', () => {
  const samples = parseMetrics(`# HELP cpu Seconds.
# TYPE cpu counter
cpu{part="vad"} 1.5
cpu{part="inference"} 20
cpu{part="vad",kind="x"} 9
streams 3
`);

  it('reads names, labels and values', () => {
    expect(samples.get('streams')).toBe(3);
    expect(samples.size).toBe(4);
  });

  it('finds the values of one label', () => {
    expect(byLabel(samples, 'cpu', 'part')).toEqual({ vad: 1.5, inference: 20 });
  });
});

describe('A server process', () => {
  let server: ServerProcess;

  beforeAll(async () => {
    server = await startServerProcess(roundtableCommand([], ATTENDANT));
  });

  afterAll(() => server.stop());

  it('tells what it uses', async () => {
    expect((await server.metrics()).get('roundtable_streams')).toBe(0);
    expect((await server.cpu()).total).toBeGreaterThan(0.1);
    const { rssBytes, pssBytes } = await server.memory();
    expect(rssBytes).toBeGreaterThan(50e6);
    expect(pssBytes).toBeLessThanOrEqual(rssBytes);
  });

  it('collects its garbage when told', async () => {
    const { heapUsed } = await server.collectGarbage();
    expect(heapUsed).toBeGreaterThan(1e6);
  });

  it.runIf(process.platform === 'linux')('stores in a folder of its own, which goes with it', async () => {
    const own = await startServerProcess(roundtableCommand());
    const environment = readFileSync(`/proc/${own.pid}/environ`, 'utf8').split('\0');
    const dataDir = environment.find((text) => text.startsWith('ROUNDTABLE_DATA_DIR='))!.split('=')[1]!;
    expect(existsSync(join(dataDir, 'history.db'))).toBe(true);
    await own.stop();
    expect(existsSync(dataDir)).toBe(false);
  });

  it('is refused to garbage collectors that were not asked for', async () => {
    const plain = await startServerProcess(roundtableCommand());
    await expect(plain.collectGarbage()).rejects.toThrow('without its attendant');
    await plain.stop();
    await plain.stop();
    expect(await plain.exited).toBe(0);
  });

  it('that cannot start says why', async () => {
    await expect(startServerProcess(roundtableCommand(['--max-streams', '0']))).rejects.toThrow(
      /ended with 1 instead of starting:\n.*--max-streams/,
    );
    await expect(startServerProcess(['/nowhere/node'])).rejects.toThrow('The server cannot be started');
  });

  it.each([
    ['an exception', 'throw new Error("over")', 1],
    ['Ctrl-C', 'process.kill(process.pid, "SIGINT"); await new Promise((r) => setTimeout(r, 60_000))', 130],
  ])('ends with its bench at %s', async (_, ending, expected) => {
    const module = new URL('../dist/bench/load/server-process.js', import.meta.url);
    const script = `import { roundtableCommand, startServerProcess } from '${module}';
      const server = await startServerProcess(roundtableCommand());
      console.log(server.pid);
      ${ending};`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
    });
    const { code, stdout } = await finish(child);
    expect(code).toBe(expected);
    await vi.waitFor(() => expect(isRunning(Number(stdout))).toBe(false), 5000);
  });
});

/** A process that has ended and waits for somebody to ask how counts as ended. */
function isRunning(pid: number): boolean {
  expect(pid).toBeGreaterThan(0);
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}
