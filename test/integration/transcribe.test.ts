import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join as joinPath } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countWordErrors } from '../../bench/word-error-rate.ts';
import { writeWav } from '../fixtures/audio/write-wav.ts';
import { type Clip, encode, join, readClips, silence } from '../support/audio.ts';
import { RawClient } from '../support/raw-client.ts';
import {
  finish,
  type RunningServer,
  runRoundtable,
  spawnRoundtable,
  startRoundtable,
} from '../support/running-server.ts';
import { readVtt } from '../support/subtitles.ts';

let server: RunningServer;
let clips: readonly Clip[];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(joinPath(tmpdir(), 'roundtable-transcribe-'));
  [server, clips] = await Promise.all([startRoundtable(), readClips()]);
});

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

/** On the running server, as fast as it goes. */
function transcribe(...args: readonly string[]) {
  return runRoundtable(['transcribe', '--url', server.socketUrl, '--pace', 'fast', ...args]);
}

function isRight(text: string, { reference }: Clip): boolean {
  const { errors, words } = countWordErrors(reference, text);

  return errors / words <= 0.25;
}

describe.concurrent('roundtable transcribe', () => {
  it('needs no server: it starts its own, and leaves none behind', async () => {
    const result = await runRoundtable(['transcribe', '--pace', 'fast', clips[3]!.path]);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(isRight(result.stdout, clips[3]!)).toBe(true);
    expect(result.stdout.endsWith('\n')).toBe(true);
  });

  it('writes plain text, a line for each caption', async () => {
    const path = joinPath(folder, 'two.wav');
    const samples = join(clips[0]!.samples, silence(1000), clips[3]!.samples);
    await writeFile(path, writeWav({ tag: 1, bits: 16 }, encode('pcm_s16le', samples)));
    const { code, stdout, stderr } = await transcribe(path);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(isRight(lines[0]!, clips[0]!)).toBe(true);
    expect(isRight(lines[1]!, clips[3]!)).toBe(true);
  });

  it('writes SubRip', async () => {
    const { code, stdout } = await transcribe('--format', 'srt', clips[3]!.path);
    expect(code).toBe(0);
    const [, text] = /^1\n00:00:00,\d{3} --> 00:00:0[23],\d{3}\n(.+)\n$/.exec(stdout) ?? [];
    expect(isRight(text ?? '', clips[3]!)).toBe(true);
  });

  it('writes WebVTT', async () => {
    const { code, stdout } = await transcribe('--format', 'vtt', clips[3]!.path);
    expect(code).toBe(0);
    const [, text] = /^WEBVTT\n\n00:00:00\.\d{3} --> 00:00:0[23]\.\d{3}\n(.+)\n$/.exec(stdout) ?? [];
    expect(isRight(text ?? '', clips[3]!)).toBe(true);
  });

  it('writes JSON, its books balanced', async () => {
    const { code, stdout } = await transcribe('--format', 'json', clips[3]!.path);
    expect(code).toBe(0);
    const written = JSON.parse(stdout) as {
      recording: string;
      text: string;
      captions: { startMs: number; endMs: number; text: string; endpoint: string }[];
      audio: Record<string, number>;
      model: string;
    };
    expect(written.recording).toBe(clips[3]!.path);
    expect(written.model).toMatch(/^moonshine-tiny-en@[0-9a-f]{12}$/);
    expect(isRight(written.text, clips[3]!)).toBe(true);
    expect(written.captions).toMatchObject([{ text: written.text, endpoint: 'flush' }]);
    const { receivedMs, transcribedMs, silenceMs, droppedMs } = written.audio;
    expect(receivedMs).toBe(3360);
    expect(transcribedMs! + silenceMs! + droppedMs!).toBe(receivedMs);
  });

  it('writes to a file', async () => {
    const path = joinPath(folder, 'talk.srt');
    const { code, stdout, stderr } = await transcribe('--format', 'srt', '--out', path, clips[3]!.path);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: `Wrote ${path}.\n` });
    expect(await readFile(path, 'utf8')).toContain(' --> ');
  });

  it('writes several recordings into a folder, each by its own name', async () => {
    const out = joinPath(folder, 'captions');
    const recordings = [clips[0]!, clips[3]!];
    const { code } = await transcribe('--format', 'vtt', '--out', out, ...recordings.map(({ path }) => path));
    expect(code).toBe(0);
    const names = recordings.map(({ path }) => `${basename(path, '.flac')}.vtt`);
    expect((await readdir(out)).sort()).toEqual([...names].sort());
    for (const [i, name] of names.entries()) {
      const cues = readVtt(await readFile(joinPath(out, name), 'utf8'));
      expect(isRight(cues.flatMap(({ lines }) => lines).join(' '), recordings[i]!)).toBe(true);
    }
  });

  it('writes one recording into a folder that is there', async () => {
    const out = joinPath(folder, 'there');
    await mkdir(out);
    expect((await transcribe('--out', out, clips[3]!.path)).code).toBe(0);
    expect(await readdir(out)).toEqual([`${basename(clips[3]!.path, '.flac')}.txt`]);
  });

  it('writes several recordings to standard output as text, their names on standard error', async () => {
    const { code, stdout, stderr } = await transcribe(clips[0]!.path, clips[3]!.path);
    expect(code).toBe(0);
    expect(stdout.trimEnd().split('\n')).toHaveLength(2);
    expect(stderr).toBe(`${clips[0]!.path}:\n${clips[3]!.path}:\n`);
  });

  it('speaks in a meeting, so that others read along', async () => {
    const viewer = await RawClient.connect(`${server.socketUrl}/v1/meetings/standup/captions`);
    await viewer.next('watching');
    const { stdout } = await transcribe('--meeting', 'standup', clips[3]!.path);
    await viewer.next('speaker-left');
    expect(`${viewer.all('final')[0]!.text}\n`).toBe(stdout);
    viewer.close();
  });

  it('says so when there is no speech', async () => {
    const path = joinPath(folder, 'silence.wav');
    await writeFile(path, writeWav({ tag: 1, bits: 16 }, encode('pcm_s16le', silence(1000))));
    const result = await transcribe(path);
    expect(result).toMatchObject({ code: 0, stdout: '', stderr: `${path}: no speech was found.\n` });
  });

  it.each<[string, string[], string]>([
    ['a missing file', ['nowhere.flac'], 'roundtable: There is no file nowhere.flac.\n'],
    ['a folder for a recording', ['.'], 'roundtable: . is a folder. Name a recording in it.\n'],
    [
      'several recordings in a format that cannot be strung together',
      ['--format', 'srt', 'a.wav', 'b.wav'],
      'roundtable: Several recordings make several srt files: name a directory for them with --out.\n',
    ],
    [
      'recordings whose captions would have the same name',
      ['--format', 'srt', '--out', 'captions', 'a/talk.flac', 'talk.v2.wav', 'b/talk.wav'],
      `roundtable: The captions of a/talk.flac and of b/talk.wav would both be ${joinPath('captions', 'talk.srt')}: give them different directories, in a run each.\n`,
    ],
  ])('refuses %s in a sentence', async (_, args, sentence) => {
    expect(await transcribe(...args)).toMatchObject({ code: 1, stdout: '', stderr: sentence });
  });

  it('says that there is no server, and what to do', async () => {
    const { code, stdout, stderr } = await runRoundtable([
      'transcribe',
      '--url',
      'localhost:1',
      clips[3]!.path,
    ]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      /^roundtable: No talking to a server at ws:\/\/localhost:1\/v1\/stream: .*roundtable serve.*\n$/,
    );
  });

  it('passes on what a server refuses', async () => {
    const { code, stderr } = await transcribe('--meeting', 'x'.repeat(129), clips[3]!.path);
    expect(code).toBe(1);
    expect(stderr).toContain(
      'meeting has to be 1 to 128 characters, without control characters. (out-of-range)',
    );
  });

  it('refuses a URL that is none', async () => {
    const { code, stderr } = await runRoundtable(['transcribe', '--url', 'ftp://a', clips[3]!.path]);
    expect(code).toBe(1);
    expect(stderr).toContain('It has to be a URL such as ws://127.0.0.1:8080.');
  });
});

