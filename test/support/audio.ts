import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { AudioEncoding } from '../../client-sdk/protocol.ts';
import { readRecording } from '../../server/recording/read-recording.ts';

const FOLDER = new URL('../fixtures/audio/', import.meta.url);

/** Rate of the fixtures, in samples per second. */
export const CLIP_RATE = 16_000;

/** A recorded utterance and what is said in it. */
export interface Clip {
  readonly path: string;
  /** Mono, at 16 kHz, in [-1, 1]. */
  readonly samples: Float32Array<ArrayBuffer>;
  /** Upper case, without punctuation. */
  readonly reference: string;
}

/** The utterances in test/fixtures/audio, in the order of their names. */
export async function readClips(): Promise<readonly Clip[]> {
  const references = JSON.parse(await readFile(new URL('references.json', FOLDER), 'utf8')) as Record<
    string,
    string
  >;

  return Promise.all(
    Object.entries(references).map(async ([name, reference]) => {
      const path = fileURLToPath(new URL(name, FOLDER));
      const { samples } = await readRecording(path);

      return { path, samples, reference };
    }),
  );
}

/** Digital silence at 16 kHz. */
export function silence(ms: number): Float32Array<ArrayBuffer> {
  return new Float32Array((CLIP_RATE * ms) / 1000);
}

/** White noise at 16 kHz, the same for the same seed. */
export function noise(ms: number, amplitude: number, seed = 1): Float32Array<ArrayBuffer> {
  let state = seed;

  return silence(ms).map(() => {
    // Numerical Recipes' linear congruential generator.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;

    return amplitude * ((2 * state) / 2 ** 32 - 1);
  });
}

/** One after the other. */
export function join(...pieces: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const joined = new Float32Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }

  return joined;
}

/** Zero crossings of the interpolating sinc on either side. */
const SINC_CROSSINGS = 24;

/** From 16 kHz to another rate, by a sinc under a Hann window; slow and simple, to check the server's against. */
export function resample(samples: Float32Array, rate: number): Float32Array<ArrayBuffer> {
  if (rate === CLIP_RATE) return Float32Array.from(samples);
  const cutoff = Math.min(1, rate / CLIP_RATE);
  const reach = SINC_CROSSINGS / cutoff;

  return Float32Array.from({ length: Math.floor((samples.length * rate) / CLIP_RATE) }, (_, i) => {
    const centre = (i * CLIP_RATE) / rate;
    let sum = 0;
    const last = Math.min(samples.length - 1, Math.floor(centre + reach));
    for (let j = Math.max(0, Math.ceil(centre - reach)); j <= last; j++) {
      const x = Math.PI * (j - centre) * cutoff;
      const sinc = x === 0 ? 1 : Math.sin(x) / x;
      sum += samples[j]! * sinc * cutoff * (0.5 + 0.5 * Math.cos((Math.PI * (j - centre)) / reach));
    }

    return sum;
  });
}

const SAMPLE_ENCODERS: Readonly<
  Record<AudioEncoding, { readonly bytes: number; write(view: DataView, at: number, sample: number): void }>
> = {
  pcm_s16le: { bytes: 2, write: (view, at, sample) => view.setInt16(at, toInt16(sample), true) },
  pcm_f32le: { bytes: 4, write: (view, at, sample) => view.setFloat32(at, sample, true) },
  mulaw: { bytes: 1, write: (view, at, sample) => view.setUint8(at, toMulaw(toInt16(sample))) },
  alaw: { bytes: 1, write: (view, at, sample) => view.setUint8(at, toAlaw(toInt16(sample))) },
};

/** Codes samples as a client would; every further argument is one more channel, interleaved with the first. */
export function encode(
  encoding: AudioEncoding,
  ...channels: readonly Float32Array[]
): Uint8Array<ArrayBuffer> {
  const { bytes, write } = SAMPLE_ENCODERS[encoding];
  const coded = new Uint8Array(channels[0]!.length * channels.length * bytes);
  const view = new DataView(coded.buffer);
  for (const [channel, samples] of channels.entries()) {
    for (const [i, sample] of samples.entries()) write(view, (i * channels.length + channel) * bytes, sample);
  }

  return coded;
}

function toInt16(sample: number): number {
  return Math.round(Math.max(-1, Math.min(1, sample)) * 32_767);
}

/** ITU-T G.191's ulaw_compress, on 16 bits. */
function toMulaw(value: number): number {
  const magnitude = Math.min(Math.abs(value) >> 2, 0x1fdf) + 33;
  const segment = 31 - Math.clz32(magnitude) - 5;
  const code = (segment << 4) | ((magnitude >> (segment + 1)) & 0x0f);

  return ~(value < 0 ? code | 0x80 : code) & 0xff;
}

/** ITU-T G.191's alaw_compress, on 16 bits. */
function toAlaw(value: number): number {
  const magnitude = (value < 0 ? ~value : value) >> 4;
  const segment = Math.max(0, 31 - Math.clz32(magnitude | 1) - 3);
  const code = segment === 0 ? magnitude : (segment << 4) | ((magnitude >> (segment - 1)) & 0x0f);

  return (value < 0 ? code : code | 0x80) ^ 0x55;
}
