import { type Figures, figuresOf } from './figures.ts';
import { type Scenario, simulate } from './simulation.ts';

/** Least share of the finals, and of the snapshots, that have to be on time. */
const FINALS_ON_TIME = 0.99;
const SNAPSHOTS_ON_TIME = 0.95;
/** Bisection ends when the two ends are so near, as a share of the lower one. */
const PRECISION = 0.02;
/** Stops the doubling: more than any machine here will hold. */
const MOST_STREAMS = 1_000_000;

/** The most streams held on time, and how they fared. */
export interface Capacity {
  readonly streams: number;
  readonly figures: Figures;
}

/**
 * Finds the most streams, to within 2 %, with which 99 % of the finals and 95 % of the snapshots of those that are no
 * hogs are on time: doubles from one meeting on until that fails, then halves the difference.
 * @param tried is told of every attempt.
 * @returns null when not even one meeting is held.
 */
export function findCapacity(
  scenario: Scenario,
  tried: (streams: number, figures: Figures) => void = () => {},
): Capacity | null {
  const attempt = (streams: number): Capacity | null => {
    const figures = figuresOf(simulate({ ...scenario, streams }), scenario.seconds);
    tried(streams, figures);

    return isOnTime(figures) ? { streams, figures } : null;
  };
  let best = attempt(scenario.meetingSize);
  if (!best) return null;
  let tooMany = best.streams;
  for (let next: Capacity | null = best; next && tooMany < MOST_STREAMS; ) {
    best = next;
    tooMany *= 2;
    next = attempt(tooMany);
  }
  while (tooMany - best.streams > Math.max(scenario.meetingSize, PRECISION * best.streams)) {
    const middle = wholeMeetings((best.streams + tooMany) / 2, scenario.meetingSize);
    const held = attempt(middle);
    if (held) best = held;
    else tooMany = middle;
  }

  return best;
}

function isOnTime({ classes }: Figures): boolean {
  const { finalsOnTime, snapshotsOnTime } = classes.all!;

  return (finalsOnTime ?? 1) >= FINALS_ON_TIME && (snapshotsOnTime ?? 1) >= SNAPSHOTS_ON_TIME;
}

function wholeMeetings(streams: number, meetingSize: number): number {
  return Math.round(streams / meetingSize) * meetingSize;
}
