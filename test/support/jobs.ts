import type { Job, NewJob } from '../../server/jobs/job.ts';
import { newJobId } from '../../server/jobs/job-id.ts';
import type { JobHandler, JobResult, JobRun, QueueRules } from '../../server/jobs/job-queue.ts';
import { final } from './history.ts';

/** Wide enough that none of them matters unless a test narrows it; times that pass soon. */
export const RULES: QueueRules = {
  maxJobs: 1000,
  maxJobBytes: 1e12,
  maxRunningPerKey: 100,
  maxAttempts: 3,
  backoffMs: 100,
  progressTimeoutMs: 2000,
  keepFinishedMs: 60_000,
};

let ids = 0;

/** A recording of a minute that nobody wants to be called back about. Later ones have later ids. */
export function newJob(fields: Partial<NewJob> = {}): NewJob {
  return {
    id: newJobId(1_800_000_000_000 + ids++),
    key: null,
    class: 'standard',
    options: { language: null, endpointing: null, meeting: null, speaker: null },
    url: null,
    fileName: 'talk.flac',
    bytes: 1000,
    lengthMs: 60_000,
    callbackUrl: null,
    ...fields,
  };
}

/** A result that can be told from others by its text. */
export function jobResult(text: string): JobResult {
  return {
    captions: [final(0, { text })],
    text,
    ...{ lengthMs: 60_000, transcribedMs: 50_000, silenceMs: 10_000, droppedMs: 0 },
    model: 'model@0123456789ab',
  };
}

/** A run that waits for the test to say how it goes. */
export interface HeldRun {
  readonly job: Job;
  readonly run: JobRun;
  complete(text?: string): void;
  fail(error: unknown): void;
}

/** Runs jobs by hand. */
export class ManualWorker {
  /** All that were begun, oldest first. */
  readonly runs: HeldRun[] = [];

  readonly handler: JobHandler = (job, run) =>
    new Promise((resolve, reject) => {
      this.runs.push({
        ...{ job, run },
        complete: (text = `Text of ${job.id}.`) => resolve(jobResult(text)),
        fail: reject,
      });
    });

  /** Ids of what was begun, in that order. */
  get ids(): string[] {
    return this.runs.map(({ job }) => job.id);
  }

  /** The last attempt at a job. */
  of({ id }: Pick<Job, 'id'>): HeldRun {
    const run = this.runs.findLast(({ job }) => job.id === id);
    if (!run) throw new Error('The job was not begun.');

    return run;
  }
}
