/** Points of the transform: 25 ms at 16 kHz, rounded up to a power of two. */
export const TRANSFORM_SIZE = 512;
/** What the real transform is made of: a complex one of half the size, 4 to the power of 4. */
const HALF = TRANSFORM_SIZE / 2;

/** Cosines and sines of -2πk/`size`, for k below `count`. */
function rotations(size: number, count: number): { readonly cos: Float64Array; readonly sin: Float64Array } {
  const angles = Float64Array.from({ length: count }, (_, k) => (-2 * Math.PI * k) / size);

  return { cos: angles.map(Math.cos), sin: angles.map(Math.sin) };
}

/**
 * Power spectra of 512 real samples: |X[k]|² for k from 0 to 255, as Kaldi has them before its mel filters, which never
 * ask for the 257th.
 *
 * Pairs of samples are taken for complex numbers, of which 256 are transformed in four radix-4 passes that sort
 * themselves (Stockham's, in Cochran et al. 1967, "What is the fast Fourier transform?"), and the spectrum of the reals
 * is read out of theirs (Sorensen et al. 1987, "Real-valued fast Fourier transform algorithms"). In doubles, as
 * kaldi-native-fbank computes; results are rounded to floats where that rounds them.
 */
export class PowerSpectrum {
  readonly #quarter = rotations(HALF, HALF);
  readonly #split = rotations(TRANSFORM_SIZE, HALF / 2 + 1);
  #re = new Float64Array(HALF);
  #im = new Float64Array(HALF);
  #nextRe = new Float64Array(HALF);
  #nextIm = new Float64Array(HALF);

  /**
   * @param samples 512 of them; read only.
   * @param power 256 numbers are written into it.
   */
  compute(samples: Float32Array, power: Float32Array): void {
    const [re, im] = [this.#re, this.#im];
    for (let i = 0; i < HALF; i++) {
      re[i] = samples[2 * i]!;
      im[i] = samples[2 * i + 1]!;
    }
    for (let size = HALF, stride = 1; size > 1; size /= 4, stride *= 4) {
      this.#pass(size, stride);
      [this.#re, this.#nextRe] = [this.#nextRe, this.#re];
      [this.#im, this.#nextIm] = [this.#nextIm, this.#im];
    }
    this.#readOut(power);
  }

  /** One radix-4 pass over `stride` interleaved sequences of `size`. */
  #pass(size: number, stride: number): void {
    const { cos, sin } = this.#quarter;
    const [re, im, toRe, toIm] = [this.#re, this.#im, this.#nextRe, this.#nextIm];
    const leap = (stride * size) / 4;
    for (let p = 0; p < size / 4; p++) {
      const [cos1, sin1] = [cos[p * stride]!, sin[p * stride]!];
      const [cos2, sin2] = [cos[2 * p * stride]!, sin[2 * p * stride]!];
      const [cos3, sin3] = [cos[3 * p * stride]!, sin[3 * p * stride]!];
      for (let q = 0; q < stride; q++) {
        const from = q + stride * p;
        const to = q + stride * 4 * p;
        const sumRe = re[from]! + re[from + 2 * leap]!;
        const sumIm = im[from]! + im[from + 2 * leap]!;
        const differenceRe = re[from]! - re[from + 2 * leap]!;
        const differenceIm = im[from]! - im[from + 2 * leap]!;
        const otherSumRe = re[from + leap]! + re[from + 3 * leap]!;
        const otherSumIm = im[from + leap]! + im[from + 3 * leap]!;
        // Times i.
        const turnedRe = im[from + 3 * leap]! - im[from + leap]!;
        const turnedIm = re[from + leap]! - re[from + 3 * leap]!;
        toRe[to] = sumRe + otherSumRe;
        toIm[to] = sumIm + otherSumIm;
        const re1 = differenceRe - turnedRe;
        const im1 = differenceIm - turnedIm;
        toRe[to + stride] = re1 * cos1 - im1 * sin1;
        toIm[to + stride] = re1 * sin1 + im1 * cos1;
        const re2 = sumRe - otherSumRe;
        const im2 = sumIm - otherSumIm;
        toRe[to + 2 * stride] = re2 * cos2 - im2 * sin2;
        toIm[to + 2 * stride] = re2 * sin2 + im2 * cos2;
        const re3 = differenceRe + turnedRe;
        const im3 = differenceIm + turnedIm;
        toRe[to + 3 * stride] = re3 * cos3 - im3 * sin3;
        toIm[to + 3 * stride] = re3 * sin3 + im3 * cos3;
      }
    }
  }

  /** The spectrum at k and at 256 - k, from the transforms of the even and the odd samples at k. */
  #readOut(power: Float32Array): void {
    const { cos, sin } = this.#split;
    const [re, im] = [this.#re, this.#im];
    power[0] = square(re[0]! + im[0]!, 0);
    for (let k = 1; k <= HALF / 2; k++) {
      const mirror = HALF - k;
      const evenRe = (re[k]! + re[mirror]!) / 2;
      const evenIm = (im[k]! - im[mirror]!) / 2;
      const oddRe = (im[k]! + im[mirror]!) / 2;
      const oddIm = (re[mirror]! - re[k]!) / 2;
      const turnedRe = oddRe * cos[k]! - oddIm * sin[k]!;
      const turnedIm = oddRe * sin[k]! + oddIm * cos[k]!;
      power[k] = square(evenRe + turnedRe, evenIm + turnedIm);
      power[mirror] = square(evenRe - turnedRe, evenIm - turnedIm);
    }
  }
}

/** Of the absolute value, in floats; the sum is rounded where it is stored. */
function square(re: number, im: number): number {
  const [x, y] = [Math.fround(re), Math.fround(im)];

  return Math.fround(x * x) + Math.fround(y * y);
}
