import { type FileHandle, open, stat } from 'node:fs/promises';
import { Failure } from '../failure.ts';
import { openWithFfmpeg } from './ffmpeg.ts';
import { openFlac } from './flac.ts';
import { HEAD_BYTES, recognizeFormat } from './format.ts';
import type { Recording } from './recording.ts';
import type { NeedsFfmpeg, ReadOptions, RecordingStream } from './recording-stream.ts';
import { openWav } from './wav.ts';

export type { Recording } from './recording.ts';

/** Longest recording that is read whole: at 16 kHz its samples take 2.6 GiB of memory. */
const MAX_WHOLE_MS = 12 * 3_600_000;

/**
 * Reads a recording piece by piece, mixed to mono at its own rate. WAV and FLAC are read here, everything else by the
 * ffmpeg on PATH; the content decides, not the file's name.
 *
 * @returns what the caller has to close.
 * @throws {Failure} when the file is missing, damaged, empty, too long, or needs an ffmpeg that is not there.
 */
export async function openRecording(path: string, options: ReadOptions): Promise<RecordingStream> {
  const outcome = await openHere(path, options).catch((error: NodeJS.ErrnoException) => {
    throw error.syscall === undefined ? error : explain(error, options.label);
  });
  if (!('needsFfmpeg' in outcome)) return outcome;

  return openWithFfmpeg(path, outcome.needsFfmpeg, options);
}

/**
 * Reads a recording whole, as `openRecording` does.
 * @throws {Failure} when it cannot be read, or is longer than 12 hours.
 */
export async function readRecording(path: string): Promise<Recording> {
  const stream = await openRecording(path, { label: path, maxMs: MAX_WHOLE_MS });
  try {
    const { sampleRate, channels } = stream;
    const samples = await gather(stream.pieces);

    return { sampleRate, channels, samples, durationMs: (samples.length * 1000) / sampleRate };
  } finally {
    await stream.close();
  }
}

async function gather(stream: RecordingStream['pieces']): Promise<Float32Array<ArrayBuffer>> {
  const pieces: Float32Array[] = [];
  let length = 0;
  for await (const piece of stream) {
    pieces.push(piece);
    length += piece.length;
  }
  const samples = new Float32Array(length);
  let at = 0;
  for (const piece of pieces) {
    samples.set(piece, at);
    at += piece.length;
  }

  return samples;
}

async function openHere(path: string, options: ReadOptions): Promise<RecordingStream | NeedsFfmpeg> {
  const { label } = options;
  // Asked before it is opened, because opening a named pipe waits for its writer.
  const stats = await stat(path);
  if (stats.isDirectory()) throw new Failure(`${label} is a folder. Name a recording in it.`);
  if (!stats.isFile())
    throw new Failure(`${label} is not a regular file. Save the audio to a file and name that.`);
  if (stats.size === 0) throw new Failure(`${label} is empty.`);
  const file = await open(path);
  let opened: RecordingStream | NeedsFfmpeg | null = null;
  try {
    opened = await decode(file, stats.size, options);

    return opened;
  } finally {
    // Else it is the stream's.
    if (opened === null || 'needsFfmpeg' in opened) await file.close();
  }
}

async function decode(
  file: FileHandle,
  sizeBytes: number,
  options: ReadOptions,
): Promise<RecordingStream | NeedsFfmpeg> {
  const { buffer, bytesRead } = await file.read(new Uint8Array(HEAD_BYTES), 0, HEAD_BYTES, 0);
  const { kind, name } = recognizeFormat(buffer.subarray(0, bytesRead));
  if (kind === 'wav') return openWav(file, sizeBytes, options);
  if (kind === 'flac') return openFlac(file, options);

  return { needsFfmpeg: name };
}

function explain(error: NodeJS.ErrnoException, label: string): Failure {
  switch (error.code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new Failure(`There is no file ${label}.`);
    case 'EACCES':
    case 'EPERM':
      return new Failure(`${label} may not be read by this user. Change its permissions, or copy it.`);
    default:
      return new Failure(`${label} could not be read (${error.code}).`, { cause: error });
  }
}
