import { ALAW, MULAW, sanitize } from '../audio/pcm.ts';
import { Failure } from '../failure.ts';
import {
  isSupportedRate,
  LengthCheck,
  type NeedsFfmpeg,
  type ReadOptions,
  type RecordingFile,
  type RecordingStream,
} from './recording-stream.ts';

/** The `fmt ` chunk's fields. */
interface Layout {
  /** `wFormatTag`, or what stands in its place in the extensible form. */
  readonly tag: number;
  readonly channels: number;
  readonly sampleRate: number;
  readonly frameBytes: number;
}

type ReadSample = (view: DataView, at: number) => number;

const TAG_PCM = 0x0001;
const TAG_FLOAT = 0x0003;
const TAG_ALAW = 0x0006;
const TAG_MULAW = 0x0007;
const TAG_EXTENSIBLE = 0xfffe;

const CODEC_NAMES: Readonly<Record<number, string>> = {
  2: 'MS ADPCM',
  17: 'IMA ADPCM',
  49: 'GSM 6.10',
  85: 'MP3',
};

/** By format tag and bytes of a sample. Samples with fewer bits than their bytes lie in the high bits. */
const READERS: Readonly<Record<number, Readonly<Record<number, ReadSample>>>> = {
  [TAG_PCM]: {
    1: (view, at) => (view.getUint8(at) - 128) / 128,
    2: (view, at) => view.getInt16(at, true) / 2 ** 15,
    3: (view, at) => ((view.getInt8(at + 2) << 16) | view.getUint16(at, true)) / 2 ** 23,
    4: (view, at) => view.getInt32(at, true) / 2 ** 31,
  },
  [TAG_FLOAT]: {
    4: (view, at) => sanitize(view.getFloat32(at, true)),
    8: (view, at) => sanitize(view.getFloat64(at, true)),
  },
  [TAG_ALAW]: { 1: (view, at) => ALAW[view.getUint8(at)]! },
  [TAG_MULAW]: { 1: (view, at) => MULAW[view.getUint8(at)]! },
};

/** What follows the format tag in the GUID of an extensible format, for the formats that have a tag. */
const GUID_TAIL = '000000001000800000aa00389b71';

/**
 * Reads a RIFF/WAVE file: 8 to 32-bit PCM, 32 and 64-bit float, and G.711, plain or WAVE_FORMAT_EXTENSIBLE. A file that
 * was cut short is read up to its last whole frame, and one whose writer never filled in the data's size (0 or
 * 0xFFFFFFFF) up to its end.
 *
 * Layout: IBM and Microsoft, "Multimedia Programming Interface and Data Specifications 1.0", 1991, and Microsoft,
 * "Multiple channel audio data and WAVE files", 2001.
 *
 * @param file closed by the stream; by the caller where there is none.
 * @throws {Failure} when the file is damaged or too long; its pieces do when it holds no audio.
 */
export async function openWav(
  file: RecordingFile,
  sizeBytes: number,
  options: ReadOptions,
): Promise<RecordingStream | NeedsFfmpeg> {
  const { label } = options;
  const { format, data } = await findChunks(file, sizeBytes);
  if (format === null || format.byteLength < 16) {
    throw new Failure(`${label} is a damaged WAV file: it does not say what its audio is like.`);
  }
  const layout = readLayout(format);
  if (layout === null) return { needsFfmpeg: 'a WAV file in a coding not known here' };
  const { tag, channels, sampleRate, frameBytes } = layout;
  const readers = READERS[tag];
  if (readers === undefined) {
    const codec = CODEC_NAMES[tag] ?? `format 0x${tag.toString(16).padStart(4, '0')}`;
    return { needsFfmpeg: `a WAV file coded as ${codec}` };
  }
  const sampleBytes = frameBytes / channels;
  if (!Number.isInteger(sampleBytes) || sampleBytes === 0 || sampleRate === 0) {
    throw new Failure(
      `${label} is a damaged WAV file: it claims ${channels} channels in ${frameBytes} bytes at ${sampleRate} Hz.`,
    );
  }
  const read = readers[sampleBytes];
  if (read === undefined) return { needsFfmpeg: `a WAV file with samples of ${sampleBytes} bytes` };
  if (!isSupportedRate(sampleRate)) return { needsFfmpeg: `a WAV file at ${sampleRate} Hz` };
  const check = new LengthCheck(options, sampleRate);
  const { fromByte, bytes } = data ?? { fromByte: 0, bytes: 0 };
  check.allow(Math.floor(bytes / frameBytes));
  const blocks = readBlocks(file, fromByte, bytes, frameBytes, options.signal);

  return {
    sampleRate,
    channels,
    pieces: mixBlocks(blocks, { read, channels, sampleBytes }, check),
    close: () => file.close().catch(() => {}),
  };
}

