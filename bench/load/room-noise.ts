/** Level of a quiet room in a microphone, as dB below a full-scale square wave: above the server's energy gate. */
export const ROOM_NOISE_DBFS = -60;

/**
 * Noise whose power falls by about 3 dB an octave, as that of rooms does, in signed 16 bits: white noise through three
 * one-pole filters (P. Kellet's economy method, 1999).
 * @param seed from 1 up; the same numbers for the same seed.
 */
export function roomNoise(samples: number, seed: number): Int16Array<ArrayBuffer> {
  const pink = new Float64Array(samples);
  const poles = [0, 0, 0] as [number, number, number];
  let state = seed >>> 0 || 1;
  let power = 0;
  for (let i = 0; i < samples; i++) {
    // xorshift32, as in `shuffle`.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const white = (state >>> 0) / 2 ** 31 - 1;
    poles[0] = 0.99765 * poles[0] + white * 0.099046;
    poles[1] = 0.963 * poles[1] + white * 0.2965164;
    poles[2] = 0.57 * poles[2] + white * 1.0526913;
    const sample = poles[0] + poles[1] + poles[2] + white * 0.1848;
    pink[i] = sample;
    power += sample * sample;
  }
  const gain = (32768 * 10 ** (ROOM_NOISE_DBFS / 20)) / Math.sqrt(power / Math.max(1, samples));

  return Int16Array.from(pink, (sample) => Math.round(sample * gain));
}
