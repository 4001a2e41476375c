import { setTimeout as sleep } from 'node:timers/promises';
import type { JobView } from '../../server/jobs/job-view.ts';
import { writeWav } from '../fixtures/audio/write-wav.ts';
import { type Clip, join, silence } from '../support/audio.ts';

/** Between two looks at a job. */
const LOOK_EVERY_MS = 50;
const LOOKS = 1200;

/** What an answer of the server says about a job. */
export type ToldJob = JobView;

/** So many clips in a WAV file, with pauses behind them, beginning with one of them. @param pauseMs before the first. */
export function clipRecording(clips: readonly Clip[], first: number, count: number, pauseMs: number): Buffer {
  const parts = Array.from({ length: count }, (_, i) => clips[(first + i) % clips.length]!.samples);
  const samples = join(silence(pauseMs), ...parts.flatMap((part) => [part, silence(1000)]));
  const data = Buffer.alloc(samples.length * 2);
  for (const [i, sample] of samples.entries()) data.writeInt16LE(Math.round(sample * 32_767), i * 2);

  return writeWav({ tag: 1, bits: 16 }, data);
}

/** A form with a recording. */
export function recordingForm(
  bytes: Uint8Array,
  fields: Readonly<Record<string, string>> = {},
  name = 'talk.wav',
): FormData {
  const form = new FormData();
  for (const [field, value] of Object.entries(fields)) form.append(field, value);
  form.append('file', new Blob([Buffer.from(bytes)]), name);

  return form;
}

/** Submits a recording. */
export function postJob(
  url: string,
  body: FormData | string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(`${url}/v1/jobs`, { method: 'POST', body, headers });
}

/** Submits a recording that is taken. */
export async function submitJob(
  url: string,
  bytes: Uint8Array,
  fields: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<ToldJob> {
  const response = await postJob(url, recordingForm(bytes, fields), headers);
  if (response.status !== 202) throw new Error(`${response.status}: ${await response.text()}`);

  return (await response.json()) as ToldJob;
}

/** Waits until a job is as it is awaited. */
export async function jobUntil(
  url: string,
  id: string,
  isAwaited: (job: ToldJob) => boolean = ({ finishedAtMs }) => finishedAtMs !== null,
): Promise<ToldJob> {
  for (let looks = 0; looks < LOOKS; looks++) {
    const response = await fetch(`${url}/v1/jobs/${id}`);
    const job = (await response.json()) as ToldJob;
    if (isAwaited(job)) return job;
    await sleep(LOOK_EVERY_MS);
  }
  throw new Error('The job did not come to what was awaited.');
}
