import { FLACDecoder } from '@wasm-audio-decoders/flac';
import { Failure } from '../failure.ts';
import {
  isSupportedRate,
  LengthCheck,
  type NeedsFfmpeg,
  type ReadOptions,
  type RecordingFile,
  type RecordingStream,
} from './recording-stream.ts';

/** Decoded at once. */
const PIECE_BYTES = 4096;

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
 * @param file closed by the stream; by the caller where there is none.
 * @throws {Failure} when the file is damaged or too long; its pieces do when it is damaged or cut short further on.
 */
export async function openFlac(
  file: RecordingFile,
  options: ReadOptions,
): Promise<RecordingStream | NeedsFfmpeg> {
  const { label } = options;
  const head = new Uint8Array(42);
  const { bytesRead } = await file.read(head, 0, head.length, 0);
  const info = readStreamInfo(head.subarray(0, bytesRead));
  if (info === null)
    throw new Failure(`${label} is a damaged FLAC file: it does not say what its audio is like.`);
  const { sampleRate, channels, totalSamples } = info;
  if (!isSupportedRate(sampleRate)) return { needsFfmpeg: `a FLAC file at ${sampleRate} Hz` };
  const check = new LengthCheck(options, sampleRate);
  check.allow(totalSamples);

  return {
    sampleRate,
    channels,
    pieces: decodeFrames(file, info, check, options),
    close: () => file.close().catch(() => {}),
  };
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

async function* decodeFrames(
  file: RecordingFile,
  { sampleRate, bits, totalSamples }: StreamInfo,
  check: LengthCheck,
  { label, signal }: ReadOptions,
): RecordingStream['pieces'] & AsyncGenerator<Float32Array<ArrayBuffer>> {
  // The decoder divides by the largest positive sample, which puts the largest negative one beyond -1.
  const scale = (2 ** (bits - 1) - 1) / 2 ** (bits - 1);
  const damaged = () => {
    const seconds = (check.samples / sampleRate).toFixed(1);

    return new Failure(
      `${label} is damaged or cut short: no more than ${seconds} seconds could be decoded. Fetch or export it again.`,
    );
  };
  const decoder = new FLACDecoder();
  await decoder.ready;
  try {
    const memory = new Uint8Array(PIECE_BYTES);
    for (let at = 0, isEnd = false; !isEnd; ) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(memory, 0, memory.length, at);
      at += bytesRead;
      isEnd = bytesRead === 0;
      const piece = isEnd ? await decoder.flush() : await decoder.decode(memory.slice(0, bytesRead));
      if (piece.errors.length > 0) throw damaged();
      const samples = mix(piece.channelData, scale);
      check.add(samples.length);
      if (samples.length > 0) yield samples;
    }
    if (check.samples < totalSamples) throw damaged();
    check.end();
  } finally {
    decoder.free();
  }
}

/** The mean of the channels, each sample times `scale`. */
function mix(channels: readonly Float32Array[], scale: number): Float32Array<ArrayBuffer> {
  const mono = new Float32Array(channels[0]?.length ?? 0);
  const share = scale / channels.length;
  for (let at = 0; at < mono.length; at++) {
    let sum = 0;
    for (const channel of channels) sum += channel[at]!;
    mono[at] = sum * share;
  }
  return mono;
}