describe('Ctrl-C during roundtable transcribe', () => {
  it('hangs up and exits with 130', async () => {
    const viewer = await RawClient.connect(`${server.socketUrl}/v1/meetings/interrupted/captions`);
    await viewer.next('watching');
    const args = ['transcribe', '--url', server.socketUrl, '--meeting', 'interrupted', clips[1]!.path];
    const child = spawnRoundtable(args);
    const result = finish(child);
    await viewer.next('partial');
    child.kill('SIGINT');
    expect(await result).toMatchObject({ code: 130, stdout: '', stderr: '' });
    await viewer.next('speaker-left');
    viewer.close();
  });

  it('ends the server that it started, too', async () => {
    const path = joinPath(folder, 'long.wav');
    const samples = join(clips[3]!.samples, silence(700), clips[1]!.samples, clips[1]!.samples);
    await writeFile(path, writeWav({ tag: 1, bits: 16 }, encode('pcm_s16le', samples)));
    const child = spawnRoundtable(['transcribe', path]);
    const result = finish(child);
    await once(child.stdout!, 'data');
    child.kill('SIGINT');
    const { code, signal, stdout, stderr } = await result;
    expect({ code, signal, stderr }).toEqual({ code: 130, signal: null, stderr: '' });
    expect(isRight(stdout, clips[3]!)).toBe(true);
  });

  it('while the server has not answered yet ends it as well', async () => {
    const silent = createServer();
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const child = spawnRoundtable(['transcribe', '--url', `127.0.0.1:${port}`, clips[3]!.path]);
    const result = finish(child);
    try {
      await once(silent, 'connection');
      child.kill('SIGINT');
      expect((await result).code).toBe(130);
    } finally {
      child.kill('SIGKILL');
      silent.close();
    }
  }, 5000);
});

