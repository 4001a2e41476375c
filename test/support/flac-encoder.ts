/** How a frame is coded (RFC 9639, section 9). */
export interface FlacCoding {
  /** Of a sample: 8, 12, 16, 20, 24 or 32. */
  readonly bits: number;
  /** `independent` for any number of channels, the others for two. */
  readonly channels: 'independent' | 'left-side' | 'side-right' | 'mid-side';
  readonly predictor:
    | { readonly kind: 'constant' | 'verbatim' }
    | { readonly kind: 'fixed'; readonly order: number }
    | { readonly kind: 'linear'; readonly coefficients: readonly number[]; readonly shift: number };
  /** Low bits that are zero in all samples, and left out. */
  readonly wastedBits: number;
  /** Partitions are two to this power. */
  readonly partitionOrder: number;
  /** Whether residuals are plain numbers instead of Rice codes. */
  readonly plainResiduals: boolean;
  /** Bits that a Rice code's parameter has. */
  readonly parameterBits: 4 | 5;
}

const SAMPLE_BITS = [0, 8, 12, -1, 16, 20, 24, 32];
const CHANNELS = { independent: 0, 'left-side': 8, 'side-right': 9, 'mid-side': 10 };
const FIXED = [[], [1], [2, -1], [3, -3, 1], [4, -6, 4, -1]];
/** Of a predictor's coefficients. */
const PRECISION = 8;

/** Encodes one frame, with exact integers throughout. @param channels all of one length. */
export function encodeFlacFrame(coding: FlacCoding, channels: readonly (readonly number[])[]): Uint8Array {
  const out = new BitWriter();
  out.write(0x7ffc, 15);
  out.write(0, 1);
  // 7: block size less one in 16 bits at the header's end; 0: the stream's rate.
  out.write(7, 4);
  out.write(0, 4);
  out.write(coding.channels === 'independent' ? channels.length - 1 : CHANNELS[coding.channels], 4);
  out.write(SAMPLE_BITS.indexOf(coding.bits), 3);
  out.write(0, 1);
  // A frame's number of two bytes.
  out.write(0xc2a9, 16);
  out.write(channels[0]!.length - 1, 16);
  out.write(checksum(out.bytes(), 8, 0x07), 8);
  for (const { samples, bits } of decorrelate(coding, channels)) writeSubframe(out, coding, samples, bits);
  out.align();
  out.write(checksum(out.bytes(), 16, 0x8005), 16);

  return Uint8Array.from(out.bytes());
}

interface Subframe {
  readonly samples: readonly bigint[];
  readonly bits: number;
}

function decorrelate(
  { bits, channels: coding }: FlacCoding,
  channels: readonly (readonly number[])[],
): Subframe[] {
  const exact = channels.map((samples) => samples.map(BigInt));
  if (coding === 'independent') return exact.map((samples) => ({ samples, bits }));
  const [left, right] = exact as [bigint[], bigint[]];
  const side = { samples: left.map((each, i) => each - right[i]!), bits: bits + 1 };
  if (coding === 'left-side') return [{ samples: left, bits }, side];
  if (coding === 'side-right') return [side, { samples: right, bits }];

  return [{ samples: left.map((each, i) => (each + right[i]!) >> 1n), bits }, side];
}

function writeSubframe(
  out: BitWriter,
  coding: FlacCoding,
  samples: readonly bigint[],
  frameBits: number,
): void {
  const { predictor, wastedBits } = coding;
  const bits = frameBits - wastedBits;
  const kept = samples.map((sample) => sample >> BigInt(wastedBits));
  const kinds = { constant: 0, verbatim: 1, fixed: 8, linear: 31 };
  const coefficients =
    predictor.kind === 'fixed'
      ? FIXED[predictor.order]!
      : predictor.kind === 'linear'
        ? predictor.coefficients
        : [];
  const shift = predictor.kind === 'linear' ? predictor.shift : 0;
  out.write(kinds[predictor.kind] + coefficients.length, 7);
  out.write(wastedBits === 0 ? 0 : 1, 1);
  if (wastedBits > 0) out.write(1, wastedBits);
  if (predictor.kind === 'constant') out.write(kept[0]!, bits);
  if (predictor.kind === 'verbatim') for (const sample of kept) out.write(sample, bits);
  if (predictor.kind === 'constant' || predictor.kind === 'verbatim') return;
  const order = coefficients.length;
  for (const sample of kept.slice(0, order)) out.write(sample, bits);
  if (predictor.kind === 'linear') {
    out.write(PRECISION - 1, 4);
    out.write(shift, 5);
    for (const coefficient of coefficients) out.write(coefficient, PRECISION);
  }
  const residuals = kept.slice(order).map((sample, i) => {
    const sum = coefficients.reduce(
      (before, each, j) => before + BigInt(each) * kept[order + i - 1 - j]!,
      0n,
    );

    return sample - (sum >> BigInt(shift));
  });
  writeResiduals(out, coding, residuals, order);
}

function writeResiduals(
  out: BitWriter,
  { partitionOrder, plainResiduals, parameterBits }: FlacCoding,
  residuals: readonly bigint[],
  order: number,
): void {
  out.write(parameterBits - 4, 2);
  out.write(partitionOrder, 4);
  const length = (residuals.length + order) >> partitionOrder;
  for (let from = 0, to = length - order; to <= residuals.length; from = to, to += length) {
    const partition = residuals.slice(from, to);
    const folded = partition.map((each) => (each < 0n ? -2n * each - 1n : 2n * each));
    const needed = folded.reduce((most, each) => Math.max(most, each.toString(2).length), 0);
    const escaped = (1 << parameterBits) - 1;
    if (plainResiduals && needed < 32) {
      out.write(escaped, parameterBits);
      out.write(needed, 5);
      for (const each of partition) out.write(each, needed);
      continue;
    }
    const parameter = Math.min(escaped - 1, Math.max(0, needed - 3));
    out.write(parameter, parameterBits);
    for (const each of folded) {
      for (let zeros = each >> BigInt(parameter); zeros > 0n; zeros--) out.write(0, 1);
      out.write(1, 1);
      out.write(each & ((1n << BigInt(parameter)) - 1n), parameter);
    }
  }
}

class BitWriter {
  readonly #bits: number[] = [];

  /** The lowest bits, in two's complement. */
  write(value: number | bigint, count: number): void {
    for (let bit = count - 1; bit >= 0; bit--) this.#bits.push(Number((BigInt(value) >> BigInt(bit)) & 1n));
  }

  align(): void {
    while (this.#bits.length % 8 !== 0) this.#bits.push(0);
  }

  bytes(): number[] {
    const bytes: number[] = [];
    for (let at = 0; at < this.#bits.length; at += 8)
      bytes.push(this.#bits.slice(at, at + 8).reduce((byte, bit) => byte * 2 + bit, 0));

    return bytes;
  }
}

function checksum(bytes: readonly number[], bits: 8 | 16, polynomial: number): number {
  const top = 1 << (bits - 1);
  let sum = 0;
  for (const byte of bytes) {
    sum ^= byte << (bits - 8);
    for (let bit = 0; bit < 8; bit++) sum = ((sum << 1) ^ (sum & top ? polynomial : 0)) & (2 ** bits - 1);
  }

  return sum;
}
