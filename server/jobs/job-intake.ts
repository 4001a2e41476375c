import type { Caller } from '../admission/api-keys.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/options.ts';
import { StreamError } from '../errors.ts';
import type { ServedModels } from '../models/served-models.ts';
import { decodeSafely, type PostRequest } from '../net/http.ts';
import { readJson } from '../net/read-json.ts';
import { openUploadedRecording } from '../recording/uploaded-recording.ts';
import type { Uploads } from '../upload/uploads.ts';
import { addressOf } from './callback-address.ts';
import { mayFetch } from './fetch-recording.ts';
import type { Job, NewJob } from './job.ts';
import type { JobFiles } from './job-files.ts';
import { newJobId } from './job-id.ts';
import type { JobQueue } from './job-queue.ts';
import { type JobRequest, readJobRequest } from './read-job-request.ts';

/** What takes recordings in. */
export interface JobIntakeParts {
  readonly queue: JobQueue;
  readonly files: JobFiles;
  readonly uploads: Uploads;
  readonly clock: Clock;
  readonly config: Pick<
    Config,
    'maxRecordingMs' | 'maxUploadBytes' | 'jobUrlHosts' | 'allowPrivateCallbacks' | 'maxHotWords'
  >;
  /** Whether there is a secret to sign callbacks with. */
  readonly canCall: boolean;
  /** What may be asked for. @throws {StreamError} before there is any. */
  readonly lobby: { readonly recognizers: ServedModels };
}

const MAX_NAME_CHARACTERS = 255;
/** A body of JSON. */
const MAX_JSON_BYTES = 65_536;
const NO_OBJECT = 'The body has to be a form with a file, or a JSON object with a url.';
/** What compressed speech has, where a file does not say how long it is: 64 kbit/s. */
const BYTES_PER_MS = 8;
/** What a recording is reckoned with that has not come yet. */
const UNKNOWN_LENGTH_MS = 600_000;

/**
 * Takes a recording into the queue: a form with a file, or a JSON object with an address.
 * @throws {StreamError} when it is refused; nothing of it is left then.
 */
export async function takeJob(request: PostRequest, caller: Caller, parts: JobIntakeParts): Promise<Job> {
  if (/^application\/json\b/i.test(request.headers['content-type'])) return takeUrl(request, caller, parts);
  const { queue, files, uploads, clock, config } = parts;
  const upload = await uploads.form(request, 'file', caller.name);
  try {
    const fields = Object.fromEntries([...upload.fields].map(([name, values]) => [name, values[0]]));
    const asked = await read(fields, caller, parts);
    if (asked.url !== null) throw new StreamError('bad-message', 'Send either a file or a url.');
    const claimedMs = await lookInto(upload.path, config.maxRecordingMs, request.signal);
    const { bytes, fileName } = upload;
    const lengthMs = Math.round(claimedMs ?? Math.min(config.maxRecordingMs, bytes / BYTES_PER_MS));
    const job = newJob(asked, caller, { bytes, fileName, lengthMs }, clock);
    await files.take(upload, job.id);
    try {
      return await queue.submit(job);
    } catch (error) {
      await files.remove(job.id);
      throw error;
    }
  } finally {
    await upload.remove();
  }
}

async function takeUrl(request: PostRequest, caller: Caller, parts: JobIntakeParts): Promise<Job> {
  const { queue, clock, config } = parts;
  const { fields } = await readJson(request.body, MAX_JSON_BYTES, NO_OBJECT);
  const asked = await read(fields, caller, parts);
  const url = asked.url !== null && URL.canParse(asked.url) ? new URL(asked.url) : null;
  if (!url || !mayFetch(url, config.jobUrlHosts))
    throw new StreamError(
      'out-of-range',
      config.jobUrlHosts === 'none'
        ? 'This server fetches no recordings: send the file.'
        : `url has to be an address on ${config.jobUrlHosts}, without a name or password.`,
    );
  const fileName = decodeSafely(url.pathname.split('/').at(-1)!);
  const lengthMs = Math.min(config.maxRecordingMs, UNKNOWN_LENGTH_MS);

  // It may take all that one may.
  return queue.submit(newJob(asked, caller, { bytes: config.maxUploadBytes, fileName, lengthMs }, clock));
}

async function read(
  fields: Readonly<Record<string, unknown>>,
  caller: Caller,
  { lobby, canCall, config }: JobIntakeParts,
): Promise<JobRequest> {
  const asked = readJobRequest(fields, caller, lobby.recognizers, config);
  if (!asked.callback) return asked;
  if (!canCall) throw new StreamError('out-of-range', 'This server sends no callbacks: it has no secret.');
  await addressOf(asked.callback, config.allowPrivateCallbacks === 'yes');

  return asked;
}

/** Decodes the beginning, so that what is no recording at all is refused at once. @returns as its head claims. */
async function lookInto(path: string, maxMs: number, signal: AbortSignal): Promise<number | null> {
  const recording = await openUploadedRecording(path, maxMs, signal);
  try {
    for await (const _ of recording.pieces) break;

    return recording.claimedMs;
  } finally {
    await recording.close();
  }
}

function newJob(
  { options, class: priority, callback, url }: JobRequest,
  caller: Caller,
  facts: Pick<NewJob, 'bytes' | 'fileName' | 'lengthMs'>,
  clock: Clock,
): NewJob {
  return {
    ...facts,
    fileName: shortened(facts.fileName),
    id: newJobId(clock.epochMs()),
    key: caller.name,
    class: priority,
    options,
    url,
    callbackUrl: callback?.href ?? null,
  };
}

/** Of a name, whole characters that can be written as UTF-8. */
function shortened(name: string): string {
  return Buffer.from([...name].slice(0, MAX_NAME_CHARACTERS).join('')).toString();
}
