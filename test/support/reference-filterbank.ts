/**
 * Kaldi's log-mel filterbanks as the documentation of its options defines them (kaldi-asr.org/doc/feat.html), in doubles
 * and by a Fourier transform summed up term by term: slow, simple, and with nothing in common with the server's.
 */
export function referenceFilterbank(samples: Float32Array, scale: number): Float64Array {
  const features: number[] = [];
  for (let from = 0; from + 400 <= samples.length; from += 160) {
    const frame = Array.from(samples.subarray(from, from + 400), (sample) => Math.fround(sample * scale));
    const mean = frame.reduce((sum, sample) => sum + sample, 0) / 400;
    const centred = frame.map((sample) => sample - mean);
    const emphasised = centred.map((sample, i) => sample - 0.97 * centred[Math.max(0, i - 1)]!);
    const windowed = new Float64Array(512);
    for (const [i, sample] of emphasised.entries())
      windowed[i] = sample * (0.54 - 0.46 * Math.cos((2 * Math.PI * i) / 399));
    const power = referencePower(windowed);
    for (let bin = 0; bin < 80; bin++) features.push(Math.log(Math.max(filter(power, bin), 2 ** -23)));
  }

  return Float64Array.from(features);
}

/** |X[k]|² of 512 samples for k below 256. */
export function referencePower(samples: Float64Array): Float64Array {
  return Float64Array.from({ length: 256 }, (_, k) => {
    let [re, im] = [0, 0];
    for (const [i, sample] of samples.entries()) {
      re += sample * COSINES[(k * i) % 512]!;
      im -= sample * COSINES[(k * i + 384) % 512]!;
    }

    return re * re + im * im;
  });
}

const COSINES = Float64Array.from({ length: 512 }, (_, i) => Math.cos((2 * Math.PI * i) / 512));

const mel = (hertz: number) => 1127 * Math.log(1 + hertz / 700);

/** Energy behind one of 80 triangles between 20 and 8000 Hz, of equal width on the mel scale. */
function filter(power: Float64Array, bin: number): number {
  const corner = (index: number) => mel(20) + (index * (mel(8000) - mel(20))) / 81;
  const [left, centre, right] = [corner(bin), corner(bin + 1), corner(bin + 2)];

  return power.reduce((sum, energy, k) => {
    const at = mel((k * 16_000) / 512);
    const height = Math.min((at - left) / (centre - left), (right - at) / (right - centre));

    return sum + energy * Math.max(0, height);
  }, 0);
}
