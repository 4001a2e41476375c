import { createHash } from 'node:crypto';
import type { FinalMessage } from '../../client-sdk/protocol.ts';
import type { Caller } from '../admission/api-keys.ts';
import { CLASS_WEIGHTS } from '../admission/priority-class.ts';
import type { Clock } from '../clock.ts';
import { StreamError } from '../errors.ts';
import type { Wanted } from '../models/served-models.ts';
import { openUploadedRecording } from '../recording/uploaded-recording.ts';
import {
  type CaptionedRecording,
  captionRecording,
  type RecordingLobby,
} from '../session/caption-recording.ts';
import { NO_WORDS, type Vocabulary } from '../text/vocabularies.ts';
import type { Examined } from './examine-recording.ts';
import type { Examiner } from './examiner.ts';
import type { Job } from './job.ts';
import type { JobFiles } from './job-files.ts';
import type { JobHandler, JobResult, JobRun } from './job-queue.ts';
import { resultOf, sharedResult } from './job-result.ts';

/** What runs jobs. */
export interface JobRunnerParts {
  readonly files: Pick<JobFiles, 'path'>;
  readonly examiner: Pick<Examiner, 'examine'>;
  readonly lobby: RecordingLobby;
  readonly clock: Clock;
  /** Fetches a recording that is not here yet. */
  readonly fetch: (job: Job, run: JobRun) => Promise<void>;
  readonly maxRecordingMs: number;
  /**
   * All that results depend on besides the recording and what else its job asks for: the model, and the server's settings.
   * @throws {StreamError} when what is asked for is not served.
   */
  readonly basis: (wanted: Wanted) => string;
  /** The vocabulary of a meeting. */
  readonly vocabularyOf: (meeting: string) => Vocabulary;
  /** Keeps captions whose job names a meeting. @returns whether they are stored; false where there is no room for them now. */
  readonly keep: (captions: readonly FinalMessage[]) => Promise<boolean>;
}

/** Of a live stream's weight: recordings wait behind everybody who speaks, and are given way to. */
const RECORDING_SHARE = 1 / 20;
/** Where nobody is let in: until it is tried again when nothing is said of it, and how often it shows that it waits. */
const KNOCK_AGAIN_MS = 2000;
const ALIVE_EVERY_MS = 1000;
/** No room now: what a busy server says. */
const NO_ROOM: readonly string[] = ['busy', 'too-many-streams'];

/** Captions jobs: knows their audio, has it computed once, and takes the path that live audio takes. */
export function jobRunner(parts: JobRunnerParts): JobHandler {
  return async (job, run) => {
    const alive = () => run.progress(0);
    await parts.fetch(job, run);
    const { files, examiner, maxRecordingMs } = parts;
    const examined = await examiner.examine(files.path(job.id), maxRecordingMs, run.signal, alive);
    const { meeting } = job.options;
    // As it is now, to the end: others with the same content get the result as well.
    const vocabulary = meeting === null ? NO_WORDS : parts.vocabularyOf(meeting);
    const basis = parts.basis(job.options);
    const known = await run.claim(contentOf(job, examined, basis, vocabulary), examined.lengthMs);
    const result = known
      ? sharedResult(job, known)
      : resultOf(job, examined.lengthMs, await caption(job, run, vocabulary, parts));
    await keep(job, result, run, parts);

    return result;
  };
}

/** Equal for jobs whose results would be. Of one key only: nobody learns what others have sent. */
function contentOf(
  { key, options }: Job,
  { audioHash }: Examined,
  basis: string,
  vocabulary: Vocabulary,
): string {
  const { language, endpointing, hotWords, mask, numerals } = options;
  const words = { hotWords, mask, numerals, ...(vocabulary !== NO_WORDS && { vocabulary }) };

  return createHash('sha256')
    .update(JSON.stringify([key, audioHash, language, endpointing, basis, words]))
    .digest('base64url');
}

/** Waits for as long as storing them takes: a job that has been completed is not run again, should they be lost. */
async function keep(job: Job, { captions }: JobResult, run: JobRun, parts: JobRunnerParts): Promise<void> {
  if (job.options.meeting === null) return;
  // Words stay with the result: the history has none of anybody.
  const kept = captions.map(({ words: _, ...caption }) => caption);
  const stopShowing = every(ALIVE_EVERY_MS, parts.clock, () => run.progress(0));
  try {
    while (!(await parts.keep(kept))) await rest(KNOCK_AGAIN_MS, run, parts.clock);
  } finally {
    stopShowing();
  }
}

/** Tries again for as long as there is no room: that is no fault of the job's. */
async function caption(
  job: Job,
  run: JobRun,
  vocabulary: Vocabulary,
  parts: JobRunnerParts,
): Promise<CaptionedRecording> {
  for (;;) {
    try {
      return await captionOnce(job, run, vocabulary, parts);
    } catch (error) {
      if (!(error instanceof StreamError) || !NO_ROOM.includes(error.code)) throw error;
      await rest(error.retryAfterMs ?? KNOCK_AGAIN_MS, run, parts.clock);
    }
  }
}

async function captionOnce(
  job: Job,
  run: JobRun,
  vocabulary: Vocabulary,
  parts: JobRunnerParts,
): Promise<CaptionedRecording> {
  const { files, lobby, clock, maxRecordingMs } = parts;
  const { language, model, endpointing, hotWords, mask, numerals } = job.options;
  const recording = await openUploadedRecording(files.path(job.id), maxRecordingMs, run.signal);
  let isWaiting = false;
  let settledMs = 0;
  const stopShowing = every(ALIVE_EVERY_MS, clock, () => {
    if (isWaiting) run.progress(settledMs);
  });
  try {
    return await captionRecording({
      ...{ lobby, recording, caller: callerOf(job), signal: run.signal, isKept: false, vocabulary },
      start: {
        ...(language !== null && { language }),
        ...(model && { model }),
        ...(endpointing && { endpointing }),
        ...(hotWords && { hotWords }),
        ...(mask && { mask }),
        ...(numerals && { numerals }),
      },
      onWaiting: () => {
        isWaiting = true;
      },
      onSettled: (ms) => {
        isWaiting = false;
        settledMs = ms;
        run.progress(ms);
      },
    });
  } finally {
    stopShowing();
    await recording.close();
  }
}

/** Not counted among the key's live streams: the queue has limits of its own. */
function callerOf(job: Job): Caller {
  return { name: null, weight: CLASS_WEIGHTS[job.class] * RECORDING_SHARE, limits: {} };
}

/** @returns what ends it. */
function every(ms: number, clock: Clock, act: () => void): () => void {
  const next = () => {
    cancel = clock.after(ms, () => {
      act();
      next();
    });
  };
  let cancel = () => {};
  next();

  return () => cancel();
}

function rest(ms: number, run: JobRun, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    run.signal.throwIfAborted();
    run.progress(0);
    const cancel = clock.after(ms, () => {
      run.signal.removeEventListener('abort', abort);
      resolve();
    });
    const abort = () => {
      cancel();
      reject(run.signal.reason);
    };
    run.signal.addEventListener('abort', abort, { once: true });
  });
}
