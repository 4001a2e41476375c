import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { Failure } from '../server/failure.ts';
import { recognizeFormat } from '../server/recording/format.ts';
import { openRecording, readRecording } from '../server/recording/read-recording.ts';
import type { Recording } from '../server/recording/recording.ts';
import { writeFlac } from './fixtures/audio/write-flac.ts';
import { type WavLayout, writeWav } from './fixtures/audio/write-wav.ts';
import { readWhole } from './support/memory-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'roundtable-recording-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  vi.unstubAllEnvs();
});

function save(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** Where no program at all is found. */
function withoutFfmpeg(): void {
  vi.stubEnv('PATH', join(folder, 'nothing-here'));
}

/** Makes a program of the name `ffmpeg` all there is on the PATH: a double that runs `script` with its arguments in `argv`. */
function withFfmpegDouble(script: string): void {
  const bin = mkdtempSync(join(folder, 'bin-'));
  const program = join(bin, 'ffmpeg');
  writeFileSync(program, `#!${execPath}\nconst argv = process.argv.slice(2);\n${script}\n`);
  chmodSync(program, 0o755);
  vi.stubEnv('PATH', bin);
}

async function failureOf(reading: Promise<Recording>): Promise<string> {
  const error = await reading.then(
    () => new Error('it was read'),
    (thrown: Error) => thrown,
  );
  expect(error).toBeInstanceOf(Failure);
  return error.message;
}

/** Three whole 16-bit samples: a quarter, nothing, and minus a half. */
const QUARTERS = Buffer.from('0020' + '0000' + '00c0', 'hex');
const PCM16: WavLayout = { tag: 1, bits: 16 };

describe('readRecording of a FLAC file', () => {
  const fixtures = join(import.meta.dirname, 'fixtures/audio');
  const references = JSON.parse(readFileSync(join(fixtures, 'references.json'), 'utf8')) as object;

  test.each(Object.keys(references))('decodes %s whole', async (name) => {
    const recording = await readRecording(join(fixtures, name));
    const { sampleRate, channels, samples, durationMs } = recording;
    expect([sampleRate, channels]).toEqual([16_000, 1]);
    expect(durationMs).toBeGreaterThan(2500);
    // Speech: neither silent nor clipped throughout.
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    expect(10 * Math.log10(power)).toBeGreaterThan(-40);
    expect(10 * Math.log10(power)).toBeLessThan(-10);
  });

  const left = Int16Array.from({ length: 10_000 }, (_, i) => ((i * 7919) % 65_536) - 32_768);
  const right = left.map((sample) => (sample >> 1) + 5);

  test('mixes its channels, to the rounding of a float', async () => {
    const path = save('stereo.flac', writeFlac({ sampleRate: 44_100 }, [left, right]));
    const recording = await readRecording(path);
    expect([recording.sampleRate, recording.channels]).toEqual([44_100, 2]);
    const errors = recording.samples.map((sample, i) => Math.abs(sample - (left[i]! + right[i]!) / 65_536));
    expect(errors).toHaveLength(left.length);
    expect(Math.max(...errors)).toBeLessThan(1e-7);
  });

  test('keeps full scale within [-1, 1]', async () => {
    const path = save(
      'loud.flac',
      writeFlac({ sampleRate: 16_000 }, [Int16Array.from([-32_768, 32_767, ...left])]),
    );
    const { samples } = await readRecording(path);
    expect([...samples.subarray(0, 2)]).toEqual([-1, Math.fround(32_767 / 32_768)]);
  });

  test('decodes a stream whose writer did not know its length', async () => {
    const path = save('stream.flac', writeFlac({ sampleRate: 16_000, claimedSamples: 0 }, [left]));
    expect((await readRecording(path)).samples).toHaveLength(10_000);
  });

  test('refuses a file that is cut short or damaged, and says how much could be decoded', async () => {
    const whole = writeFlac({ sampleRate: 10_000 }, [left]);
    const short = save('short.flac', whole.subarray(0, 10_000));
    expect(await failureOf(readRecording(short))).toMatch(/cut short: no more than 0\.4 seconds/);
    whole[12_000]! ^= 1;
    expect(await failureOf(readRecording(save('flipped.flac', whole)))).toMatch(/is damaged or cut short/);
  });

  test.each<[string, Uint8Array, RegExp]>([
    ['nothing but a signature', Buffer.from('fLaC'), /damaged FLAC file/],
    ['no frames', writeFlac({ sampleRate: 16_000 }, [new Int16Array(0)]), /holds no audio/],
    [
      'a claim of 13 hours',
      writeFlac({ sampleRate: 8000, claimedSamples: 13 * 3600 * 8000 }, [left]),
      /12 hours/,
    ],
  ])('refuses a file with %s', async (name, bytes, sentence) => {
    expect(await failureOf(readRecording(save(`${name}.flac`, bytes)))).toMatch(sentence);
  });

  test('hands a rate beyond the resampler to ffmpeg', async () => {
    withoutFfmpeg();
    const path = save('fast.flac', writeFlac({ sampleRate: 96_000 }, [left]));
    expect(await failureOf(readRecording(path))).toMatch(
      /is a FLAC file at 96000 Hz\. Reading it takes ffmpeg/,
    );
  });
});

describe('readRecording', () => {
  test('goes by what a file holds, not by its name', async () => {
    expect((await readRecording(save('really-wav.flac', writeWav(PCM16, QUARTERS)))).samples).toHaveLength(3);
  });

  test('refuses what is not a file with audio', async () => {
    const missing = join(folder, 'missing.wav');
    expect(await failureOf(readRecording(missing))).toBe(`There is no file ${missing}.`);
    expect(await failureOf(readRecording(join(save('plain.txt', 'x'), 'below.wav')))).toMatch(
      /There is no file/,
    );
    const inner = join(folder, 'inner');
    mkdirSync(inner);
    expect(await failureOf(readRecording(inner))).toMatch(/is a folder/);
    expect(await failureOf(readRecording(save('empty.wav', '')))).toMatch(/is empty/);
  });

  test('says what a file is, that ffmpeg is missing, and how to get it', async () => {
    withoutFfmpeg();
    const path = save('talk.mp3', Buffer.from('ID3\x04\0\0\0\0\0\0', 'latin1'));
    const sentence = await failureOf(readRecording(path));
    expect(sentence).toContain(
      `${path} is an MP3 recording. Reading it takes ffmpeg, and there is none on the PATH.`,
    );
    expect(sentence).toContain('apt install ffmpeg');
  });
});

describe('recognizeFormat', () => {
  test.each<[string, string]>([
    ['RIFF\x24\0\0\0WAVEfmt ', 'a WAV file'],
    ['RIFF\x24\0\0\0AVI LIST', 'a file of a kind not known here'],
    ['fLaC\0\0\0\x22', 'a FLAC file'],
    [`OggS${'\0'.repeat(24)}OpusHead`, 'an Ogg Opus recording'],
    [`OggS${'\0'.repeat(24)}\x01vorbis`, 'an Ogg Vorbis recording'],
    ['\0\0\0\x20ftypM4A ', 'an MP4 or M4A recording'],
    ['\x1aE\xdf\xa3', 'a WebM or Matroska recording'],
    ['\xff\xfb\x90\x64', 'an MP3 recording'],
    ['\xff\xf1\x50\x80', 'an AAC recording'],
    ['\xff\xfeH\0', 'a file of a kind not known here'],
    ['Dear diary', 'a file of a kind not known here'],
    ['', 'a file of a kind not known here'],
  ])('knows %j as %s', (head, name) => {
    expect(recognizeFormat(Buffer.from(head, 'latin1')).name).toBe(name);
  });
});

describe.skipIf(process.platform === 'win32')('readWithFfmpeg, with a double of ffmpeg', () => {
  const OGG = Buffer.from('OggS and so on');

  test('reads mono floats at 16 kHz, however the pipe cuts them', async () => {
    withFfmpegDouble(`
      const bytes = Buffer.from(Float32Array.of(0.25, 0, -0.5, 7).buffer);
      process.stdout.write(bytes.subarray(0, 5), () => setImmediate(() => process.stdout.write(bytes.subarray(5))));`);
    expect(await readRecording(save('a.ogg', OGG))).toEqual({
      sampleRate: 16_000,
      channels: null,
      samples: Float32Array.of(0.25, 0, -0.5, 1),
      durationMs: 0.25,
    });
  });

  test('names the file so that neither a dash nor a colon is taken for anything else', async () => {
    const log = join(folder, 'arguments.json');
    withFfmpegDouble(`
      require('node:fs').writeFileSync(${JSON.stringify(log)}, JSON.stringify(argv));
      process.stdout.write(Buffer.alloc(4));`);
    const path = save('-i http:x.ogg', OGG);
    const origin = process.cwd();
    process.chdir(folder);
    try {
      await readRecording('-i http:x.ogg');
    } finally {
      process.chdir(origin);
    }
    const argv = JSON.parse(readFileSync(log, 'utf8')) as string[];
    expect(argv[argv.indexOf('-i') + 1]).toMatch(/^file:\/.*-i http:x\.ogg$/);
    expect(path).toContain(folder);
    expect(argv.join(' ')).toMatch(/-f f32le -ac 1 -ar 16000 pipe:1$/);
  });

  test('passes on the end of what ffmpeg said when it fails', async () => {
    withFfmpegDouble(`
      process.stderr.write('x'.repeat(100_000) + '\\nInvalid data found\\n', () => process.exit(1));`);
    const sentence = await failureOf(readRecording(save('b.ogg', OGG)));
    expect(sentence).toMatch(
      /b\.ogg is an Ogg recording, and ffmpeg could not read it\. It said:\n.*\nInvalid data found$/,
    );
    expect(sentence.length).toBeLessThan(1500);
  });

  test('fails when ffmpeg fails, even after some audio', async () => {
    withFfmpegDouble('process.stdout.write(Buffer.alloc(64), () => process.exit(69));');
    expect(await failureOf(readRecording(save('c.ogg', OGG)))).toMatch(/nothing, but ended with 69/);
  });

  test('refuses a recording without audio', async () => {
    withFfmpegDouble('');
    expect(await failureOf(readRecording(save('d.ogg', OGG)))).toMatch(/holds no audio/);
  });

  test('stops an ffmpeg that does not stop', async () => {
    withFfmpegDouble(`
      const more = () => process.stdout.write(Buffer.alloc(65_536), more);
      more();`);
    const path = save('e.ogg', OGG);
    const stream = await openRecording(path, { label: 'The file', maxMs: 6000 });
    await expect(readWhole(stream)).rejects.toThrow('The file is longer than 6 seconds.');
    await stream.close();
  });

  test('tells those who are not to know it neither where the file lies nor what lies where in memory', async () => {
    withFfmpegDouble(`
      const path = argv[argv.indexOf('-i') + 1];
      process.stderr.write('[mov @ 0x55d0c0ffee00] ' + path + ': Invalid data\\n', () => process.exit(1));`);
    const stream = await openRecording(save('f.ogg', OGG), { label: 'The file', maxMs: 6000 });
    await expect(readWhole(stream)).rejects.toThrow(
      /^The file is an Ogg .* said:\n\[mov\] The file: Invalid data$/s,
    );
    await stream.close();
  });

  test('ends when it is given up', async () => {
    withFfmpegDouble('process.stdout.write(Buffer.alloc(4)); setInterval(() => {}, 1000);');
    const abort = new AbortController();
    const path = save('g.ogg', OGG);
    const stream = await openRecording(path, { label: path, maxMs: 6000, signal: abort.signal });
    const reading = readWhole(stream);
    abort.abort(new Error('given up'));
    await expect(reading).rejects.toThrow('given up');
    await stream.close();
  });
});

describe('readWithFfmpeg, with the real ffmpeg', () => {
  test('reads a file at 96 kHz under an awkward name', async (context) => {
    const missing = spawnSync('ffmpeg', ['-version']).error !== undefined;
    context.skip(missing, 'there is no ffmpeg on the PATH');
    const tone = Float32Array.from(
      { length: 96_000 },
      (_, i) => Math.sin((2 * Math.PI * 440 * i) / 96_000) / 2,
    );
    const path = save(
      '-i concat:x',
      writeWav({ tag: 3, bits: 32, sampleRate: 96_000 }, Buffer.from(tone.buffer)),
    );
    const recording = await readRecording(path);
    expect([recording.sampleRate, recording.channels]).toEqual([16_000, null]);
    expect(Math.abs(recording.durationMs - 1000)).toBeLessThan(20);
    const power =
      recording.samples.reduce((sum, sample) => sum + sample * sample, 0) / recording.samples.length;
    expect(power).toBeCloseTo(0.125, 2);
  });
});
