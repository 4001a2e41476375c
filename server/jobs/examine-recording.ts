import { createHash } from 'node:crypto';
import { openUploadedRecording } from '../recording/uploaded-recording.ts';

/** What a recording turns out to be when all of it is decoded. */
export interface Examined {
  readonly lengthMs: number;
  /** SHA-256 of its rate and its samples as 16 bits, in hexadecimal: equal for equal audio, whatever the file is like. */
  readonly audioHash: string;
}

const FULL_SCALE = 32_768;

/**
 * Decodes a recording to its end, only to know it.
 * @param onPiece a sign of life.
 * @throws {StreamError} `bad-recording`. @throws the signal's reason.
 */
export async function examineRecording(
  path: string,
  maxMs: number,
  signal: AbortSignal,
  onPiece: () => void = () => {},
): Promise<Examined> {
  const recording = await openUploadedRecording(path, maxMs, signal);
  try {
    const hash = createHash('sha256').update(`${recording.sampleRate}\n`);
    let samples = 0;
    for await (const piece of recording.pieces) {
      const coarse = new Int16Array(piece.length);
      for (let at = 0; at < piece.length; at++)
        coarse[at] = Math.max(-FULL_SCALE, Math.min(FULL_SCALE - 1, Math.round(piece[at]! * FULL_SCALE)));
      hash.update(new Uint8Array(coarse.buffer));
      samples += piece.length;
      onPiece();
    }

    return {
      lengthMs: Math.round((samples * 1000) / recording.sampleRate),
      audioHash: hash.digest('hex'),
    };
  } finally {
    await recording.close();
  }
}
