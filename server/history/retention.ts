import type { Clock } from '../clock.ts';
import type { HistoryStore } from './history-store.ts';

/** How long things are kept, in milliseconds. */
export interface Retention {
  /** Finals, from when they were stored. */
  readonly finalsMs: number;
  /** Records of streams, from their last change. */
  readonly streamsMs: number;
}

/** Between the end of a sweep and the next. */
const SWEEP_EVERY_MS = 60_000;

/**
 * Deletes what has been kept long enough.
 * @param maxSteps after which the rest is left.
 * @returns whether nothing is left. @throws when the store cannot.
 */
export async function sweep(
  store: HistoryStore,
  clock: Clock,
  { finalsMs, streamsMs }: Retention,
  maxSteps = Number.POSITIVE_INFINITY,
): Promise<boolean> {
  const nowMs = clock.epochMs();
  const limits = { finalsMs: nowMs - finalsMs, streamsMs: nowMs - streamsMs };
  // In steps, between which others get their turn.
  for (let step = 0; step < maxSteps; step++) if ((await store.deleteBefore(limits)) === 0) return true;

  return false;
}

/**
 * Sweeps about once a minute from now on.
 * @param atOnce whether the first sweep is not to wait.
 * @param onFailure told of a sweep that failed; the next one makes up for it.
 * @returns what ends it.
 */
export function sweepRegularly(
  store: HistoryStore,
  clock: Clock,
  retention: Retention,
  onFailure: (error: unknown) => void,
  atOnce = false,
): () => void {
  let cancel = () => {};
  let ended = false;
  const wait = () => {
    if (!ended) cancel = clock.after(SWEEP_EVERY_MS, () => void run());
  };
  const run = () => sweep(store, clock, retention).catch(onFailure).then(wait);
  if (atOnce) void run();
  else wait();

  return () => {
    ended = true;
    cancel();
  };
}
