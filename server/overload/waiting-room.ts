/** Where one who waits stands. */
export interface Place {
  /** How many will be let in before. */
  readonly ahead: number;
  /** Null until somebody who waited has been let in; 0 says any moment now. */
  readonly expectedWaitMs: number | null;
}

/** A place that has changed notably since it was last told. */
export interface PlaceNotice<T> extends Place {
  readonly entry: T;
}

interface Waiting<T> {
  readonly entry: T;
  readonly weight: number;
  told: Place;
  toldAtMs: number;
}

/** Weight of the newest interval in the mean of those between admissions. */
const NEWEST_INTERVAL_WEIGHT = 0.2;
/** An empty room forgets how fast it went after this: the load is another by then. */
const PACE_LASTS_MS = 300_000;
/** Nobody is told more often than this. */
const LEAST_BETWEEN_NOTICES_MS = 1000;
/** A wait is told anew when it is off by more than both of these … */
const NOTABLE_WAIT_MS = 5000;
/** … the latter a share of the wait as it was told, counted down since. */
const NOTABLE_WAIT_SHARE = 0.2;

/**
 * Streams that wait to be let in: higher weight first, and first come first served among equal weights. Bounded.
 * Tells each its place and about how long it will take. Starts nothing and knows no clock.
 */
export class WaitingRoom<T> {
  readonly #maxWaiting: number;
  /** In the order of their turns. */
  readonly #line: Waiting<T>[] = [];
  #meanIntervalMs: number | null = null;
  /** When the running interval began: at the last admission, or when the room was last empty. */
  #intervalFromMs = 0;

  /** @param maxWaiting most entries at once. */
  constructor(maxWaiting: number) {
    this.#maxWaiting = maxWaiting;
  }

  get size(): number {
    return this.#line.length;
  }

  /**
   * Takes an entry in, which is to be told the place that is returned. Its place may get worse when one of more weight
   * comes.
   * @param entry not in the room yet.
   * @returns null when the room is full.
   */
  join(entry: T, weight: number, nowMs: number): Place | null {
    if (this.#line.length >= this.#maxWaiting) return null;
    if (this.#line.length === 0) this.#reopen(nowMs);
    const ahead = this.#placeFor(weight);
    const told = this.#place(ahead, nowMs);
    this.#line.splice(ahead, 0, { entry, weight, told, toldAtMs: nowMs });

    return told;
  }

  /** Lets go of one who gave up. @returns whether it was there. */
  leave(entry: T): boolean {
    const index = this.#line.findIndex((waiting) => waiting.entry === entry);
    if (index < 0) return false;
    this.#line.splice(index, 1);

    return true;
  }

  /** Lets the next one in, who is then no longer here, or null when nobody waits. */
  admit(nowMs: number): T | null {
    const next = this.#line.shift();
    if (!next) return null;
    const intervalMs = Math.max(0, nowMs - this.#intervalFromMs);
    this.#meanIntervalMs = this.#blend(intervalMs);
    this.#intervalFromMs = nowMs;

    return next.entry;
  }

  /** Lets everybody go, as when the server stops. @returns them, in the order of their turns. */
  clear(): T[] {
    return this.#line.splice(0).map(({ entry }) => entry);
  }

  /**
   * Those whose place has changed since they were last told, or whose expected wait is off by more than a fifth and
   * 5 s; each at most once a second. What this returns counts as told.
   */
  places(nowMs: number): PlaceNotice<T>[] {
    const notices: PlaceNotice<T>[] = [];
    for (const [ahead, waiting] of this.#line.entries()) {
      const sinceToldMs = nowMs - waiting.toldAtMs;
      if (sinceToldMs < LEAST_BETWEEN_NOTICES_MS) continue;
      const place = this.#place(ahead, nowMs);
      if (!notable(waiting.told, place, sinceToldMs)) continue;
      waiting.told = place;
      waiting.toldAtMs = nowMs;
      notices.push({ entry: waiting.entry, ...place });
    }

    return notices;
  }

  #reopen(nowMs: number): void {
    if (nowMs - this.#intervalFromMs > PACE_LASTS_MS) this.#meanIntervalMs = null;
    this.#intervalFromMs = nowMs;
  }

  /** Behind all of the same or more weight. */
  #placeFor(weight: number): number {
    let low = 0;
    let high = this.#line.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#line[middle]!.weight >= weight) low = middle + 1;
      else high = middle;
    }

    return low;
  }

  /**
   * The rest of the running interval, and a mean one for each who is ahead. An interval that has become longer than the
   * mean counts as if it ended now, so that waits grow when nobody is let in any more.
   */
  #place(ahead: number, nowMs: number): Place {
    if (this.#meanIntervalMs === null) return { ahead, expectedWaitMs: null };
    const runningMs = Math.max(0, nowMs - this.#intervalFromMs);
    const meanMs = runningMs > this.#meanIntervalMs ? this.#blend(runningMs) : this.#meanIntervalMs;

    return { ahead, expectedWaitMs: Math.round(Math.max(0, meanMs - runningMs) + ahead * meanMs) };
  }

  #blend(intervalMs: number): number {
    const meanMs = this.#meanIntervalMs ?? intervalMs;

    return meanMs + NEWEST_INTERVAL_WEIGHT * (intervalMs - meanMs);
  }
}

/** Whether somebody who was told one place, and has counted down since, should be told another. */
function notable(told: Place, now: Place, sinceToldMs: number): boolean {
  if (told.ahead !== now.ahead) return true;
  if (told.expectedWaitMs === null || now.expectedWaitMs === null) {
    return told.expectedWaitMs !== now.expectedWaitMs;
  }
  const countedDownMs = Math.max(0, told.expectedWaitMs - sinceToldMs);
  const offMs = Math.abs(now.expectedWaitMs - countedDownMs);

  return offMs > NOTABLE_WAIT_MS && offMs > NOTABLE_WAIT_SHARE * countedDownMs;
}
