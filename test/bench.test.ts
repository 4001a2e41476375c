import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeWhole } from '../bench/accuracy/whole-clips.ts';
import { loadMoonshine } from '../inference/moonshine/load-moonshine.ts';
import type { Recognizer } from '../inference/recognizer.ts';
import { Failure } from '../server/failure.ts';
import { writeWav } from './fixtures/audio/write-wav.ts';
import { encode, silence } from './support/audio.ts';
import { rebuiltMoonshine } from './support/models.ts';
import { finish } from './support/running-server.ts';

const BENCH = fileURLToPath(new URL('../dist/bench/main.js', import.meta.url));

describe.concurrent('bench', () => {
  const bench = (...args: string[]) => finish(spawn(process.execPath, [BENCH, ...args]));

  it('names its commands', async () => {
    const { code, stdout } = await bench('--help');
    expect(code).toBe(0);
    expect(stdout).toContain('  accuracy ');
  });

  it.each(['abc', '0', '65', '1.5', ''])('accuracy refuses --streams %j', async (count) => {
    const { code, stderr } = await bench('accuracy', '--data', 'nowhere', '--streams', count);
    expect(code).toBe(1);
    expect(stderr).toContain('It has to be a whole number from 1 to 64.');
  });
});

describe('decodeWhole', () => {
  let folder: string;
  let model: Recognizer;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roundtable-bench-'));
    model = await loadMoonshine(await rebuiltMoonshine(), 'cpu');
  });

  afterAll(async () => {
    await model.close();
    await rm(folder, { recursive: true });
  });

  async function silent(ms: number): Promise<string> {
    const path = join(folder, `${ms}.wav`);
    await writeFile(path, writeWav({ tag: 1, bits: 16 }, encode('pcm_s16le', silence(ms))));

    return path;
  }

  it('refuses a clip longer than the model takes as something to leave out, not as a fault', async () => {
    const path = await silent(30_100);
    await expect(decodeWhole(model, path)).rejects.toThrow(
      new Failure(`${path} lasts 30.1 s, and the model takes 30 s in one piece.`),
    );
  });

  it('takes one exactly as long', async () => {
    expect(await decodeWhole(model, await silent(30_000))).toBe('');
  });
});
