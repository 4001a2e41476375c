import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { countWordErrors } from '../../bench/word-error-rate.ts';
import { type Clip, encode, readClips } from '../support/audio.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';

const run = promisify(execFile);
const FOLDER = fileURLToPath(new URL('livekit/', import.meta.url));
/** Behind the speech: a pause that ends it. */
const PAUSE_SECONDS = 2;

let server: RunningServer;
let folder: string;
let clip: Clip;

beforeAll(async () => {
  [clip] = (await readClips()) as [Clip];
  server = await startRoundtable();
  folder = await mkdtemp(join(tmpdir(), 'roundtable-livekit-'));
});

afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true });
});

/** Runs a program with the clip, at a rate. @returns the lines that it prints. */
async function hear(program: string, url: string, rate: number): Promise<readonly string[]> {
  const padded = new Float32Array(clip.samples.length + PAUSE_SECONDS * 16_000);
  padded.set(clip.samples);
  const file = join(folder, `${rate}.pcm`);
  await writeFile(file, encode('pcm_s16le', atRate(padded, rate)));
  const { stdout } = await run(process.execPath, [program, url, file], { cwd: FOLDER });

  return stdout.trim().split('\n');
}

/** By the nearest sample between: speech stays speech. */
function atRate(samples: Float32Array, rate: number): Float32Array {
  const scale = 16_000 / rate;

  return Float32Array.from(
    { length: Math.floor(samples.length / scale) },
    (_, i) => samples[Math.floor(i * scale)]!,
  );
}

function wordErrorShare(text: string): number {
  const { errors, words } = countWordErrors(clip.reference, text);

  return errors / words;
}

describe.skipIf(inject('livekitMissing') !== '')("LiveKit's agents", () => {
  it('hear a stream as Deepgram would tell it', async () => {
    const [live] = await hear('deepgram.mjs', server.socketUrl, 16_000);
    expect(wordErrorShare(live!)).toBeLessThan(0.3);
  });

  it('hear a recording and a stream as OpenAI would tell them', async () => {
    const [recorded, live] = await hear('openai.mjs', server.url, 24_000);
    expect(wordErrorShare(recorded!)).toBeLessThan(0.3);
    expect(wordErrorShare(live!)).toBeLessThan(0.3);
  });
});
