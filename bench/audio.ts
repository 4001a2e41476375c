import { Resampler } from '../client-sdk/audio/resampler.ts';
import { SAMPLE_RATE } from '../inference/recognizer.ts';
import { Failure } from '../server/failure.ts';
import { readRecording } from '../server/recording/read-recording.ts';

/**
 * A recording as a model hears it, in one piece at 16 kHz.
 * @throws {Failure} when it cannot be read, or is longer than `maxSamples`.
 */
export async function readWhole(path: string, maxSamples: number): Promise<Float32Array> {
  const { samples, sampleRate } = await readRecording(path);
  const audio = to16kHz(samples, sampleRate);
  if (audio.length > maxSamples) {
    throw new Failure(
      `${path} lasts ${(audio.length / SAMPLE_RATE).toFixed(1)} s, and the model takes ${maxSamples / SAMPLE_RATE} s in one piece.`,
    );
  }

  return audio;
}

/** A whole signal at 16 kHz. */
export function to16kHz(samples: Float32Array, sampleRate: number): Float32Array {
  const resampler = new Resampler(sampleRate);
  const head = resampler.process(samples);
  const tail = resampler.flush();
  const whole = new Float32Array(head.length + tail.length);
  whole.set(head);
  whole.set(tail, head.length);

  return whole;
}
