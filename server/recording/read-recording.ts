import { type FileHandle, open, stat } from 'node:fs/promises';
import { OUTPUT_RATE } from '../../client-sdk/audio/resampler.ts';
import { Failure } from '../failure.ts';
import { readWithFfmpeg } from './ffmpeg.ts';
import { decodeFlac } from './flac.ts';
import { HEAD_BYTES, recognizeFormat } from './format.ts';
import { maxSamplesAt, type NeedsFfmpeg, type Recording } from './recording.ts';
import { decodeWav } from './wav.ts';

export type { Recording } from './recording.ts';

/** Largest file that Node reads in one piece; ffmpeg takes what is larger. */
const MAX_WHOLE_BYTES = 2 ** 31 - 1;

/**
 * Reads a recording into memory, mixed to mono at its own rate. WAV and FLAC are read here, everything else by the
 * ffmpeg on PATH; the content decides, not the file's name.
 *
 * @throws {Failure} when the file is missing, damaged, empty, longer than 12 hours, or needs an ffmpeg that is not there.
 */
export async function readRecording(path: string): Promise<Recording> {
  const outcome = await readHere(path).catch((error: NodeJS.ErrnoException) => {
    throw error.syscall === undefined ? error : explain(error, path);
  });
  if (!('needsFfmpeg' in outcome)) return outcome;
  return readWithFfmpeg(path, outcome.needsFfmpeg, maxSamplesAt(OUTPUT_RATE));
}

async function readHere(path: string): Promise<Recording | NeedsFfmpeg> {
  // Asked before it is opened, because opening a named pipe waits for its writer.
  const stats = await stat(path);
  if (stats.isDirectory()) throw new Failure(`${path} is a folder. Name a recording in it.`);
  if (!stats.isFile())
    throw new Failure(`${path} is not a regular file. Save the audio to a file and name that.`);
  if (stats.size === 0) throw new Failure(`${path} is empty.`);
  const file = await open(path);
  try {
    return await decode(file, stats.size, path);
  } finally {
    await file.close();
  }
}

async function decode(file: FileHandle, sizeBytes: number, path: string): Promise<Recording | NeedsFfmpeg> {
  const { buffer, bytesRead } = await file.read(new Uint8Array(HEAD_BYTES), 0, HEAD_BYTES, 0);
  const { kind, name } = recognizeFormat(buffer.subarray(0, bytesRead));
  if (kind === 'other') return { needsFfmpeg: name };
  if (sizeBytes > MAX_WHOLE_BYTES) return { needsFfmpeg: `${name} of more than 2 GiB` };
  const bytes = await file.readFile();
  return kind === 'wav' ? decodeWav(bytes, path) : decodeFlac(bytes, path);
}

function explain(error: NodeJS.ErrnoException, path: string): Failure {
  switch (error.code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new Failure(`There is no file ${path}.`);
    case 'EACCES':
    case 'EPERM':
      return new Failure(`${path} may not be read by this user. Change its permissions, or copy it.`);
    default:
      return new Failure(`${path} could not be read: ${error.message}`, { cause: error });
  }
}
