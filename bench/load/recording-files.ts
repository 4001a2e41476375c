import { open } from 'node:fs/promises';
import { SAMPLE_RATE } from '../../inference/recognizer.ts';
import type { LoadClips } from './clips.ts';

const HEADER_BYTES = 44;
const SAMPLE_BYTES = 2;
/** Between two clips, so that they are captions of their own. */
const PAUSE_MS = 1000;

/**
 * A recording of clips behind one another, as a WAV file.
 * @param number another one begins with another clip, after another pause: no two have the same audio.
 * @param leastMs it is as much longer as its last clip takes.
 */
export async function recordingOf(clips: LoadClips, number: number, leastMs: number): Promise<Buffer> {
  const file = await open(clips.file);
  try {
    const parts: Buffer[] = [pause(number)];
    let ms = number;
    for (let i = number; ms < leastMs; i++) {
      const { offsetBytes, samples, durationMs } = clips.clips[i % clips.clips.length]!;
      const part = Buffer.alloc(samples * SAMPLE_BYTES);
      await file.read(part, 0, part.length, offsetBytes);
      parts.push(part, pause(PAUSE_MS));
      ms += durationMs + PAUSE_MS;
    }

    return wav(Buffer.concat(parts));
  } finally {
    await file.close();
  }
}

function pause(ms: number): Buffer {
  return Buffer.alloc(Math.floor((SAMPLE_RATE * ms) / 1000) * SAMPLE_BYTES);
}

/** Mono at 16 kHz, signed 16 bits. */
function wav(data: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(HEADER_BYTES - 8 + data.length, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(SAMPLE_RATE, 24);
  header.writeUInt32LE(SAMPLE_RATE * SAMPLE_BYTES, 28);
  header.writeUInt16LE(SAMPLE_BYTES, 32);
  header.writeUInt16LE(8 * SAMPLE_BYTES, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(data.length, 40);

  return Buffer.concat([header, data]);
}
