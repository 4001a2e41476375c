import type { SenseVoiceLayout } from './layout.ts';

/** Frames of all rows of a run together. Their logits, 100 kB for each, are copied out of the runtime. */
const MAX_RUN_FRAMES = 1000;

/**
 * Which rows share a run: those with as many frames, in their order. Rows without any are left out.
 * @param frames how many frames each row has.
 * @returns indexes of rows, run by run.
 */
export function runGroups(
  frames: readonly number[],
  { sharesRuns }: Pick<SenseVoiceLayout, 'sharesRuns'>,
): readonly (readonly number[])[] {
  const groups: number[][] = [];
  const open = new Map<number, number[]>();
  for (const [index, count] of frames.entries()) {
    if (count === 0) continue;
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
