import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countWordErrors } from '../../bench/word-error-rate.ts';
import { writeWav } from '../fixtures/audio/write-wav.ts';
import { type Clip, encode, readClips } from '../support/audio.ts';
import { type RunningServer, startRoundtable } from '../support/running-server.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PAGE = await readFile(join(ROOT, 'docs/dialects.md'), 'utf8');
const EXAMPLES = [...PAGE.matchAll(/^(\S+).*:\n\n```js\n([\s\S]*?)^```$/gm)].map(([, whose, code]) => ({
  whose: whose!,
  code: code!,
}));

let server: RunningServer;
let folder: string;
let clip: Clip;

beforeAll(async () => {
  [clip] = (await readClips()) as [Clip];
  server = await startRoundtable();
  folder = await mkdtemp(join(tmpdir(), 'roundtable-dialects-'));
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(
    join(folder, 'speech.wav'),
    writeWav({ tag: 1, bits: 16 }, encode('pcm_s16le', clip.samples)),
  );
});

afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true });
});

describe('The page on dialects', () => {
  it('has an example for each', () => {
    expect(EXAMPLES.map(({ whose }) => whose)).toEqual(["Deepgram's", "OpenAI's", "FunASR's", "Vosk's"]);
  });

  it.each(EXAMPLES)('$whose example prints what was said', async ({ code }) => {
    await writeFile(join(folder, 'example.mjs'), code.replaceAll('127.0.0.1:8080', new URL(server.url).host));
    const { stdout } = await run(process.execPath, ['example.mjs'], { cwd: folder });
    const { errors, words } = countWordErrors(clip.reference, stdout.replaceAll('\n', ' '));
    expect(errors / words).toBeLessThan(0.3);
  });
});
