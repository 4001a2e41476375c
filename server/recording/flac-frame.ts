import { BitReader } from './bit-reader.ts';

/** A frame that is none, or damaged. */
export class FlacFrameError extends Error {
  override readonly name = 'FlacFrameError';
}

/** A frame, decoded. */
export interface FlacFrame {
  /** The mean of the channels, in [-1, 1]; fresh. */
  readonly samples: Float32Array<ArrayBuffer>;
  /** What it takes of the file. */
  readonly byteLength: number;
}

/** What a frame's header says. */
interface Header {
  readonly blockSamples: number;
  /** As coded: below 8 channels by themselves, and less one; 8 to 10 two of which one is a difference. */
  readonly channelCode: number;
  /** Of a sample. */
  readonly bits: number;
}

const LEFT_SIDE = 8;
const SIDE_RIGHT = 9;
const MID_SIDE = 10;

/** Bits of a sample, by code; 0 for the stream's. */
const SAMPLE_BITS: readonly (number | null)[] = [0, 8, 12, null, 16, 20, 24, 32];

/** What the fixed predictors, of order 0 to 4, make of the samples before, the newest first. */
const FIXED = [[], [1], [2, -1], [3, -3, 1], [4, -6, 4, -1]].map((each) => Float64Array.from(each));

/** More than any sample has, 33 bits of a difference among them. */
const MAX_QUOTIENT = 2 ** 33;

/**
 * Decodes the frame at the beginning of `bytes` (RFC 9639, section 9). Takes the time of its samples, at most 65,535 of 8
 * channels, whatever is in it: sums are of doubles, which hold them exactly.
 *
 * @param streamBits of a sample, where the frame does not say.
 * @throws {FlacFrameError} where there is no frame, or its checksums are not right.
 * @throws {OutOfBitsError} where it goes on beyond `bytes`.
 */
export function decodeFlacFrame(bytes: Uint8Array, streamBits: number): FlacFrame {
  const reader = new BitReader(bytes);
  const header = readHeader(reader, bytes, streamBits);
  const { blockSamples, channelCode, bits } = header;
  const channels = channelCode < LEFT_SIDE ? channelCode + 1 : 2;
  const decoded = Array.from({ length: channels }, (_, channel) =>
    readSubframe(reader, blockSamples, bits + (isSide(channelCode, channel) ? 1 : 0)),
  );
  reader.align();
  const sum = crc16(bytes, reader.byteLength);
  if (reader.bits(16) !== sum) throw new FlacFrameError("The frame's checksum is wrong.");

  return { samples: mix(decoded, header), byteLength: reader.byteLength };
}

function isSide(channelCode: number, channel: number): boolean {
  return channelCode === SIDE_RIGHT ? channel === 0 : channelCode >= LEFT_SIDE && channel === 1;
}

function readHeader(reader: BitReader, bytes: Uint8Array, streamBits: number): Header {
  if (reader.bits(15) !== 0x7ffc) throw new FlacFrameError('No frame begins here.');
  // Whether blocks are all of one size, which is of no matter here.
  reader.bits(1);
  const sizeCode = reader.bits(4);
  const rateCode = reader.bits(4);
  const channelCode = reader.bits(4);
  const bits = SAMPLE_BITS[reader.bits(3)];
  reader.bits(1);
  skipNumber(reader);
  const blockSamples = readBlockSize(reader, sizeCode);
  // The stream's rate is that of its beginning.
  if (rateCode === 12) reader.bits(8);
  if (rateCode === 13 || rateCode === 14) reader.bits(16);
  const sum = crc8(bytes, reader.byteLength);
  if (reader.bits(8) !== sum) throw new FlacFrameError("The header's checksum is wrong.");
  if (bits === null || bits === undefined || channelCode > MID_SIDE || rateCode === 15 || blockSamples === 0)
    throw new FlacFrameError('The header has a value without a meaning.');

  return { blockSamples, channelCode, bits: bits || streamBits };
}

/** The frame's number, coded as characters are in UTF-8. */
function skipNumber(reader: BitReader): void {
  const ones = Math.clz32(~(reader.bits(8) << 24));
  for (let left = ones - 1; left > 0; left--) reader.bits(8);
}

/** 0 for a size that is none. */
function readBlockSize(reader: BitReader, code: number): number {
  if (code === 0) return 0;
  if (code === 1) return 192;
  if (code <= 5) return 144 << code;
  if (code === 6) return reader.bits(8) + 1;
  if (code === 7) return reader.bits(16) + 1;

  return 1 << code;
}

/** @param sampleBits 33 for the difference of two channels of 32. */
function readSubframe(reader: BitReader, blockSamples: number, sampleBits: number): Float64Array {
  if (reader.bits(1) !== 0) throw new FlacFrameError('No subframe begins here.');
  const kind = reader.bits(6);
  // Low bits that are zero in all of its samples are left out.
  const wasted = reader.bits(1) === 1 ? reader.unary() + 1 : 0;
  const bits = sampleBits - wasted;
  if (bits <= 0) throw new FlacFrameError('A subframe has no bits left.');
  const samples = new Float64Array(blockSamples);
  if (kind === 0) samples.fill(reader.signed(bits));
  else if (kind === 1) readPlain(reader, samples, blockSamples, bits);
  else if (kind >= 8 && kind <= 12) readFixed(reader, samples, kind - 8, bits);
  else if (kind >= 32) readLinear(reader, samples, kind - 31, bits);
  else throw new FlacFrameError('A subframe is of a kind without a meaning.');
  if (wasted > 0) for (let i = 0; i < blockSamples; i++) samples[i]! *= 2 ** wasted;

  return samples;
}

