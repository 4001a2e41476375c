import type { AudioEncoding } from '../../client-sdk/protocol.ts';

/** Most interleaved channels a stream may carry. */
export const MAX_CHANNELS = 8;

/** The bytes of one message are not a whole number of frames, so every sample after it would be torn. */
export class MisalignedAudioError extends Error {
  override readonly name = 'MisalignedAudioError';
  readonly receivedBytes: number;
  readonly frameBytes: number;

  constructor(receivedBytes: number, frameBytes: number) {
    super(
      `An audio message held ${receivedBytes} bytes, which is not a multiple of ${frameBytes}, the bytes of one frame. ` +
        'Send whole frames: one sample of every channel.',
    );
    this.receivedBytes = receivedBytes;
    this.frameBytes = frameBytes;
  }
}

/** Turns one stream's audio bytes into mono samples. Holds no state between calls. */
export interface PcmDecoder {
  /** Bytes of one frame: one sample of every channel. */
  readonly frameBytes: number;
  /**
   * Decodes whole frames, mixing the channels to one by their mean.
   *
   * @param bytes read during the call only, at any alignment; the caller may reuse them afterwards.
   * @param lend memory for so many samples, which is returned; a fresh array when left out.
   * @returns samples in [-1, 1] at the source rate, one per frame; floats beyond are clamped, and those that are not
   *   finite become 0.
   * @throws {MisalignedAudioError} when the byte count is not a multiple of `frameBytes`.
   */
  decode(bytes: Uint8Array, lend?: (samples: number) => Float32Array): Float32Array;
}

/** How audio bytes are to be read. */
export interface PcmFormat {
  readonly encoding: AudioEncoding;
  /** Interleaved channels, 1 to 8. */
  readonly channels: number;
}

/** @throws {RangeError} when there are not 1 to 8 channels. */
export function createPcmDecoder({ encoding, channels }: PcmFormat): PcmDecoder {
  if (!Number.isInteger(channels) || channels < 1 || channels > MAX_CHANNELS) {
    throw new RangeError(`Audio has 1 to ${MAX_CHANNELS} channels, not ${channels}.`);
  }
  const { sampleBytes, mix } = FORMATS[encoding];
  const frameBytes = sampleBytes * channels;
  return {
    frameBytes,
    decode(bytes, lend = (samples) => new Float32Array(samples)) {
      if (bytes.length % frameBytes !== 0) throw new MisalignedAudioError(bytes.length, frameBytes);
      const mono = lend(bytes.length / frameBytes);
      mix(bytes, channels, mono);
      return mono;
    },
  };
}

/** Clamps a float sample to [-1, 1]; what is not finite becomes 0. */
export function sanitize(sample: number): number {
  if (sample >= -1 && sample <= 1) return sample;
  return Number.isFinite(sample) ? Math.sign(sample) : 0;
}

/** Fills `mono` with the mean of each frame's channels. */
type Mix = (bytes: Uint8Array, channels: number, mono: Float32Array) => void;

// One loop for each encoding instead of a shared one that takes a reader: V8 inlines these, and the shared loop would
// call through a pointer for every sample. The means are sums of at most 8 doubles, then rounded to float once.

/** Whether typed arrays read the order of bytes that is sent. */
const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function mixInt16(bytes: Uint8Array, channels: number, mono: Float32Array): void {
  // What nearly every microphone sends, twice as fast.
  if (channels === 1 && LITTLE_ENDIAN && bytes.byteOffset % 2 === 0) {
    const samples = new Int16Array(bytes.buffer, bytes.byteOffset, mono.length);
    for (let i = 0; i < mono.length; i++) mono[i] = samples[i]! / 32_768;
    return;
  }
  const scale = 1 / (32_768 * channels);
  for (let frame = 0, at = 0; frame < mono.length; frame++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++, at += 2) {
      sum += ((bytes[at]! | (bytes[at + 1]! << 8)) << 16) >> 16;
    }
    mono[frame] = sum * scale;
  }
}

function mixFloat32(bytes: Uint8Array, channels: number, mono: Float32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const scale = 1 / channels;
  for (let frame = 0, at = 0; frame < mono.length; frame++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++, at += 4) sum += sanitize(view.getFloat32(at, true));
    mono[frame] = sum * scale;
  }
}

function mixByTable(table: Float32Array): Mix {
  return (bytes, channels, mono) => {
    const scale = 1 / channels;
    for (let frame = 0, at = 0; frame < mono.length; frame++) {
      let sum = 0;
      for (let channel = 0; channel < channels; channel++, at++) sum += table[bytes[at]!]!;
      mono[frame] = sum * scale;
    }
  };
}

/**
 * G.711 µ-law as samples in [-1, 1], by code.
 *
 * ITU-T G.711 (11/1988), tables 2a and 2b: the code is sent inverted; sign, 3 bits of segment, 4 of interval. The 14-bit value
 * (2 * interval + 33) * 2^segment - 33 is scaled by 4 to 16 bits, as every codec does, and then by 2^15.
 */
export const MULAW: Readonly<Float32Array> = Float32Array.from({ length: 256 }, (_, code) => {
  const inverted = ~code & 0xff;
  const magnitude = ((2 * (inverted & 0x0f) + 33) << ((inverted >> 4) & 7)) - 33;
  return ((inverted & 0x80 ? -magnitude : magnitude) * 4) / 32_768;
});

/**
 * G.711 A-law as samples in [-1, 1], by code.
 *
 * ITU-T G.711 (11/1988), tables 1a and 1b: the even bits are sent inverted (XOR 0x55), and a set sign bit means positive.
 * Segments 0 and 1 share the smallest step; above, each doubles it. The 13-bit value is scaled by 8 to 16 bits.
 */
export const ALAW: Readonly<Float32Array> = Float32Array.from({ length: 256 }, (_, code) => {
  const sent = code ^ 0x55;
  const segment = (sent >> 4) & 7;
  const step = 2 * (sent & 0x0f) + 1;
  const magnitude = segment === 0 ? step : (step + 32) << (segment - 1);
  return ((sent & 0x80 ? magnitude : -magnitude) * 8) / 32_768;
});

const FORMATS: Readonly<Record<AudioEncoding, { readonly sampleBytes: number; readonly mix: Mix }>> = {
  pcm_s16le: { sampleBytes: 2, mix: mixInt16 },
  pcm_f32le: { sampleBytes: 4, mix: mixFloat32 },
  mulaw: { sampleBytes: 1, mix: mixByTable(MULAW) },
  alaw: { sampleBytes: 1, mix: mixByTable(ALAW) },
};
