import { setTimeout as sleep } from 'node:timers/promises';
import type { JobView } from '../../server/jobs/job-view.ts';

/** Between two looks at a job. */
const LOOK_EVERY_MS = 50;
const LOOKS = 1200;

/** What an answer of the server says about a job. */
export type ToldJob = JobView;

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
