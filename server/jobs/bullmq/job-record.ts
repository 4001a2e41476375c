import type { PriorityClass } from '../../admission/priority-class.ts';
import type { Job } from '../job.ts';
import type { LineJob } from '../job-line.ts';
import type { JobResult } from '../job-queue.ts';
import type { JobState } from '../job-states.ts';
import type { Value } from './redis-link.ts';

/** A job as it is kept, and told of on the channel. */
export interface JobRecord {
  /** Counts its changes. */
  readonly version: number;
  readonly job: Job;
  /** Of the attempt that is under way, or was the last one: the node and a number, with a slash between; '' before the first. */
  readonly run: string;
  /** Tries to deliver its callback that failed. */
  readonly failures: number;
}

/** What is told of a change. */
export type Told = Pick<JobRecord, 'version' | 'job' | 'run'>;

/** What becomes of a record. */
export interface Change {
  readonly job: Job;
  /** The same when left out. */
  readonly run?: string;
  readonly failures?: number;
  /** Kept with it. */
  readonly result?: JobResult;
}

/** What came of a change. */
export type Changed =
  /** @param released a job of the same key that was held, and need not be; null for none. */
  | { readonly type: 'changed'; readonly record: JobRecord; readonly released: string | null }
  /** Nothing was to be changed. @param record null for a job that is not there. */
  | { readonly type: 'as-it-was'; readonly record: JobRecord | null }
  /** Its key has as many running as it may. */
  | { readonly type: 'held' };

/** A job of the line, and its place in it. */
export interface LineEntry extends LineJob {
  readonly rank: number;
  readonly number: number;
}

/** What a node says of itself. */
export interface NodeReport {
  readonly slots: number;
  readonly speed: number | null;
}

/** Unfinished jobs in their order, and the nodes. */
export interface Line {
  readonly jobs: readonly LineJob[];
  readonly nodes: readonly (NodeReport & { readonly id: string })[];
}

/** What the answer to a claim is; `scripts.ts` says what it means. */
export type Claimed =
  | { readonly type: 'gone' | 'lead' }
  | { readonly type: 'done'; readonly result: JobResult }
  | { readonly type: 'wait' | 'free'; readonly released: string | null };

/** What is to be mended. */
export interface Fault {
  readonly type: 'interrupted' | 'own' | 'unlisted' | 'misplaced' | 'untold';
  readonly id: string;
}

/** What is read of a record, in this order. */
export const RECORD_FIELDS = ['v', 'job', 'run', 'progressMs', 'lengthMs', 'failures', 'rank'] as const;

/** @param values of `RECORD_FIELDS`. @returns null where there is none. */
export function recordOf(values: readonly Value[]): JobRecord | null {
  const [version, json, run, progressMs, lengthMs, failures] = values;
  if (version === null || version === undefined) return null;
  const job = JSON.parse(String(json)) as Job;

  return {
    version: Number(version),
    job: { ...job, progressMs: Number(progressMs), lengthMs: Number(lengthMs) },
    run: String(run),
    failures: Number(failures),
  };
}

/** @param values eight of those that the line has of each job. */
export function entryOf(values: readonly Value[]): LineEntry {
  const [id, state, name, rank, number, lengthMs, progressMs, submittedAtMs] = values;

  return {
    id: String(id),
    state: state as JobState,
    class: name as PriorityClass,
    rank: Number(rank),
    number: Number(number),
    lengthMs: Number(lengthMs),
    progressMs: Number(progressMs),
    submittedAtMs: Number(submittedAtMs),
  };
}

/** @param value '' for none. */
export function idOrNull(value: Value | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
