import type { StreamError } from '../../errors.ts';
import { type Job, type JobEvent, step } from '../job.ts';
import type { JobAttempt } from '../job-attempt.ts';
import { afterFailure, toldError } from '../job-outcomes.ts';
import type { JobResult, QueueRules } from '../job-queue.ts';
import type { HandOutEnd } from './hand-outs.ts';
import type { Change, JobRecord } from './job-record.ts';

/** What an attempt knows of its job. */
export interface Subject {
  job: Job;
  readonly run: string;
  /** Of the record when it began. */
  readonly version: number;
  /** Whether it was told of just now, and whether there is more to tell since. */
  isTold: boolean;
  hasNews: boolean;
}

/** An attempt on this node. */
export type Attempt = JobAttempt<Subject>;

/** How an attempt has ended. */
export type Outcome =
  | { readonly type: 'result'; readonly result: JobResult }
  | { readonly type: 'error'; readonly error: unknown }
  | { readonly type: 'aborted'; readonly reason: StreamError };

/** What follows from an outcome, for the job as it is then; null where nobody wants it. @param isAnswered by another's result. */
export function eventOf(
  outcome: Outcome,
  isAnswered: boolean,
  rules: QueueRules,
  atMs: number,
): ((job: Job) => JobEvent) | null {
  if (outcome.type === 'result') {
    const { lengthMs } = outcome.result;

    return () => ({ type: 'complete', atMs, lengthMs, shared: isAnswered });
  }
  const error = outcome.type === 'error' ? outcome.error : outcome.reason;
  if (outcome.type === 'error' || outcome.reason.code === 'job-stalled')
    return (job) => afterFailure(job, toldError(error), rules, atMs);
  if (outcome.reason.code !== 'draining') return null;

  return () => ({ type: 'retry', notBeforeMs: 0, error: null, counts: false });
}

/** @returns null where its state knows no such event. */
export function stepped(job: Job, event: JobEvent): Change | null {
  const next = step(job, event);

  return next && { job: next };
}

/** What becomes of the hand-out of a job that stands like that. */
export function ended(record: JobRecord | null): HandOutEnd {
  const { state, notBeforeMs, error } = record?.job ?? { state: 'cancelled', notBeforeMs: 0, error: null };
  if (state === 'completed') return { type: 'done' };
  if (state === 'queued') return notBeforeMs > 0 ? { type: 'later', atMs: notBeforeMs } : { type: 'back' };

  return { type: 'failed', reason: state === 'failed' && error ? error.code : state };
}
