import type { Job } from './job.ts';
import type { Place, Standing } from './job-queue.ts';

/** When a job is expected to begin and to end, in milliseconds from now; null while nothing can be said, or it has. */
export interface Expectation {
  readonly expectedStartMs: number | null;
  readonly expectedEndMs: number | null;
}

const NOTHING: Expectation = { expectedStartMs: null, expectedEndMs: null };

/**
 * Reckons from how fast recordings have been captioned so far, and how much comes before. Those that run share the speed.
 * @param place null for a job that is not queued.
 */
export function expect(job: Job, place: Place | null, standing: Standing): Expectation {
  const { speed, slots, running, backlogMs } = standing;
  if (speed === null || slots === 0) return NOTHING;
  const leftMs = Math.max(0, job.lengthMs - job.progressMs);
  if (job.state === 'running')
    return { expectedStartMs: null, expectedEndMs: whole(Math.min(backlogMs, leftMs * running) / speed) };
  if (!place) return NOTHING;
  const { ahead, aheadMs } = place;
  // It begins when all but as many have ended as may run beside it.
  const before = Math.max(0, ahead - slots + 1);
  const startMs = before === 0 ? 0 : (aheadMs * (before / ahead)) / speed;
  const endMs = Math.max(startMs + leftMs / speed, (aheadMs + leftMs) / speed);

  return { expectedStartMs: whole(startMs), expectedEndMs: whole(endMs) };
}

function whole(ms: number): number {
  return Math.round(ms);
}
