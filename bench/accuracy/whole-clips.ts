import { loadMoonshine } from '../../inference/moonshine/load-moonshine.ts';
import { prepareMoonshine } from '../../inference/moonshine/rebuild/rebuild.ts';
import { type Recognizer, SAMPLE_RATE } from '../../inference/recognizer.ts';
import { Resampler } from '../../server/audio/resampler.ts';
import { Failure } from '../../server/failure.ts';
import { moonshineFiles } from '../../server/model-store/moonshine-files.ts';
import type { ResolvedModel } from '../../server/model-store/store.ts';
import { readRecording } from '../../server/recording/read-recording.ts';

/** The model on its own, in this thread: what the live path is compared with. */
export async function loadWholeClipModel(model: ResolvedModel): Promise<Recognizer> {
  const graphs = await prepareMoonshine(moonshineFiles(model), model.contentHash, (error) => {
    throw error;
  });

  return loadMoonshine(graphs, 'cpu');
}

/**
 * A recording decoded in one piece, without voice detection or segments.
 * @throws {Failure} when it cannot be read, or is longer than the model takes.
 */
export async function decodeWhole(model: Recognizer, path: string): Promise<string> {
  const { samples, sampleRate } = await readRecording(path);
  const audio = to16kHz(samples, sampleRate);
  const { maxSegmentSamples } = model.capabilities;
  if (audio.length > maxSegmentSamples) {
    throw new Failure(
      `${path} lasts ${(audio.length / SAMPLE_RATE).toFixed(1)} s, and the model takes ${maxSegmentSamples / SAMPLE_RATE} s in one piece.`,
    );
  }
  const { hypotheses } = await model.decode([{ samples: audio, language: null }]);

  return hypotheses[0]!.text;
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
