import { StreamError } from '../errors.ts';
import { Failure } from '../failure.ts';
import { openRecording } from './read-recording.ts';
import type { RecordingStream } from './recording-stream.ts';

/** How sentences begin that a client is told. */
const LABEL = 'The file';

/**
 * Opens a recording that a client sent: what is wrong with it is told as a fault of the client's, without the server's path.
 *
 * @param maxMs longer ones are refused, as soon as it shows.
 * @param signal lets go of it; reading then throws its reason.
 * @returns what the caller has to close; its pieces throw as this does.
 * @throws {StreamError} `bad-recording`.
 */
export async function openUploadedRecording(
  path: string,
  maxMs: number,
  signal: AbortSignal,
): Promise<RecordingStream> {
  const stream = await openRecording(path, { label: LABEL, maxMs, signal }).catch((error: unknown) => {
    throw told(error);
  });

  return { ...stream, pieces: toldPieces(stream.pieces) };
}

async function* toldPieces(
  pieces: RecordingStream['pieces'],
): RecordingStream['pieces'] & AsyncGenerator<Float32Array<ArrayBuffer>> {
  try {
    yield* pieces;
  } catch (error) {
    throw told(error);
  }
}

function told(error: unknown): unknown {
  return error instanceof Failure ? new StreamError('bad-recording', error.message, { cause: error }) : error;
}
