import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { MAX_INPUT_RATE, MIN_INPUT_RATE, OUTPUT_RATE } from '../../client-sdk/audio/resampler.ts';
import { createPcmDecoder } from '../audio/pcm.ts';
import { Failure } from '../failure.ts';
import { LengthCheck, type ReadOptions, type RecordingStream } from './recording-stream.ts';

/** What is kept of ffmpeg's complaints; the last says why it gave up. */
const MAX_COMPLAINT_CHARS = 1000;

/**
 * What ffmpeg may take a file for: what holds its own audio. A playlist could name other files of this machine, whose
 * captions its sender would get.
 */
const FORMATS =
  'aac,ac3,aiff,amr,ape,asf,au,avi,caf,dsf,dts,eac3,flac,flv,gsm,ircam,loas,matroska,mov,mp3,mpc,mpc8,mpeg,mpegts,nut,' +
  'ogg,oma,rm,sox,tak,tta,voc,w64,wav,wv';

/** Without an input; what it writes is read. */
type Ffmpeg = ChildProcessByStdio<null, Readable, Readable>;

/**
 * Reads any recording that the `ffmpeg` on PATH can, brought to mono at 16 kHz. ffmpeg sees the local file and nothing
 * else, and waits while nobody reads.
 *
 * @param what what the file is, to go after "is".
 * @throws {Failure} when there is no ffmpeg; the pieces do when it cannot read the file.
 */
export async function openWithFfmpeg(
  path: string,
  what: string,
  options: ReadOptions,
): Promise<RecordingStream> {
  const { label, signal } = options;
  signal?.throwIfAborted();
  const ffmpeg = spawn('ffmpeg', ffmpegArguments(path), { stdio: ['ignore', 'pipe', 'pipe'] });
  await once(ffmpeg, 'spawn').catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT'
      ? noFfmpeg(label, what)
      : new Failure(`ffmpeg did not start: ${error.message}.`);
  });
  const kill = () => ffmpeg.kill('SIGKILL');
  signal?.addEventListener('abort', kill);

  return {
    sampleRate: OUTPUT_RATE,
    channels: null,
    pieces: readPieces(ffmpeg, path, what, options),
    close: async () => {
      signal?.removeEventListener('abort', kill);
      kill();
      ffmpeg.stdout.destroy();
    },
  };
}

async function* readPieces(
  ffmpeg: Ffmpeg,
  path: string,
  what: string,
  options: ReadOptions,
): RecordingStream['pieces'] & AsyncGenerator<Float32Array<ArrayBuffer>> {
  const { label, signal } = options;
  const check = new LengthCheck(options, OUTPUT_RATE);
  const decoder = createPcmDecoder({ encoding: 'pcm_f32le', channels: 1 });
  const ended = watchEnd(ffmpeg);
  let torn: Uint8Array = new Uint8Array(0);
  for await (const chunk of ffmpeg.stdout as AsyncIterable<Uint8Array>) {
    const bytes = torn.length === 0 ? chunk : Buffer.concat([torn, chunk]);
    const whole = bytes.length - (bytes.length % decoder.frameBytes);
    torn = bytes.subarray(whole);
    const samples = new Float32Array(whole / decoder.frameBytes);
    decoder.decode(bytes.subarray(0, whole), () => samples);
    check.add(samples.length);
    yield samples;
  }
  const { failed, complaint } = await ended;
  signal?.throwIfAborted();
  if (failed) {
    const said = withoutSecrets(complaint.trim(), path, label);
    throw new Failure(`${label} is ${what}, and ffmpeg could not read it. It said:\n${said}`);
  }
  check.end();
}

async function watchEnd(ffmpeg: Ffmpeg): Promise<{ readonly failed: boolean; readonly complaint: string }> {
  let complaint = '';
  ffmpeg.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-MAX_COMPLAINT_CHARS);
  });
  const [code, signal] = (await once(ffmpeg, 'close')) as [number | null, NodeJS.Signals | null];

  return { failed: code !== 0, complaint: complaint || `(nothing, but ended with ${signal ?? code})` };
}

/** Who may not know where the file lies is not told; nor where anything lies in memory. */
function withoutSecrets(complaint: string, path: string, label: string): string {
  const location = resolve(path);

  return complaint
    .replaceAll(`file:${location}`, label)
    .replaceAll(location, label)
    .replaceAll(/ @ 0x[0-9a-f]+/g, '');
}

function ffmpegArguments(path: string): string[] {
  return [
    ...['-nostdin', '-hide_banner', '-loglevel', 'error'],
    // The protocol written out and the path absolute, so that neither a leading dash nor a colon means anything.
    ...['-protocol_whitelist', 'file,pipe', '-format_whitelist', FORMATS, '-i', `file:${resolve(path)}`],
    ...['-vn', '-sn', '-dn', '-f', 'f32le', '-ac', '1', '-ar', String(OUTPUT_RATE), 'pipe:1'],
  ];
}

function noFfmpeg(label: string, what: string): Failure {
  return new Failure(
    `${label} is ${what}. Reading it takes ffmpeg, and there is none on the PATH. Install it (apt install ffmpeg, ` +
      'brew install ffmpeg or winget install ffmpeg), or convert the recording to a WAV or FLAC file at ' +
      `${MIN_INPUT_RATE} to ${MAX_INPUT_RATE} Hz.`,
  );
}
