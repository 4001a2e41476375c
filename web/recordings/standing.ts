import type { Words } from '../i18n/en.ts';
import { timeOfDay } from '../i18n/language.ts';
import { lengthText } from '../i18n/lengths.ts';
import type { Job } from './job.ts';
import type { Recording } from './recording.ts';

/** Nearer than this, a time of day says less than "soon". It may be over, too: what was reckoned was wrong then. */
const SOON_MS = 75_000;

/** How it stands with a recording, in parts that follow one another; some may be ''. @param nowMs milliseconds since 1970. */
export function standingOf(recording: Recording, nowMs: number, { recordings }: Words): readonly string[] {
  const phase = recording.phase.value;
  const job = recording.job.value;
  if (phase === 'sending') return [recordings.phases.sending, percent(recording.sentShare.value)];
  if (phase !== 'submitted') return [recordings.phases[phase]];
  if (!job) return [recordings.phases.submitted];

  return standingOfJob(job, recording.toldAtMs.value, nowMs, recordings);
}

function standingOfJob(
  job: Job,
  toldAtMs: number,
  nowMs: number,
  recordings: Words['recordings'],
): readonly string[] {
  const { state, ahead, expectedStartMs, expectedEndMs, attempts, shared, lengthMs } = job;
  const when = (fromNowMs: number | null, soon: string, at: (time: string) => string) => {
    if (fromNowMs === null) return '';
    const expectedAtMs = toldAtMs + fromNowMs;

    return expectedAtMs - nowMs < SOON_MS ? soon : at(timeOfDay(expectedAtMs));
  };
  switch (state) {
    case 'queued':
      return [
        recordings.ahead(ahead ?? 0),
        when(expectedStartMs, recordings.startsSoon, recordings.startsAt),
        when(expectedEndMs, '', recordings.endsAt),
      ];
    case 'running':
      return [
        recordings.states.running,
        percent(shareDone(job)),
        ...(attempts > 1 ? [recordings.attempt(attempts)] : []),
        when(expectedEndMs, recordings.endsSoon, recordings.endsAt),
      ];
    case 'completed':
      return [
        recordings.states.completed,
        recordings.length(lengthText(lengthMs)),
        ...(shared ? [recordings.shared] : []),
      ];
    default:
      return [recordings.states[state]];
  }
}

/** Of the recording, 0 to 1. */
export function shareDone({ progressMs, lengthMs }: Job): number {
  return lengthMs > 0 ? Math.min(1, progressMs / lengthMs) : 0;
}

function percent(share: number): string {
  return `${Math.floor(share * 100)} %`;
}
