import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { DeviceReport } from '../../server/devices/device-report.ts';
import { type Clip, readClips } from '../support/audio.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';
import { speak, wordErrorShare } from './speech.ts';

const FAKE_GPU = fileURLToPath(new URL('./fake-gpu.cjs', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'roundtable-gpu-'));
const file = join(folder, 'command');
let server: RunningServer;
let clips: readonly Clip[];

beforeAll(async () => {
  clips = await readClips();
});

afterEach(() => server.stop());

afterAll(() => rmSync(folder, { recursive: true }));

/** A server that believes in GPUs. */
async function startOnGpu(devices: string): Promise<void> {
  order('works');
  const environment = { NODE_OPTIONS: `--require ${FAKE_GPU}`, FAKE_GPU: file };
  server = await startRoundtable(['--devices', devices], environment);
}

/** What the GPUs are to do from now on. */
function order(command: 'works' | 'full' | 'lost' | 'dies'): void {
  writeFileSync(file, command);
}

async function ask<T>(path: string): Promise<T> {
  return (await (await fetch(`${server.url}${path}`)).json()) as T;
}

const devices = async () => (await ask<DeviceReport>('/v1/status')).devices;

/** Several speak at once, and all is heard. */
async function expectHeard(): Promise<void> {
  const spoken = [clips[0]!, clips[1]!, clips[3]!];
  const clients = await Promise.all(spoken.map(({ samples }) => speak(server, samples)));
  for (const [i, client] of clients.entries()) {
    expect(client.all('error')).toEqual([]);
    expect(wordErrorShare(client, spoken[i]!.reference)).toBeLessThanOrEqual(0.25);
    expect(client.all('done')[0]!.droppedMs).toBe(0);
  }
}

const warnings = () => server.log.filter((line) => line.includes('runs on the processor'));

describe('A server that is asked for a GPU', () => {
  it('captions on the processor where there is none, and says so once in its log, and to whoever asks', async () => {
    server = await startRoundtable(['--devices', 'cuda:0,cpu']);
    const why =
      "onnxruntime's CUDA provider, or a library that it needs, is missing: `roundtable devices` says which.";
    const expected = [
      { asked: 'cuda:0', runs: 'cpu', why },
      { asked: 'cpu', runs: 'cpu', why: null },
    ];
    expect(await devices()).toEqual(expected);
    expect(await ask('/readyz')).toMatchObject({ ready: true, devices: expected });
    expect(warnings()).toHaveLength(1);
    await expectHeard();
    expect(warnings()).toHaveLength(1);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toContain('roundtable_inference_threads{asked="cuda:0",runs="cpu"} 1');
  });

  it('captions there while that works, and loses nothing when its memory is full or it is gone', async () => {
    await startOnGpu('cuda:0*2');
    expect(await devices()).toEqual(new Array(2).fill({ asked: 'cuda:0', runs: 'cuda:0', why: null }));
    await expectHeard();
    expect(warnings()).toEqual([]);
    order('full');
    await expectHeard();
    expect(await devices()).toContainEqual({ asked: 'cuda:0', runs: 'cpu', why: 'Its memory is full.' });
    order('lost');
    await expectHeard();
    order('works');
    await expectHeard();
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toMatch(/^roundtable_segments_given_up_total 0$/m);
    expect(metrics).not.toMatch(/^roundtable_decode_failures_total\{.*\} [1-9]/m);
  });

  it('replaces a thread that died on its GPU by one on the processor', async () => {
    await startOnGpu('cuda:0');
    order('dies');
    await expectHeard();
    expect(await devices()).toEqual([
      { asked: 'cuda:0', runs: 'cpu', why: 'Its thread died, or did not answer.' },
    ]);
    expect(warnings()).toHaveLength(1);
  });
});
