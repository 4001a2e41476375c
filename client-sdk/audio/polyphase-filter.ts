/** The rate everything is brought to. */
export const OUTPUT_RATE = 16_000;
export const MIN_INPUT_RATE = 8_000;
export const MAX_INPUT_RATE = 48_000;

/** Stop-band attenuation the filter is designed for, in dB: beyond what 13 bits can show. */
const ATTENUATION_DB = 80;
/**
 * Pass and stop band edges as shares of the lower Nyquist frequency: 7 and 8 kHz for rates from 16 kHz up. Nothing
 * folds back, and speech models hear little above 7 kHz.
 */
const PASS_EDGE = 0.875;
const STOP_EDGE = 1;
/** Ratios that need more phases (22.05 kHz needs 320, 11.025 kHz 640) interpolate between rows of a coarser table. */
const MAX_EXACT_PHASES = 640;
/** Straight lines between 256 phases are off by at most (π/256)²/8 of the input, which is -94 dB. */
export const INTERPOLATED_PHASES = 256;
/** Filters kept for streams to come. A stream holds its own, so a filter that falls out only stops being shared. */
const MAX_CACHED_FILTERS = 16;

/**
 * A windowed sinc for one input rate, cut into phases. Shared between streams and never written to.
 *
 * Design: J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window function", Proc. IEEE ISCAS 1974;
 * polyphase form: R. E. Crochiere and L. R. Rabiner, "Multirate Digital Signal Processing", 1983, section 3.3.
 */
export interface PolyphaseFilter {
  /** The reduced ratio: output sample n lies at input position n * step / phases. */
  readonly phases: number;
  readonly step: number;
  /** Taps in a row, a multiple of 4. Half of them lie before the output's position or on it, half after it. */
  readonly taps: number;
  /** `[rows, taps]`: one row per phase, or `INTERPOLATED_PHASES` + 1 rows from position 0 to 1 inclusive. */
  readonly rows: Float32Array;
  readonly interpolated: boolean;
}

/** In order of use, the longest unused first. */
const filters = new Map<number, PolyphaseFilter>();

/** The filter for an input rate from 8000 to 48000, designed anew where it is not among the last used. */
export function filterFor(inputRate: number): PolyphaseFilter {
  const filter = filters.get(inputRate) ?? designFilter(inputRate);
  filters.delete(inputRate);
  filters.set(inputRate, filter);
  if (filters.size > MAX_CACHED_FILTERS) filters.delete(filters.keys().next().value!);
  return filter;
}

/** Taps of the longest filter, which is that of the highest rate. */
export const MAX_TAPS = kaiserTaps(MAX_INPUT_RATE);

function designFilter(inputRate: number): PolyphaseFilter {
  const divisor = greatestCommonDivisor(inputRate, OUTPUT_RATE);
  const phases = OUTPUT_RATE / divisor;
  const interpolated = phases > MAX_EXACT_PHASES;
  const taps = kaiserTaps(inputRate);
  const positions = interpolated ? INTERPOLATED_PHASES : phases;
  const rows = new Float32Array((interpolated ? positions + 1 : positions) * taps);
  for (let at = 0; at < rows.length; at += taps) {
    fillRow(rows.subarray(at, at + taps), at / taps / positions, inputRate);
  }
  return { phases, step: inputRate / divisor, taps, rows, interpolated };
}

/** Fills in the taps for an output that lies `offset` (0 to 1) of an input sample after its centre tap. */
function fillRow(row: Float32Array, offset: number, inputRate: number): void {
  const half = row.length / 2;
  /** Kaiser's rule for the window's shape, for more than 50 dB. */
  const beta = 0.1102 * (ATTENUATION_DB - 8.7);
  const cutoff = (((PASS_EDGE + STOP_EDGE) / 2) * lowerNyquist(inputRate)) / inputRate;
  const exact = Array.from(row, (_, tap) => {
    const distance = offset + half - 1 - tap;
    const window = besselI0(beta * Math.sqrt(Math.max(0, 1 - (distance / half) ** 2)));
    return sinc(2 * cutoff * distance) * window;
  });
  // Scaled so that every phase passes a constant unchanged: gains that differ between phases would be heard as a tone.
  const sum = exact.reduce((total, tap) => total + tap, 0);
  row.set(exact.map((tap) => tap / sum));
}

/** Kaiser's estimate of a filter's length, (A - 7.95) / (2.285 * Δω), rounded up to a multiple of 4. */
function kaiserTaps(inputRate: number): number {
  const transition = (2 * Math.PI * (STOP_EDGE - PASS_EDGE) * lowerNyquist(inputRate)) / inputRate;
  return 4 * Math.ceil((ATTENUATION_DB - 7.95) / (2.285 * transition) / 4);
}

function lowerNyquist(inputRate: number): number {
  return Math.min(inputRate, OUTPUT_RATE) / 2;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** Modified Bessel function of the first kind and order 0, by its power series. */
function besselI0(x: number): number {
  const square = (x / 2) ** 2;
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= square / (k * k);
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
