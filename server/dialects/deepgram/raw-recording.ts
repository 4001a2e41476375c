import type { AudioEncoding } from '../../../client-sdk/protocol.ts';
import { createPcmDecoder } from '../../audio/pcm.ts';
import { TAG_ALAW, TAG_FLOAT, TAG_MULAW, TAG_PCM } from '../../recording/wav.ts';
import type { AudioFormat } from './parameters.ts';

const TAGS: Readonly<Record<AudioEncoding, number>> = {
  pcm_s16le: TAG_PCM,
  pcm_f32le: TAG_FLOAT,
  mulaw: TAG_MULAW,
  alaw: TAG_ALAW,
};
/** How files begin that say themselves what they are, whatever the request says of them. */
const CONTAINERS = ['RIFF', 'fLaC', 'OggS', 'ID3'];
/** As writers have it that do not know the length yet: the audio goes to the file's end. */
const UNKNOWN_SIZE = 0xffffffff;

/** Puts the head of a WAV file before a body of bare samples, so that it is read as any recording is. */
export async function* withHead(
  body: AsyncIterable<Uint8Array>,
  format: AudioFormat,
): AsyncGenerator<Uint8Array, void, undefined> {
  let isFirst = true;
  for await (const piece of body) {
    const beginning = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString('latin1', 0, 4);
    if (isFirst && !CONTAINERS.some((name) => beginning.startsWith(name))) yield waveHead(format);
    isFirst = false;
    yield piece;
  }
}

function waveHead(format: AudioFormat): Uint8Array {
  const { encoding, sampleRate, channels } = format;
  const { frameBytes } = createPcmDecoder(format);
  const head = Buffer.alloc(44);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(UNKNOWN_SIZE, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(TAGS[encoding], 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(sampleRate, 24);
  head.writeUInt32LE(sampleRate * frameBytes, 28);
  head.writeUInt16LE(frameBytes, 32);
  head.writeUInt16LE((frameBytes / channels) * 8, 34);
  head.write('data', 36, 'latin1');
  head.writeUInt32LE(UNKNOWN_SIZE, 40);

  return head;
}
