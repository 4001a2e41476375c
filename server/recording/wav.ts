import { ALAW, MULAW, sanitize } from '../audio/pcm.ts';
import { Failure } from '../failure.ts';
import {
  createRecording,
  isSupportedRate,
  maxSamplesAt,
  type NeedsFfmpeg,
  type Recording,
  tooLong,
} from './recording.ts';

/** The `fmt ` chunk's fields. */
export interface WavLayout {
  /** `wFormatTag`, or what stands in its place in the extensible form. */
  readonly tag: number;
  readonly channels: number;
  readonly sampleRate: number;
  readonly frameBytes: number;
}

type ReadSample = (view: DataView, at: number) => number;

/** `wFormatTag` of the codings that are read here. */
export const TAG_PCM = 0x0001;
export const TAG_FLOAT = 0x0003;
export const TAG_ALAW = 0x0006;
export const TAG_MULAW = 0x0007;
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
 * @throws {Failure} when the file is damaged, holds no audio or is too long.
 */
export function decodeWav(bytes: Uint8Array, path: string): Recording | NeedsFfmpeg {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { format, data } = findChunks(view);
  if (format === null || format.byteLength < 16) {
    throw new Failure(`${path} is a damaged WAV file: it does not say what its audio is like.`);
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
      `${path} is a damaged WAV file: it claims ${channels} channels in ${frameBytes} bytes at ${sampleRate} Hz.`,
    );
  }
  const read = readers[sampleBytes];
  if (read === undefined) return { needsFfmpeg: `a WAV file with samples of ${sampleBytes} bytes` };
  if (!isSupportedRate(sampleRate)) return { needsFfmpeg: `a WAV file at ${sampleRate} Hz` };
  const frames = Math.floor((data?.byteLength ?? 0) / frameBytes);
  if (frames > maxSamplesAt(sampleRate)) throw tooLong(path);
  const samples = new Float32Array(frames);
  for (let frame = 0, at = 0; frame < frames; frame++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++, at += sampleBytes) sum += read(data!, at);
    samples[frame] = sum / channels;
  }
  return createRecording(path, { sampleRate, channels, samples });
}

/** The first `fmt ` and `data` chunks' contents. */
function findChunks(view: DataView): { format: DataView | null; data: DataView | null } {
  let format: DataView | null = null;
  let data: DataView | null = null;
  let at = 12;
  while (at + 8 <= view.byteLength && (format === null || data === null)) {
    const id = view.getUint32(at);
    const remaining = view.byteLength - at - 8;
    const size = chunkSize(view, at, id === DATA_ID);
    const contents = new DataView(view.buffer, view.byteOffset + at + 8, Math.min(size, remaining));
    if (id === FMT_ID) format ??= contents;
    if (id === DATA_ID) data ??= contents;
    // Chunks begin at even offsets.
    at += 8 + size + (size % 2);
  }
  return { format, data };
}

/** `fmt ` and `data` as big-endian numbers. */
const FMT_ID = 0x666d7420;
const DATA_ID = 0x64617461;

/**
 * The chunk's size, which of data of size 0 is all that remains, unless the file's own size was filled in: then its
 * writer came to the end, and the data is empty.
 */
function chunkSize(view: DataView, at: number, isData: boolean): number {
  const size = view.getUint32(at + 4, true);
  const finished = view.getUint32(4, true) + 8 === view.byteLength;
  return isData && size === 0 && !finished ? view.byteLength - at - 8 : size;
}

/** `format` holds at least 16 bytes. Null where the extensible form names a format that has no tag. */
export function readLayout(format: DataView): WavLayout | null {
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
