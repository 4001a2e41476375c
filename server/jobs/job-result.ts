import { joinCaptions } from '../../client-sdk/captions/join-captions.ts';
import type { FinalMessage } from '../../client-sdk/protocol.ts';
import type { CaptionedRecording } from '../session/caption-recording.ts';
import type { Job } from './job.ts';
import type { JobResult } from './job-queue.ts';

/** What becomes of a captioned recording. Where there is no meeting it has one of its own, by the job's id. */
export function resultOf(job: Job, lengthMs: number, { finals, done, model }: CaptionedRecording): JobResult {
  const { transcribedMs, silenceMs, droppedMs } = done;
  const captions = ofJob(finals, job);

  return {
    captions,
    text: joinCaptions(captions.map(({ text }) => text)),
    ...{ lengthMs, transcribedMs, silenceMs, droppedMs, model },
  };
}

/** Another job's result as this one's. */
export function sharedResult(job: Job, result: JobResult): JobResult {
  return { ...result, captions: ofJob(result.captions, job) };
}

/** Captions by ids that are the same whichever attempt made them, so that none is ever kept twice. */
function ofJob(captions: readonly FinalMessage[], job: Job): readonly FinalMessage[] {
  const { meeting, speaker } = job.options;
  const beganMs = job.submittedAtMs;

  return captions
    .filter(({ text }) => text !== '')
    .map((caption, i) => ({
      ...caption,
      meeting: meeting ?? job.id,
      streamId: job.id,
      captionId: `${job.id}:${i}`,
      segmentId: i,
      ...(speaker !== null && { speaker }),
      // A recording does not say when it was made: as if it had begun when it came.
      spokenAtMs: beganMs + caption.startMs,
    }));
}
