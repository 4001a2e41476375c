import { MAX_INPUT_RATE, MIN_INPUT_RATE } from '../../../client-sdk/audio/resampler.ts';
import type { AudioEncoding } from '../../../client-sdk/protocol.ts';
import { MAX_CHANNELS } from '../../audio/pcm.ts';
import { StreamError } from '../../errors.ts';
import { readLayout, TAG_ALAW, TAG_FLOAT, TAG_MULAW, TAG_PCM, type WavLayout } from '../../recording/wav.ts';
import type { AudioFormat } from './parameters.ts';

/** A head that goes on for longer is none. */
const MAX_HEAD_BYTES = 65_536;
/** `RIFF`, a size and `WAVE`. */
const RIFF_BYTES = 12;
/** An identifier and a size. */
const CHUNK_BYTES = 8;

/** By format tag and bytes of a sample. */
const ENCODINGS: Readonly<Record<string, AudioEncoding>> = {
  [`${TAG_PCM}/2`]: 'pcm_s16le',
  [`${TAG_FLOAT}/4`]: 'pcm_f32le',
  [`${TAG_MULAW}/1`]: 'mulaw',
  [`${TAG_ALAW}/1`]: 'alaw',
};

/** Audio behind its head. */
export interface Beheaded {
  readonly format: AudioFormat;
  /** What came behind the head. */
  readonly audio: Uint8Array;
}

/**
 * The head of a WAV file that comes in pieces. All that follows it is audio, whatever it says of the length: who streams
 * while recording does not know it yet.
 */
export class WaveHead {
  #bytes: Buffer = Buffer.alloc(0);

  /**
   * Takes the next bytes, which it copies.
   * @returns null while the head goes on.
   * @throws {StreamError} `unsupported-encoding` when it is no WAV file whose samples are known here.
   */
  take(bytes: Uint8Array): Beheaded | null {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    const head = this.#bytes;
    if (!isRiff(head)) throw unknown('Without encoding and sample_rate audio has to come as WAV.');
    let format: AudioFormat | null = null;
    for (let at = RIFF_BYTES; at + CHUNK_BYTES <= head.length; ) {
      const id = head.toString('latin1', at, at + 4);
      const size = head.readUInt32LE(at + 4);
      const from = at + CHUNK_BYTES;
      if (id === 'data') {
        if (!format) throw unknown('The WAV file does not say what its audio is like.');

        return { format, audio: head.subarray(from) };
      }
      if (id === 'fmt ' && from + size <= head.length) format = readFormat(head.subarray(from, from + size));
      // Chunks begin at even offsets.
      at = from + size + (size % 2);
    }
    if (head.length > MAX_HEAD_BYTES) throw unknown('The WAV file has no audio where it should be.');

    return null;
  }
}

function isRiff(head: Buffer): boolean {
  return (
    'RIFF'.startsWith(head.toString('latin1', 0, 4)) &&
    'WAVE'.startsWith(head.toString('latin1', 8, RIFF_BYTES))
  );
}

function readFormat(chunk: Buffer): AudioFormat {
  const layout: WavLayout | null =
    chunk.length < 16 ? null : readLayout(new DataView(chunk.buffer, chunk.byteOffset, chunk.length));
  const encoding = layout && ENCODINGS[`${layout.tag}/${layout.frameBytes / layout.channels}`];
  if (!encoding) throw unknown('WAV files may hold 16-bit PCM, 32-bit float, mu-law or A-law.');
  const { sampleRate, channels } = layout;
  if (!(sampleRate >= MIN_INPUT_RATE && sampleRate <= MAX_INPUT_RATE) || channels > MAX_CHANNELS)
    throw unknown(
      `WAV files may have ${MIN_INPUT_RATE} to ${MAX_INPUT_RATE} Hz and up to ${MAX_CHANNELS} channels.`,
    );

  return { encoding, sampleRate, channels };
}

function unknown(sentence: string): StreamError {
  return new StreamError('unsupported-encoding', sentence);
}