describe('A server that goes away during roundtable transcribe', () => {
  /** Longer than the tests' time limit, so that only a command that notices comes through. */
  const RECORDING_MS = 120_000;
  const SECONDS = String.raw`[1-9]\d*\.\d of 12\d\.\d s`;

  it.each<[string, NodeJS.Signals, string]>([
    ['is told to stop', 'SIGTERM', 'stopped before the end'],
    ['dies', 'SIGKILL', 'broke: .*'],
  ])(
    'because it %s, and stays away, ends the command, which says how far it came',
    async (_, signal, reason) => {
      const path = joinPath(folder, `${signal}.wav`);
      const samples = join(clips[3]!.samples, silence(700), clips[1]!.samples, silence(RECORDING_MS));
      await writeFile(path, writeWav({ tag: 1, bits: 16 }, encode('pcm_s16le', samples)));
      const leaving = await startRoundtable();
      const child = spawnRoundtable(['transcribe', '--url', leaving.socketUrl, path]);
      const result = finish(child);
      try {
        await once(child.stdout!, 'data');
        leaving.process.kill(signal);
        const { code, stdout, stderr } = await result;
        expect(code).toBe(1);
        expect(stderr).toMatch(
          new RegExp(
            `Trying again\\.\nroundtable: .*${reason}\\. ${path} is captioned up to ${SECONDS}\\.\n$`,
          ),
        );
        expect(isRight(stdout.split('\n')[0]!, clips[3]!)).toBe(true);
        await leaving.exited;
      } finally {
        child.kill('SIGKILL');
      }
    },
  );
});
