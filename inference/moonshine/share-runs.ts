import { SAMPLE_RATE } from '../recognizer.ts';
import { frameCount, paddedSamples } from './padding.ts';

/**
 * Most rows of a run times the square of its frames: attention holds two times 8 scores for each. 16 rows of 30 s have as many,
 * 1.7 GB in single precision.
 */
export const MAX_RUN_SCORES = 16 * frameCount(paddedSamples(30 * SAMPLE_RATE)) ** 2;

/**
 * Which segments share a run: all, unless they are long and many. Those of like length go together.
 * @param lengths in samples.
 * @returns indexes of segments, run by run.
 */
export function shareRuns(lengths: readonly number[]): readonly (readonly number[])[] {
  const order = [...lengths.keys()].sort((one, other) => lengths[one]! - lengths[other]!);
  const runs: number[][] = [];
  for (const index of order) {
    const run = runs.at(-1);
    const frames = frameCount(paddedSamples(lengths[index]!));
    if (run && (run.length + 1) * frames ** 2 <= MAX_RUN_SCORES) run.push(index);
    else runs.push([index]);
  }

  return runs;
}
