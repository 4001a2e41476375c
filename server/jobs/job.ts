import type { EndpointingRequest } from '../../client-sdk/protocol.ts';
import type { HotWord } from '../../inference/recognizer.ts';
import type { PriorityClass } from '../admission/priority-class.ts';
import type { ErrorCode } from '../errors.ts';
import { type JobState, TRANSITIONS } from './job-states.ts';

/** What of a recording's captions may be chosen. */
export interface JobOptions {
  /** BCP 47; null for the model's own. */
  readonly language: string | null;
  /** By name; null for the one that its language leads to. Left out in jobs from before there were several. */
  readonly model?: string | null;
  readonly endpointing: EndpointingRequest | null;
  /** Whose captions go into the history; null where they do not. */
  readonly meeting: string | null;
  /** Name in front of the captions; null for the server's own choice. */
  readonly speaker: string | null;
  /** These three are as a stream's `start` has them, and left out where they are not asked for. */
  readonly hotWords?: readonly HotWord[];
  readonly mask?: readonly string[];
  readonly numerals?: boolean;
}

/** Why an attempt came to nothing. */
export interface JobError {
  readonly code: ErrorCode;
  /** For people; says nothing of what was spoken. */
  readonly message: string;
}

/** What becomes of the word that a job has finished. `none` where nobody wants it. */
export type CallbackState = 'none' | 'waiting' | 'delivered' | 'given-up';

/** A recording to be captioned, as whoever submits it describes it. */
export interface NewJob {
  /** Of `newJobId`. */
  readonly id: string;
  /** Name of the API key it came with, never to be logged; null where no keys are needed. */
  readonly key: string | null;
  readonly class: PriorityClass;
  readonly options: JobOptions;
  /** As the sender calls the file, for its own eyes only; '' where it does not say. */
  readonly fileName: string;
  /** Where it is to be fetched from; null for a file that was sent. */
  readonly url: string | null;
  /** What the recording takes of the disk; 0 where that is not known yet. */
  readonly bytes: number;
  /** Length of the recording: as its head says, or guessed from its size. */
  readonly lengthMs: number;
  /** Where to tell that it has finished; null for nowhere. */
  readonly callbackUrl: string | null;
}

/** A recording in the queue, and what has become of it. Plain values only: it is written as JSON. */
export interface Job extends NewJob {
  readonly state: JobState;
  /** Times are milliseconds since 1970. */
  readonly submittedAtMs: number;
  /** Of the last attempt; null before the first. */
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
  /** Begun so far, without those that were interrupted for no fault of theirs. */
  readonly attempts: number;
  /** No attempt begins before. */
  readonly notBeforeMs: number;
  /** Of the recording, in this attempt; `lengthMs` when it is completed. */
  readonly progressMs: number;
  /** Of the last attempt that came to nothing; null once one succeeded. */
  readonly error: JobError | null;
  /** Whether the result is that of another job, whose recording had the same audio and options. */
  readonly shared: boolean;
  readonly callback: CallbackState;
}

/** What happens to a job. */
export type JobEvent =
  | { readonly type: 'begin'; readonly atMs: number }
  /** @param lengthMs as it turned out. */
  | { readonly type: 'complete'; readonly atMs: number; readonly lengthMs: number; readonly shared: boolean }
  /** The attempt came to nothing, and another one follows. @param counts whether it was the job's own fault. */
  | {
      readonly type: 'retry';
      readonly notBeforeMs: number;
      readonly error: JobError | null;
      readonly counts: boolean;
    }
  | { readonly type: 'fail'; readonly atMs: number; readonly error: JobError }
  | { readonly type: 'cancel'; readonly atMs: number };

/** A job as it is when it has been submitted. */
export function submitted(job: NewJob, atMs: number): Job {
  return {
    ...job,
    state: 'queued',
    submittedAtMs: atMs,
    startedAtMs: null,
    finishedAtMs: null,
    attempts: 0,
    notBeforeMs: 0,
    progressMs: 0,
    error: null,
    shared: false,
    callback: 'none',
  };
}

/** @returns the job after the event; null where its state knows no such event, and nothing comes of it. */
export function step(job: Job, event: JobEvent): Job | null {
  const state = TRANSITIONS[job.state][event.type];
  if (state === undefined) return null;
  switch (event.type) {
    case 'begin':
      return { ...job, state, startedAtMs: event.atMs, attempts: job.attempts + 1, progressMs: 0 };
    case 'complete': {
      const { lengthMs, shared } = event;

      return { ...finished(job, event), state, lengthMs, progressMs: lengthMs, shared, error: null };
    }
    case 'retry': {
      const attempts = event.counts ? job.attempts : job.attempts - 1;
      const { notBeforeMs, error } = event;

      return { ...job, state, attempts, notBeforeMs, progressMs: 0, error: error ?? job.error };
    }
    case 'fail':
      return { ...finished(job, event), state, error: event.error };
    case 'cancel':
      return { ...finished(job, event), state };
  }
}

function finished(job: Job, { atMs }: { readonly atMs: number }): Job {
  return { ...job, finishedAtMs: atMs, callback: job.callbackUrl === null ? 'none' : 'waiting' };
}