function readPlain(reader: BitReader, samples: Float64Array, count: number, bits: number): void {
  for (let i = 0; i < count; i++) samples[i] = reader.signed(bits);
}

function readFixed(reader: BitReader, samples: Float64Array, order: number, bits: number): void {
  if (order > samples.length) throw new FlacFrameError('A subframe is shorter than its predictor.');
  readPlain(reader, samples, order, bits);
  readResiduals(reader, samples, order);
  predict(samples, FIXED[order]!, 0);
}

function readLinear(reader: BitReader, samples: Float64Array, order: number, bits: number): void {
  if (order > samples.length) throw new FlacFrameError('A subframe is shorter than its predictor.');
  readPlain(reader, samples, order, bits);
  const precision = reader.bits(4) + 1;
  const shift = reader.signed(5);
  if (precision === 16 || shift < 0) throw new FlacFrameError('A predictor has a value without a meaning.');
  const coefficients = Float64Array.from({ length: order }, () => reader.signed(precision));
  readResiduals(reader, samples, order);
  predict(samples, coefficients, shift);
}

/** Turns what a predictor missed by, behind its first samples, into samples. */
function predict(samples: Float64Array, coefficients: Float64Array, shift: number): void {
  const order = coefficients.length;
  const scale = 2 ** -shift;
  for (let at = order; at < samples.length; at++) {
    let sum = 0;
    for (let i = 0; i < order; i++) sum += coefficients[i]! * samples[at - 1 - i]!;
    samples[at]! += Math.floor(sum * scale);
  }
}

/** Rice codes, in partitions with a parameter each. */
function readResiduals(reader: BitReader, samples: Float64Array, order: number): void {
  const method = reader.bits(2);
  if (method > 1) throw new FlacFrameError('Residuals are coded in a way without a meaning.');
  const parameterBits = method === 0 ? 4 : 5;
  const partitionOrder = reader.bits(4);
  const partitionSamples = samples.length >> partitionOrder;
  if (partitionSamples << partitionOrder !== samples.length || partitionSamples < order)
    throw new FlacFrameError('Partitions do not fit the block.');
  for (let from = order, to = partitionSamples; to <= samples.length; from = to, to += partitionSamples) {
    const parameter = reader.bits(parameterBits);
    if (parameter === (1 << parameterBits) - 1) {
      const bits = reader.bits(5);
      for (let at = from; at < to; at++) samples[at] = reader.signed(bits);
    } else {
      readRice(reader, samples.subarray(from, to), parameter);
    }
  }
}

function readRice(reader: BitReader, samples: Float64Array, parameter: number): void {
  const step = 2 ** parameter;
  for (let at = 0; at < samples.length; at++) {
    const folded = reader.unary() * step + reader.bits(parameter);
    if (folded > MAX_QUOTIENT) throw new FlacFrameError('A residual is larger than any sample.');
    // Even numbers are those from 0 on, odd ones those below.
    const half = Math.floor(folded / 2);
    samples[at] = folded === 2 * half ? half : -half - 1;
  }
}

/** The mean of the channels. A loop for each coding: one that asked for each sample took ten times as long. */
function mix(
  channels: readonly Float64Array[],
  { channelCode, blockSamples, bits }: Header,
): Float32Array<ArrayBuffer> {
  const mono = new Float32Array(blockSamples);
  const scale = 2 ** (1 - bits) / channels.length;
  const [first, second] = channels;
  if (channelCode === LEFT_SIDE) addTwo(mono, first!, 2 * scale, second!, -scale);
  else if (channelCode === SIDE_RIGHT) addTwo(mono, first!, scale, second!, 2 * scale);
  else if (channelCode === MID_SIDE) addMiddle(mono, first!, second!, scale);
  else if (channels.length === 2) addTwo(mono, first!, scale, second!, scale);
  else addAll(mono, channels, scale);

  return mono;
}

function addTwo(mono: Float32Array, a: Float64Array, shareA: number, b: Float64Array, shareB: number): void {
  for (let at = 0; at < mono.length; at++) mono[at] = a[at]! * shareA + b[at]! * shareB;
}

/** The lowest bit of the channels' sum is that of their difference, and is not coded twice. */
function addMiddle(mono: Float32Array, middle: Float64Array, side: Float64Array, scale: number): void {
  for (let at = 0; at < mono.length; at++) mono[at] = (2 * middle[at]! + (side[at]! & 1)) * scale;
}

function addAll(mono: Float32Array, channels: readonly Float64Array[], scale: number): void {
  for (let at = 0; at < mono.length; at++) {
    let sum = 0;
    for (let channel = 0; channel < channels.length; channel++) sum += channels[channel]![at]!;
    mono[at] = sum * scale;
  }
}

const CRC8 = crcTable(8, 0x07);
const CRC16 = crcTable(16, 0x8005);

function crc8(bytes: Uint8Array, length: number): number {
  let sum = 0;
  for (let at = 0; at < length; at++) sum = CRC8[sum ^ bytes[at]!]!;

  return sum;
}

function crc16(bytes: Uint8Array, length: number): number {
  let sum = 0;
  for (let at = 0; at < length; at++) sum = ((sum << 8) & 0xffff) ^ CRC16[(sum >> 8) ^ bytes[at]!]!;

  return sum;
}

function crcTable(bits: 8 | 16, polynomial: number): Uint16Array {
  const top = 1 << (bits - 1);
  const mask = 2 ** bits - 1;

  return Uint16Array.from({ length: 256 }, (_, byte) => {
    let sum = byte << (bits - 8);
    for (let bit = 0; bit < 8; bit++) sum = ((sum << 1) ^ (sum & top ? polynomial : 0)) & mask;

    return sum;
  });
}
