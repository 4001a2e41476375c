import type { FinalMessage } from '../../client-sdk/protocol.ts';
import type { PriorityClass } from '../admission/priority-class.ts';
import type { Job, NewJob } from './job.ts';
import type { JobState } from './job-states.ts';

/** What the captions of a recording are. Plain values only: it is written as JSON. */
export interface JobResult {
  /** In the order of the recording; none where nobody speaks in it. */
  readonly captions: readonly FinalMessage[];
  /** All of them, with a blank between. */
  readonly text: string;
  readonly lengthMs: number;
  /** Of it, in segments that were transcribed; outside of segments; and in segments that were lost. */
  readonly transcribedMs: number;
  readonly silenceMs: number;
  readonly droppedMs: number;
  /** `name@hash` of the recogniser. */
  readonly model: string;
}

/** What bounds a queue, in all its nodes together. */
export interface QueueRules {
  /** Jobs that have not finished; further ones are refused. */
  readonly maxJobs: number;
  /** What their recordings may take of the disk. */
  readonly maxJobBytes: number;
  /** Running at once with one API key; jobs without a key are bounded by the slots of the nodes alone. */
  readonly maxRunningPerKey: number;
  /** Attempts that a job is given, those among them that ended with their node. */
  readonly maxAttempts: number;
  /** From the end of the first attempt to the second; twice as long from the second to the third. */
  readonly backoffMs: number;
  /** An attempt without a sign of life for so long has come to nothing. */
  readonly progressTimeoutMs: number;
  /** Time that finished jobs, and results, are kept; a job whose callback is still to be delivered stays until it is. */
  readonly keepFinishedMs: number;
}

/** An attempt at a job. */
export interface JobRun {
  /**
   * Aborted when nobody wants the attempt any more: the job was cancelled, the attempt gave no sign of life for too long, or
   * the node stops. What the handler returns or throws then counts for nothing.
   */
  readonly signal: AbortSignal;
  /** A sign of life. @param settledMs of the recording, so far. */
  progress(settledMs: number): void;
  /**
   * Says what the job computes, so that it is computed once. To be called once, before the work; resolves with the result of
   * a job that has computed it, waiting while one does; the wait takes none of the node's slots.
   * @param content equal for jobs whose results would be, and for no others.
   * @param lengthMs of the recording, which is known now.
   * @returns null where this run is to compute it.
   * @throws the signal's reason.
   */
  claim(content: string, lengthMs: number): Promise<JobResult | null>;
}

/**
 * Captions one recording.
 * @returns its result; where `claim` came to one, the same.
 * @throws {StreamError} with a code that is not `retryable`, after which the job has failed; whatever else it throws, there is
 *   another attempt as long as the rules allow one.
 */
export type JobHandler = (job: Job, run: JobRun) => Promise<JobResult>;

/**
 * Tells whoever wants to know that a job has finished. What it throws leads to another try, later.
 * @param signal aborted when the node stops.
 */
export type CallbackHandler = (job: Job, signal: AbortSignal) => Promise<void>;

/** Which jobs are wanted, newest first. */
export interface JobQuery {
  /** In any state when left out. */
  readonly state?: JobState;
  /** Of that API key, null for those without one; everybody's when left out. */
  readonly key?: string | null;
  /** At least 1; a page has no more than `MAX_JOBS_PER_PAGE`, whatever this says. */
  readonly limit: number;
  /** Submitted before the job with this id, whether it is still there or not. */
  readonly before?: string;
}

/** The newest that a query asks for, by when they were submitted. */
export interface JobPage {
  readonly jobs: readonly Job[];
  /** Whether there are older ones. */
  readonly more: boolean;
}

/** Jobs in one page. */
export const MAX_JOBS_PER_PAGE = 200;

/** What comes before a job that is queued. */
export interface Place {
  /** Jobs that come before it, those that run and have not finished among them. */
  readonly ahead: number;
  /** Audio of theirs that is not captioned yet. */
  readonly aheadMs: number;
}

/** How the queue fares, in all its nodes together. */
export interface Standing {
  readonly queued: Readonly<Record<PriorityClass, number>>;
  readonly running: number;
  /** Audio of queued and running jobs that is not captioned yet. */
  readonly backlogMs: number;
  /** How long the job has waited that has waited longest; 0 for none. */
  readonly longestWaitMs: number;
  /** Jobs that may run at once. */
  readonly slots: number;
  /** Milliseconds of audio captioned in a millisecond while jobs run; null while nothing is known. */
  readonly speed: number | null;
}

/** How the queue fares, and what comes before each of its jobs, at one moment. */
export interface Outlook {
  readonly standing: Standing;
  /** Of all jobs that have not finished, by id. */
  readonly places: ReadonlyMap<string, Place>;
}

/** A job that has changed, as it is now: its state, progress or callback. */
export type JobListener = (job: Job) => void;

/**
 * A queue of recordings, which any number of nodes may submit to, ask, and work for. Jobs outlive their node. Whatever is told
 * of one has been stored before, but for its progress. Where recordings lie is not the queue's concern.
 *
 * Their order is that of `job-order.ts`. All methods reject with a `StreamError` where the queue cannot answer now, `queue-away`
 * as a rule; the next call may succeed.
 */
export interface JobQueue {
  /** @throws {StreamError} `too-many-jobs` or `no-space`. The job is not there then. */
  submit(job: NewJob): Promise<Job>;
  /** @returns null for a job that is not there, or no longer. */
  find(id: string): Promise<Job | null>;
  list(query: JobQuery): Promise<JobPage>;
  /**
   * Ends a job that has not finished: its run is aborted, and its place is another's at once.
   * @returns the job afterwards: cancelled, or as it had finished before. Null for a job that is not there.
   */
  cancel(id: string): Promise<Job | null>;
  /** @returns null for a job that is not queued. It only falls, but for those who are let go ahead by the order's rules. */
  place(id: string): Promise<Place | null>;
  /** @returns null for a job that is not completed. */
  result(id: string): Promise<JobResult | null>;
  /**
   * Lets go of finished jobs that named a meeting, and of their results, before their time; but for those whose callback waits.
   * @returns how many there were.
   */
  forgetMeeting(meeting: string): Promise<number>;
  standing(): Promise<Standing>;
  /** What `standing` and `place` tell, of all jobs at once. Not to be changed. */
  outlook(): Promise<Outlook>;
  /**
   * Works for the queue from now on. To be called once.
   * @param slots how many jobs this node runs at once; a run that waits for another's result takes none.
   */
  work(handler: JobHandler, slots: number): void;
  /** Delivers callbacks from now on, each by one node at a time. To be called once. */
  deliver(handler: CallbackHandler): void;
  /**
   * Has a listener told of every change on any node, after it has been stored. It may miss some while the queue cannot be
   * reached; whoever has to know asks.
   * @returns what ends it.
   */
  watch(listener: JobListener): () => void;
  /** Gives back what this node runs, for no fault of its own, and lets go of the queue. Idempotent. */
  close(): Promise<void>;
}
