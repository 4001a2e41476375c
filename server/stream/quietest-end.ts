/** A window that has been heard. */
export interface PastWindow {
  readonly endSample: number;
  /** Mean square of its samples. */
  readonly power: number;
}

/** Windows averaged to find the quietest point: single windows are quiet within any plosive. */
const CUT_SMOOTHING_WINDOWS = 3;

/**
 * Where to cut: the end of the window in the middle of the quietest stretch, the first of several.
 * @param recent at least one window, oldest first.
 */
export function quietestEnd(recent: readonly PastWindow[]): number {
  let quietest = recent.length - 1;
  let leastPower = Number.POSITIVE_INFINITY;
  for (let i = CUT_SMOOTHING_WINDOWS - 1; i < recent.length; i++) {
    let power = 0;
    for (let j = 0; j < CUT_SMOOTHING_WINDOWS; j++) power += recent[i - j]!.power;
    if (power < leastPower) {
      leastPower = power;
      // The middle of the smoothed stretch.
      quietest = i - Math.floor(CUT_SMOOTHING_WINDOWS / 2);
    }
  }

  return recent[quietest]!.endSample;
}
