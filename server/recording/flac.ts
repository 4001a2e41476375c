import { FLACDecoder } from '@wasm-audio-decoders/flac';
import { Failure } from '../failure.ts';
import {
  createRecording,
  isSupportedRate,
  maxSamplesAt,
  type NeedsFfmpeg,
  type Recording,
  SampleCollector,
  tooLong,
} from './recording.ts';

/** Decoded at once: what comes out, all channels of it, is held beside the whole. */
const PIECE_BYTES = 1 << 20;

/** What the first block of a FLAC file says. */
interface StreamInfo {
  readonly sampleRate: number;
  readonly channels: number;
  /** Bits of a sample. */
  readonly bits: number;
  /** Samples of each channel; 0 where the writer did not know. */
  readonly totalSamples: number;
}

/**
 * Reads a FLAC file. A file whose writer did not know its length and that is damaged or cut short is read up to there:
 * nothing in it tells.
 *
 * @throws {Failure} when the file is damaged or cut short, holds no audio or is too long.
 */
export async function decodeFlac(bytes: Uint8Array, path: string): Promise<Recording | NeedsFfmpeg> {
  const info = readStreamInfo(bytes);
  if (info === null)
    throw new Failure(`${path} is a damaged FLAC file: it does not say what its audio is like.`);
  const { sampleRate, channels, bits, totalSamples } = info;
  if (!isSupportedRate(sampleRate)) return { needsFfmpeg: `a FLAC file at ${sampleRate} Hz` };
  if (totalSamples > maxSamplesAt(sampleRate)) throw tooLong(path);
  const collector = new SampleCollector(path, maxSamplesAt(sampleRate));
  const sound = await decodeFrames(bytes, bits, collector);
  if (!sound || collector.length < totalSamples) {
    const seconds = (collector.length / sampleRate).toFixed(1);
    throw new Failure(
      `${path} is damaged or cut short: no more than ${seconds} seconds could be decoded. Fetch or export it again.`,
    );
  }
  return createRecording(path, { sampleRate, channels, samples: collector.join() });
}

/** RFC 9639, section 8.2. Null where the file does not begin with this block. */
function readStreamInfo(bytes: Uint8Array): StreamInfo | null {
  if (bytes.length < 42 || (bytes[4]! & 0x7f) !== 0) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // 20 bits of rate, 3 of channels, 5 of sample size and 36 of length.
  const packed = view.getBigUint64(18);
  return {
    sampleRate: Number(packed >> 44n),
    channels: Number((packed >> 41n) & 7n) + 1,
    bits: Number((packed >> 36n) & 31n) + 1,
    totalSamples: Number(packed & 0xf_ffff_ffffn),
  };
}

/** Adds the mean of the channels to `collector`; answers whether every frame found could be decoded. */
async function decodeFrames(bytes: Uint8Array, bits: number, collector: SampleCollector): Promise<boolean> {
  // The decoder divides by the largest positive sample, which puts the largest negative one beyond -1.
  const scale = (2 ** (bits - 1) - 1) / 2 ** (bits - 1);
  const decoder = new FLACDecoder();
  await decoder.ready;
  try {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const piece = await decoder.decode(bytes.subarray(at, at + PIECE_BYTES));
      if (piece.errors.length > 0) return false;
      collector.add(mix(piece.channelData, scale));
    }
    const last = await decoder.flush();
    if (last.errors.length > 0) return false;
    collector.add(mix(last.channelData, scale));
    return true;
  } finally {
    decoder.free();
  }
}

/** The mean of the channels, each sample times `scale`. */
function mix(channels: readonly Float32Array[], scale: number): Float32Array {
  const mono = new Float32Array(channels[0]?.length ?? 0);
  const share = scale / channels.length;
  for (let at = 0; at < mono.length; at++) {
    let sum = 0;
    for (const channel of channels) sum += channel[at]!;
    mono[at] = sum * share;
  }
  return mono;
}
