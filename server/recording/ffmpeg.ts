import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { MAX_INPUT_RATE, MIN_INPUT_RATE, OUTPUT_RATE } from '../../client-sdk/audio/resampler.ts';
import { createPcmDecoder } from '../audio/pcm.ts';
import { Failure } from '../failure.ts';
import { createRecording, type Recording, SampleCollector } from './recording.ts';

/** What is kept of ffmpeg's complaints; the last says why it gave up. */
const MAX_COMPLAINT_CHARS = 1000;

/**
 * Reads any recording that the `ffmpeg` on PATH can, brought to mono at 16 kHz. ffmpeg sees the local file and nothing
 * else: a playlist that points to the network is refused.
 *
 * @param what what the file is, to go after "is".
 * @param maxSamples longest output, in samples at 16 kHz; ffmpeg is stopped beyond it.
 * @throws {Failure} when there is no ffmpeg, it cannot read the file, or the recording is empty or too long.
 */
export async function readWithFfmpeg(path: string, what: string, maxSamples: number): Promise<Recording> {
  const collector = new SampleCollector(path, maxSamples);
  const { failed, complaint } = await runFfmpeg(path, what, collector);
  if (failed) {
    throw new Failure(`${path} is ${what}, and ffmpeg could not read it. It said:\n${complaint.trim()}`);
  }
  return createRecording(path, { sampleRate: OUTPUT_RATE, channels: null, samples: collector.join() });
}

function runFfmpeg(
  path: string,
  what: string,
  collector: SampleCollector,
): Promise<{ failed: boolean; complaint: string }> {
  return new Promise((fulfil, reject) => {
    const ffmpeg = spawn('ffmpeg', ffmpegArguments(path), { stdio: ['ignore', 'pipe', 'pipe'] });
    const decoder = createPcmDecoder({ encoding: 'pcm_f32le', channels: 1 });
    let torn: Uint8Array = new Uint8Array(0);
    let complaint = '';
    ffmpeg.stdout.on('data', (chunk: Uint8Array) => {
      const bytes = torn.length === 0 ? chunk : Buffer.concat([torn, chunk]);
      const whole = bytes.length - (bytes.length % decoder.frameBytes);
      torn = bytes.subarray(whole);
      try {
        collector.add(decoder.decode(bytes.subarray(0, whole)));
      } catch (error) {
        ffmpeg.kill('SIGKILL');
        ffmpeg.stdout.destroy();
        reject(error);
      }
    });
    ffmpeg.stderr.setEncoding('utf8');
    ffmpeg.stderr.on('data', (text: string) => {
      complaint = (complaint + text).slice(-MAX_COMPLAINT_CHARS);
    });
    ffmpeg.on('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'ENOENT'
          ? noFfmpeg(path, what)
          : new Failure(`ffmpeg did not start: ${error.message}.`),
      );
    });
    ffmpeg.on('close', (code, signal) => {
      fulfil({ failed: code !== 0, complaint: complaint || `(nothing, but ended with ${signal ?? code})` });
    });
  });
}

function ffmpegArguments(path: string): string[] {
  return [
    ...['-nostdin', '-hide_banner', '-loglevel', 'error'],
    // The protocol written out and the path absolute, so that neither a leading dash nor a colon means anything.
    ...['-protocol_whitelist', 'file,pipe', '-i', `file:${resolve(path)}`],
    ...['-vn', '-sn', '-dn', '-f', 'f32le', '-ac', '1', '-ar', String(OUTPUT_RATE), 'pipe:1'],
  ];
}

function noFfmpeg(path: string, what: string): Failure {
  return new Failure(
    `${path} is ${what}. Reading it takes ffmpeg, and there is none on the PATH. Install it (apt install ffmpeg, ` +
      'brew install ffmpeg or winget install ffmpeg), or convert the recording to a WAV or FLAC file at ' +
      `${MIN_INPUT_RATE} to ${MAX_INPUT_RATE} Hz.`,
  );
}
