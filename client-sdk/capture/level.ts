import type { CaptureChunk } from './chunk.ts';

/** How loud it is now, in decibels of full scale: 0 is the loudest there is, -100 stands for silence. */
export interface Level {
  readonly rmsDbfs: number;
  readonly peakDbfs: number;
  /** Whether some of it was cut off. */
  readonly clipping: boolean;
}

const FLOOR_DBFS = -100;
const FULL_SCALE = 32_768;

/** Of one chunk. */
export function levelOf({ pcm, peak, clippedSamples }: CaptureChunk): Level {
  let energy = 0;
  for (const sample of pcm) energy += sample * sample;
  const rms = Math.sqrt(energy / Math.max(1, pcm.length)) / FULL_SCALE;

  return { rmsDbfs: toDbfs(rms), peakDbfs: toDbfs(peak), clipping: clippedSamples > 0 };
}

function toDbfs(amplitude: number): number {
  return amplitude > 0 ? Math.min(0, Math.max(FLOOR_DBFS, 20 * Math.log10(amplitude))) : FLOOR_DBFS;
}
