import type { AudioEncoding } from '../protocol.ts';

/** Bytes of one sample. */
export const SAMPLE_BYTES: Readonly<Record<AudioEncoding, number>> = {
  pcm_s16le: 2,
  pcm_f32le: 4,
  mulaw: 1,
  alaw: 1,
};

const FULL_SCALE = 32_768;

/**
 * Audio as it goes over the wire, in memory of its own.
 * @throws {TypeError} for samples in an encoding that they are not turned into here.
 */
export function encodePcm(
  pcm: Uint8Array | Int16Array | Float32Array,
  encoding: AudioEncoding,
): Uint8Array<ArrayBuffer> {
  if (pcm instanceof Uint8Array) return Uint8Array.from(pcm);
  if (encoding === 'pcm_s16le')
    return bytesOf(pcm instanceof Int16Array ? Int16Array.from(pcm) : Int16Array.from(pcm, toInt16));
  if (encoding === 'pcm_f32le')
    return bytesOf(
      Float32Array.from(pcm, pcm instanceof Int16Array ? (sample) => sample / FULL_SCALE : undefined),
    );
  throw new TypeError(`Samples are sent as pcm_s16le or pcm_f32le; ${encoding} has to come as bytes.`);
}

/** A float from -1 to 1 as 16 bits; what is beyond is clipped, what is no number is silence. */
export function toInt16(sample: number): number {
  return Math.round(Math.max(-1, Math.min(1, sample || 0)) * (FULL_SCALE - 1));
}

// Every platform that runs JavaScript is little-endian, as the wire is.
function bytesOf(samples: Int16Array<ArrayBuffer> | Float32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(samples.buffer);
}
