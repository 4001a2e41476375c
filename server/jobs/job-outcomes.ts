import { ERRORS, StreamError } from '../errors.ts';
import type { Job, JobError, JobEvent } from './job.ts';
import type { QueueRules } from './job-queue.ts';

/** An error as it is told: what has no name says nothing. */
export function toldError(error: unknown): JobError {
  const { code, message } = error instanceof StreamError ? error : new StreamError('internal');

  return { code, message };
}

/** What follows when an attempt of a running job has come to nothing by its own fault. */
export function afterFailure(
  { attempts }: Job,
  error: JobError,
  { maxAttempts, backoffMs }: QueueRules,
  nowMs: number,
): JobEvent {
  if (attempts >= maxAttempts || !ERRORS[error.code].retryable) return { type: 'fail', atMs: nowMs, error };

  return { type: 'retry', notBeforeMs: nowMs + backoffMs * 2 ** (attempts - 1), error, counts: true };
}

/** What follows when the node that ran a job has ended in the middle of it. */
export function afterInterruption({ attempts }: Job, { maxAttempts }: QueueRules, nowMs: number): JobEvent {
  const error = toldError(new StreamError('job-interrupted'));
  if (attempts >= maxAttempts) return { type: 'fail', atMs: nowMs, error };

  return { type: 'retry', notBeforeMs: nowMs, error, counts: true };
}
