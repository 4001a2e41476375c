import { Failure } from '../failure.ts';
import { OutOfBitsError } from './bit-reader.ts';
import { decodeFlacFrame, type FlacFrame, FlacFrameError } from './flac-frame.ts';
import {
  isSupportedRate,
  LengthCheck,
  type NeedsFfmpeg,
  type ReadOptions,
  type RecordingFile,
  type RecordingStream,
} from './recording-stream.ts';

/** Memory for the file's bytes, at first and at most: twice that of any frame that is coded with sense. */
const FIRST_BYTES = 65_536;
const MOST_BYTES = 8_388_608;
/** Blocks of pictures and tags; more than any program writes. */
const MAX_BLOCKS = 1000;
/** Up to and with the first block. */
const HEAD_BYTES = 42;

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
 * Reads a FLAC file (RFC 9639). A file whose writer did not know its length and that is damaged or cut short is read up to
 * there: nothing at its beginning tells.
 *
 * @param file closed by the stream; by the caller where there is none.
 * @throws {Failure} when the file is damaged or too long; its pieces do when it is damaged or cut short further on, or longer than it says.
 */
export async function openFlac(
  file: RecordingFile,
  options: ReadOptions,
): Promise<RecordingStream | NeedsFfmpeg> {
  const { label } = options;
  const info = await readStreamInfo(file);
  const fromByte = info && (await findFrames(file));
  if (info === null || fromByte === null)
    throw new Failure(`${label} is a damaged FLAC file: it does not say what its audio is like.`);
  const { sampleRate, channels, totalSamples } = info;
  if (!isSupportedRate(sampleRate)) return { needsFfmpeg: `a FLAC file at ${sampleRate} Hz` };
  const check = new LengthCheck(options, sampleRate);
  check.allow(totalSamples);

  return {
    sampleRate,
    channels,
    claimedMs: totalSamples === 0 ? null : (totalSamples * 1000) / sampleRate,
    pieces: readPieces(readFrames(file, fromByte, info, options.signal), info, check, label),
    close: () => file.close().catch(() => {}),
  };
}

/** Section 8.2. Null where the file does not begin with this block. */
async function readStreamInfo(file: RecordingFile): Promise<StreamInfo | null> {
  const bytes = new Uint8Array(HEAD_BYTES);
  const { bytesRead } = await file.read(bytes, 0, HEAD_BYTES, 0);
  if (bytesRead < HEAD_BYTES || (bytes[4]! & 0x7f) !== 0) return null;
  // 20 bits of rate, 3 of channels, 5 of sample size and 36 of length.
  const packed = new DataView(bytes.buffer).getBigUint64(18);

  return {
    sampleRate: Number(packed >> 44n),
    channels: Number((packed >> 41n) & 7n) + 1,
    bits: Number((packed >> 36n) & 31n) + 1,
    totalSamples: Number(packed & 0xf_ffff_ffffn),
  };
}

/** Where the blocks before the audio end (section 8.1). Null where they do not. */
async function findFrames(file: RecordingFile): Promise<number | null> {
  const header = new Uint8Array(4);
  for (let at = 4, blocks = 0; blocks < MAX_BLOCKS; blocks++) {
    const { bytesRead } = await file.read(header, 0, 4, at);
    if (bytesRead < 4) return null;
    at += 4 + ((header[1]! << 16) | (header[2]! << 8) | header[3]!);
    if (header[0]! >= 0x80) return at;
  }

  return null;
}

async function* readPieces(
  frames: AsyncIterable<FlacFrame>,
  { sampleRate, totalSamples }: StreamInfo,
  check: LengthCheck,
  label: string,
): RecordingStream['pieces'] & AsyncGenerator<Float32Array<ArrayBuffer>> {
  // They end where tags of other programs follow.
  for await (const { samples } of frames) {
    check.add(samples.length);
    if (totalSamples > 0 && check.samples > totalSamples) {
      const seconds = (totalSamples / sampleRate).toFixed(1);
      throw new Failure(
        `${label} is a damaged FLAC file: it goes on after the ${seconds} seconds that it says it has. Export it again.`,
      );
    }
    yield samples;
  }
  if (check.samples < totalSamples) {
    const seconds = (check.samples / sampleRate).toFixed(1);
    throw new Failure(
      `${label} is damaged or cut short: no more than ${seconds} seconds could be decoded. Fetch or export it again.`,
    );
  }
  check.end();
}

/** Frames up to the first that is none, or damaged, or not all there. */
async function* readFrames(
  file: RecordingFile,
  fromByte: number,
  { bits }: StreamInfo,
  signal: AbortSignal | undefined,
): AsyncGenerator<FlacFrame> {
  let memory = new Uint8Array(FIRST_BYTES);
  let held = memory.subarray(0, 0);
  for (let at = fromByte; ; ) {
    signal?.throwIfAborted();
    const frame = decodeHeld(held, bits);
    if (frame === 'damaged') return;
    if (frame !== 'incomplete') {
      held = held.subarray(frame.byteLength);
      yield frame;
      continue;
    }
    if (held.length <= memory.length / 2) {
      memory.copyWithin(0, held.byteOffset, held.byteOffset + held.length);
    } else {
      if (memory.length >= MOST_BYTES) return;
      const larger = new Uint8Array(memory.length * 2);
      larger.set(held);
      memory = larger;
    }
    const { bytesRead } = await file.read(memory, held.length, memory.length - held.length, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    held = memory.subarray(0, held.length + bytesRead);
  }
}

function decodeHeld(held: Uint8Array, bits: number): FlacFrame | 'incomplete' | 'damaged' {
  try {
    return decodeFlacFrame(held, bits);
  } catch (error) {
    if (error instanceof OutOfBitsError) return 'incomplete';
    if (error instanceof FlacFrameError) return 'damaged';
    throw error;
  }
}