async function* mixBlocks(
  blocks: AsyncIterable<DataView>,
  { read, channels, sampleBytes }: { read: ReadSample; channels: number; sampleBytes: number },
  check: LengthCheck,
): RecordingStream['pieces'] & AsyncGenerator<Float32Array<ArrayBuffer>> {
  for await (const block of blocks) {
    const samples = new Float32Array(block.byteLength / sampleBytes / channels);
    for (let frame = 0, at = 0; frame < samples.length; frame++) {
      let sum = 0;
      for (let channel = 0; channel < channels; channel++, at += sampleBytes) sum += read(block, at);
      samples[frame] = sum / channels;
    }
    check.add(samples.length);
    yield samples;
  }
  check.end();
}

/** Whole frames, in memory that the next block takes again. What was torn off at the end is left out. */
async function* readBlocks(
  file: RecordingFile,
  fromByte: number,
  bytes: number,
  frameBytes: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<DataView> {
  const memory = new Uint8Array(Math.max(1, Math.floor(BLOCK_BYTES / frameBytes)) * frameBytes);
  for (let at = 0; at < bytes; ) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(memory, 0, Math.min(memory.length, bytes - at), fromByte + at);
    const wholeBytes = bytesRead - (bytesRead % frameBytes);
    if (wholeBytes === 0) return;
    yield new DataView(memory.buffer, 0, wholeBytes);
    at += wholeBytes;
  }
}

/** Where a chunk's contents lie in the file. */
interface Extent {
  readonly fromByte: number;
  readonly bytes: number;
}

/** The first `fmt ` and `data` chunks: the former's contents, and where the latter's are. */
async function findChunks(
  file: RecordingFile,
  sizeBytes: number,
): Promise<{ format: DataView | null; data: Extent | null }> {
  const riff = await readView(file, { fromByte: 0, bytes: 8 });
  if (riff.byteLength < 8) return { format: null, data: null };
  const riffSize = riff.getUint32(4, true);
  let format: DataView | null = null;
  let data: Extent | null = null;
  let at = 12;
  for (let chunks = 0; chunks < MAX_CHUNKS && at + 8 <= sizeBytes; chunks++) {
    if (format !== null && data !== null) break;
    const header = await readView(file, { fromByte: at, bytes: 8 });
    const id = header.getUint32(0);
    const remaining = sizeBytes - at - 8;
    const claimed = header.getUint32(4, true);
    // Data of size 0 is all that remains, unless its writer came to the end: then it filled in the file's own size.
    const size = id === DATA_ID && claimed === 0 && riffSize + 8 !== sizeBytes ? remaining : claimed;
    const contents = { fromByte: at + 8, bytes: Math.min(size, remaining) };
    if (id === FMT_ID)
      format ??= await readView(file, { ...contents, bytes: Math.min(contents.bytes, MAX_FORMAT_BYTES) });
    if (id === DATA_ID) data ??= contents;
    // Chunks begin at even offsets.
    at += 8 + size + (size % 2);
  }

  return { format, data };
}

/** What the file has of it. */
async function readView(file: RecordingFile, { fromByte, bytes }: Extent): Promise<DataView> {
  const memory = new Uint8Array(bytes);
  const { bytesRead } = await file.read(memory, 0, bytes, fromByte);

  return new DataView(memory.buffer, 0, bytesRead);
}

/** `fmt ` and `data` as big-endian numbers. */
const FMT_ID = 0x666d7420;
const DATA_ID = 0x64617461;
/** All that is read of `fmt `. */
const MAX_FORMAT_BYTES = 64;
/** More than any program writes. */
const MAX_CHUNKS = 1000;
/** Read at once: some thousands of samples, a fraction of a millisecond's work. */
const BLOCK_BYTES = 65_536;

/** `format` holds at least 16 bytes. Null where the extensible form names a format that has no tag. */
function readLayout(format: DataView): Layout | null {
  let tag = format.getUint16(0, true);
  if (tag === TAG_EXTENSIBLE) {
    if (format.byteLength < 40) return null;
    const tail = Array.from({ length: 14 }, (_, i) =>
      format
        .getUint8(26 + i)
        .toString(16)
        .padStart(2, '0'),
    );
    if (tail.join('') !== GUID_TAIL) return null;
    tag = format.getUint16(24, true);
  }
  return {
    tag,
    channels: format.getUint16(2, true),
    sampleRate: format.getUint32(4, true),
    frameBytes: format.getUint16(12, true),
  };
}
