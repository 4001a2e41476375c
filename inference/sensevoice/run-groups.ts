import type { SenseVoiceLayout } from './layout.ts';

/** Frames of all rows of a run together. Their logits, 100 kB for each, are copied out of the runtime. */
const MAX_RUN_FRAMES = 1000;

/** What rows are padded to multiples of, where they are: a second, so that there are few shapes. */
const BUCKET_FRAMES = 16;

/** Frames of a row with its padding. */
export function bucketFrames(frames: number): number {
  return Math.ceil(frames / BUCKET_FRAMES) * BUCKET_FRAMES;
}

/**
 * Which rows share a run: those with as many frames, in their order, padding among them where there is any. Rows without any
 * are left out.
 * @param frames how many frames each row has.
 * @returns indexes of rows, run by run.
 */
export function runGroups(
  frames: readonly number[],
  { sharesRuns }: Pick<SenseVoiceLayout, 'sharesRuns'>,
  pads = false,
): readonly (readonly number[])[] {
  const groups: number[][] = [];
  const open = new Map<number, number[]>();
  for (const [index, own] of frames.entries()) {
    if (own === 0) continue;
    const count = pads ? bucketFrames(own) : own;
    const group = open.get(count);
    if (group && sharesRuns && (group.length + 1) * count <= MAX_RUN_FRAMES) {
      group.push(index);
      continue;
    }
    const fresh = [index];
    open.set(count, fresh);
    groups.push(fresh);
  }

  return groups;
}
