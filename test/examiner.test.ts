import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Examiner } from '../server/jobs/examiner.ts';
import { readClips } from './support/audio.ts';
import { ManualClock } from './support/manual-clock.ts';
import { settle } from './support/settle.ts';

const THREAD = new URL('../dist/server/jobs/examiner-thread.js', import.meta.url);
const MAX_MS = 60_000;
const clips = await readClips();
const clip = clips[0]!;

/** An ffmpeg that says nothing, and ends when it is killed. */
const SILENT = 'exec sleep 60';
/** One whose child goes on when it is killed, and keeps what is read open. */
const STUBBORN = 'sleep 15';

describe('The examiner of recordings', () => {
  let folder: string;
  let foreign: string;
  let clock: ManualClock;
  let examiner: Examiner;

  /** Moves the clock, letting the thread answer in between. */
  async function pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 1000) {
      clock.advance(1000);
      await settle();
    }
  }

  /** Puts an ffmpeg of its own before that of the system. */
  async function useFfmpeg(does: string): Promise<string> {
    const startedPath = join(folder, 'started');
    await writeFile(join(folder, 'ffmpeg'), `#!/bin/sh\necho > '${startedPath}'\n${does}\n`);
    await chmod(join(folder, 'ffmpeg'), 0o755);
    vi.stubEnv('PATH', `${folder}${delimiter}${process.env.PATH}`);

    return startedPath;
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roundtable-examiner-'));
    foreign = join(folder, 'talk.mp3');
    await writeFile(foreign, 'ID3 and something that only ffmpeg can tell');
    clock = new ManualClock();
    examiner = new Examiner(THREAD, clock);
  });

  afterEach(async () => {
    await examiner.close();
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  test('tells how long a recording is', async () => {
    const { signal } = new AbortController();
    const examined = await examiner.examine(clip.path, MAX_MS, signal, () => {});
    expect(examined.audioHash).toMatch(/^[0-9a-f]{64}$/);
    expect(examined.lengthMs).toBeGreaterThan(1000);
  });

  test('shows for those who wait that they live, while the one before yields nothing', async () => {
    await useFfmpeg(SILENT);
    const { signal } = new AbortController();
    const alive = { hanging: 0, waiting: 0 };
    const hanging = examiner.examine(foreign, MAX_MS, signal, () => alive.hanging++).catch(() => {});
    const waiting = examiner.examine(clip.path, MAX_MS, signal, () => alive.waiting++);
    await pass(30_000);
    expect(alive).toEqual({ hanging: 0, waiting: 30 });
    await pass(30_000);
    await Promise.all([hanging, waiting]);
  });

  test('gives a recording up that yields nothing for a minute, and goes on with the next one', async () => {
    await useFfmpeg(SILENT);
    const { signal } = new AbortController();
    const hanging = examiner.examine(foreign, MAX_MS, signal, () => {});
    const next = examiner.examine(clip.path, MAX_MS, signal, () => {});
    await Promise.all([expect(hanging).rejects.toMatchObject({ code: 'job-stalled' }), pass(60_000)]);
    expect((await next).lengthMs).toBeGreaterThan(1000);
  });

  test('replaces a thread that does not let go of a recording that nobody wants any more', async () => {
    const startedPath = await useFfmpeg(STUBBORN);
    const abort = new AbortController();
    const hanging = examiner.examine(foreign, MAX_MS, abort.signal, () => {});
    const next = examiner.examine(clip.path, MAX_MS, new AbortController().signal, () => {});
    await expect
      .poll(() =>
        rm(startedPath).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    abort.abort(new Error('Cancelled.'));
    await expect(hanging).rejects.toThrow('Cancelled.');
    await pass(6000);
    expect((await next).lengthMs).toBeGreaterThan(1000);
  });
});
