import { TRANSCRIPT_FORMATS } from '../transcript/transcript-file.ts';
import { expect } from './expectation.ts';
import type { Job } from './job.ts';
import type { JobQueue, Place, Standing } from './job-queue.ts';

/** A job as clients are told it; docs/recordings.md says what each field is. */
export type JobView = ReturnType<typeof viewOf>;

/** A job as clients are told it now. */
export async function viewNow(job: Job, queue: Pick<JobQueue, 'place' | 'standing'>): Promise<JobView> {
  const [place, standing] = await Promise.all([
    job.state === 'queued' ? queue.place(job.id) : null,
    queue.standing(),
  ]);

  return viewOf(job, place, standing);
}

/** @param place null for a job that is not queued. @param standing null where nothing is expected any more. */
export function viewOf(job: Job, place: Place | null, standing: Standing | null) {
  const { id, state, options, error, callbackUrl } = job;
  const { language, model = null, meeting, speaker } = options;
  const path = `/v1/jobs/${id}`;
  const { expectedStartMs, expectedEndMs } = standing
    ? expect(job, place, standing)
    : { expectedStartMs: null, expectedEndMs: null };

  return {
    ...{ id, state, priority: job.class, fileName: job.fileName, language, model, meeting, speaker },
    ...{
      lengthMs: job.lengthMs,
      progressMs: job.progressMs,
      attempts: job.attempts,
      shared: job.shared,
      error,
    },
    ...{ submittedAtMs: job.submittedAtMs, startedAtMs: job.startedAtMs, finishedAtMs: job.finishedAtMs },
    ...{ ahead: place?.ahead ?? (state === 'queued' ? 0 : null), expectedStartMs, expectedEndMs },
    callback: callbackUrl === null ? null : job.callback,
    links: {
      self: path,
      events: `${path}/events`,
      result:
        state === 'completed'
          ? Object.fromEntries(TRANSCRIPT_FORMATS.map((format) => [format, `${path}/result.${format}`]))
          : null,
    },
  };
}
