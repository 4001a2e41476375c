/** What the search asks of a step. */
export interface Verdict {
  readonly onTime: boolean;
  /** Whether it says anything about the server; if not it is tried again. */
  readonly valid: boolean;
  /** Whether it failed by so little that it is tried once more. */
  readonly nearEdge: boolean;
}

/** Where a search ends. */
export interface Capacity {
  /** Most streams held on time; 0 when not even the first step was. */
  readonly onTimeStreams: number;
  /** Least streams not held; null when the search ended at its bound. */
  readonly failedStreams: number | null;
}

const MOST_ATTEMPTS = 3;
/** Meetings at the steps up: half as much more, then a third, by turns, after the first few. */
const FIRST_STEPS = [1, 2, 4, 8];

/**
 * Finds the most streams that are held: steps up until one fails, then halving what is left between the last that held
 * and the first that did not, to one meeting. A step that fails near the edge is tried once more before it counts, and one that
 * says nothing again; a step that has not held in three attempts counts as not held.
 * @param measure holds so many streams; called up to three times for each number.
 * @param participants streams in a meeting: all steps are multiples of it.
 * @param maxStreams no more are tried.
 */
export async function searchCapacity(
  measure: (streams: number, attempt: number) => Promise<Verdict>,
  participants: number,
  maxStreams: number,
): Promise<Capacity> {
  const holds = async (meetings: number) => {
    for (let attempt = 1, failures = 0; attempt <= MOST_ATTEMPTS; attempt++) {
      const { onTime, valid, nearEdge } = await measure(meetings * participants, attempt);
      if (onTime) return true;
      if (valid && (!nearEdge || ++failures === 2)) return false;
    }

    return false;
  };
  const most = Math.max(1, Math.floor(maxStreams / participants));
  let held = 0;
  let failed: number | null = null;
  for (const meetings of steps(most)) {
    if (!(await holds(meetings))) {
      failed = meetings;
      break;
    }
    held = meetings;
  }
  while (failed !== null && failed - held > 1) {
    const middle: number = Math.floor((held + failed) / 2);
    if (await holds(middle)) held = middle;
    else failed = middle;
  }

  return {
    onTimeStreams: held * participants,
    failedStreams: failed === null ? null : failed * participants,
  };
}

/** 1, 2, 4, 8, 12, 16, 24, 32, … and at last `most`. */
export function steps(most: number): readonly number[] {
  const all = FIRST_STEPS.filter((step) => step < most);
  for (let step = 12, double = 16; step < most; [step, double] = [double, step * 2]) all.push(step);

  return [...all, most];
}
