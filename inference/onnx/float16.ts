const FLOAT = new Float32Array(1);
const BITS = new Uint32Array(FLOAT.buffer);

/** The numbers in half precision (IEEE 754 binary16), as bits: rounded to the nearest, to even where two are as near. */
export function toFloat16(numbers: Float32Array): Uint16Array {
  return Uint16Array.from(numbers, halfBits);
}

/** What half precision holds has 5 bits of exponent and 10 of fraction, where single precision has 8 and 23. */
function halfBits(number: number): number {
  FLOAT[0] = number;
  const bits = BITS[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const exponent = (bits >>> 23) & 0xff;
  const fraction = bits & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (fraction ? 0x200 : 0);
  // Of the half: at 0 and below its numbers are subnormal, spaced alike.
  const scale = exponent - 127 + 15;
  if (scale >= 0x1f) return sign | 0x7c00;
  const dropped = scale > 0 ? 13 : 14 - scale;
  if (dropped > 24) return sign;
  const significand = exponent === 0 ? fraction : fraction | 0x800000;
  const kept = significand >>> dropped;
  const rest = significand & ((1 << dropped) - 1);
  const half = 1 << (dropped - 1);
  const rounded = kept + (rest > half || (rest === half && kept & 1) ? 1 : 0);

  // A significand that has grown by a bit makes the exponent greater by one, up to infinity.
  return sign | (scale > 0 ? rounded + ((scale - 1) << 10) : rounded);
}
