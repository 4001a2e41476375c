import { StreamError } from '../errors.ts';
import type { QueueRules } from './job-queue.ts';

/** What one key may take of what all share, so that there is something left for the others. */
const KEY_SHARE = 1 / 2;
const RETRY_AFTER_MS = 30_000;

/** Why a job is refused. */
export type Refusal = 'too-many-jobs' | 'too-many-jobs-of-key' | 'no-space' | 'no-space-for-key';

/** What jobs that have not finished take. */
export interface Taken {
  readonly jobs: number;
  readonly bytes: number;
}

/** What the jobs of one key may take; the first of a key may take all that there is. */
export function keyLimits({ maxJobs, maxJobBytes }: QueueRules): Taken {
  return { jobs: Math.ceil(maxJobs * KEY_SHARE), bytes: maxJobBytes * KEY_SHARE };
}

/**
 * Whether another job may wait.
 * @param byAll what waits. @param byKey what of it is the key's; null for a job without one. @returns null where it may.
 */
export function refusalOf(
  bytes: number,
  byAll: Taken,
  byKey: Taken | null,
  rules: QueueRules,
): Refusal | null {
  if (byAll.jobs >= rules.maxJobs) return 'too-many-jobs';
  if (byAll.bytes + bytes > rules.maxJobBytes) return 'no-space';
  if (!byKey || byKey.jobs === 0) return null;
  const limits = keyLimits(rules);
  if (byKey.jobs >= limits.jobs) return 'too-many-jobs-of-key';

  return byKey.bytes + bytes > limits.bytes ? 'no-space-for-key' : null;
}

/** As clients are told. */
export function refused(refusal: Refusal): StreamError {
  const options = { retryAfterMs: RETRY_AFTER_MS };
  switch (refusal) {
    case 'too-many-jobs':
      return new StreamError('too-many-jobs', undefined, options);
    case 'too-many-jobs-of-key':
      return new StreamError('too-many-jobs', 'This key has as many as one may.', options);
    case 'no-space':
      return new StreamError('no-space', 'The recordings that wait take all that they may.', options);
    case 'no-space-for-key':
      return new StreamError(
        'no-space',
        'The recordings of this key take all that those of one may.',
        options,
      );
  }
}
