import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { encode, join, readClips, resample, silence } from '../../support/audio.ts';

/** What Chromium's pretended microphone takes. */
const RATE = 48_000;

/** A recording to be heard as a microphone. */
export interface SpokenWav {
  readonly path: string;
  /** What is said in it: upper case, without punctuation. */
  readonly reference: string;
  /** Idempotent. */
  remove(): Promise<void>;
}

/** Two of the test's utterances with pauses around them. @param leadMs of silence, while the page gets ready. */
export async function writeSpokenWav(leadMs = 1500): Promise<SpokenWav> {
  const clips = (await readClips()).slice(0, 2);
  const samples = join(silence(leadMs), ...clips.flatMap((clip) => [clip.samples, silence(1500)]));
  const pcm = encode('pcm_s16le', resample(samples, RATE));
  const folder = await mkdtemp(joinPath(tmpdir(), 'roundtable-spoken-'));
  const path = joinPath(folder, 'spoken.wav');
  await writeFile(path, Buffer.concat([header(pcm.byteLength), pcm]));

  return {
    path,
    reference: clips.map(({ reference }) => reference).join(' '),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

function header(dataBytes: number): Buffer {
  const bytes = Buffer.alloc(44);
  bytes.write('RIFF', 0);
  bytes.writeUInt32LE(36 + dataBytes, 4);
  bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(RATE, 24);
  bytes.writeUInt32LE(RATE * 2, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(dataBytes, 40);

  return bytes;
}
