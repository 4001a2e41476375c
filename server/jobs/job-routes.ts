import type { Caller } from '../admission/api-keys.ts';
import { StreamError } from '../errors.ts';
import { type HttpAnswer, jsonAnswer } from '../net/http.ts';
import type { KeyedPost, KeyedRoute } from '../net/http-guard.ts';
import { fileAnswer } from '../outputs/file-answer.ts';
import { type TranscriptFormat, transcriptFile } from '../transcript/transcript-file.ts';
import type { Job } from './job.ts';
import type { JobEvents } from './job-events.ts';
import { type JobIntakeParts, takeJob } from './job-intake.ts';
import { type JobQuery, type JobResult, MAX_JOBS_PER_PAGE } from './job-queue.ts';
import { isFinished, JOB_STATES } from './job-states.ts';
import { viewNow } from './job-view.ts';

/** What these routes answer from. */
export interface JobRouteParts extends JobIntakeParts {
  readonly events: JobEvents;
}

const DEFAULT_PAGE = 50;

/** The queue of recordings over HTTP. Jobs of other keys are none. */
export class JobRoutes {
  readonly #parts: JobRouteParts;

  constructor(parts: JobRouteParts) {
    this.#parts = parts;
  }

  /** `POST /v1/jobs` */
  readonly submit: KeyedPost = async (request, caller) => {
    const job = await takeJob(request, caller, this.#parts);

    return {
      ...jsonAnswer('202 Accepted', await viewNow(job, this.#parts.queue)),
      headers: { location: `/v1/jobs/${job.id}` },
    };
  };

  /** `GET /v1/jobs/{id}` */
  readonly show: KeyedRoute = async ({ params }, caller) =>
    jsonAnswer('200 OK', await viewNow(await this.#find(params[0]!, caller), this.#parts.queue));

  /** `DELETE /v1/jobs/{id}` */
  readonly cancel: KeyedRoute = async ({ params }, caller) => {
    const { queue } = this.#parts;
    const { id } = await this.#find(params[0]!, caller);
    const job = await queue.cancel(id);
    if (!job) throw new StreamError('unknown-job');
    if (job.state !== 'cancelled') throw new StreamError('job-finished', `It is ${job.state}.`);

    return jsonAnswer('200 OK', await viewNow(job, queue));
  };

  /** `GET /v1/jobs?state&limit&before` */
  readonly list: KeyedRoute = async ({ query }, caller) => {
    const { queue } = this.#parts;
    const page = await queue.list({ ...readQuery(query), key: caller.name });
    const jobs = await Promise.all(page.jobs.map((job) => viewNow(job, queue)));

    return jsonAnswer('200 OK', { jobs, more: page.more });
  };

  /** `GET /v1/jobs/{id}/events` */
  readonly events: KeyedRoute = async ({ params }, caller) =>
    this.#parts.events.ofJob(await this.#find(params[0]!, caller));

  /** `GET /v1/jobs/events` */
  readonly allEvents: KeyedRoute = (_, caller) => this.#parts.events.ofCaller(caller);

  /** `GET /v1/jobs/{id}/result.{format}` */
  result(format: TranscriptFormat): KeyedRoute {
    return async ({ params, headers }, caller) => {
      const job = await this.#find(params[0]!, caller);
      const result = await this.#parts.queue.result(job.id);
      if (!result) throw noResult(job);
      const name = job.fileName.replace(/\.[^.]*$/, '') || job.id;

      return fileAnswer(name, format, await file(job, name, result, format), headers['if-none-match']);
    };
  }

  async #find(id: string, caller: Caller): Promise<Job> {
    const job = await this.#parts.queue.find(id);
    if (!job || job.key !== caller.name) throw new StreamError('unknown-job');

    return job;
  }
}

async function file(
  job: Job,
  name: string,
  result: JobResult,
  format: TranscriptFormat,
): Promise<HttpAnswer['body']> {
  if (format === 'json') return `${JSON.stringify({ id: job.id, fileName: job.fileName, ...result })}\n`;
  const transcript = { meeting: name, captions: result.captions, more: false };

  return transcriptFile(transcript, format, job.submittedAtMs);
}

function noResult({ state, error }: Job): StreamError {
  if (!isFinished(state)) return new StreamError('job-unfinished', `It is ${state}.`);

  return new StreamError('job-finished', `It is ${state}${error ? `: ${error.message}` : '.'}`);
}

/** @throws {StreamError} `out-of-range`. */
function readQuery(query: URLSearchParams): JobQuery {
  const state = query.get('state');
  const known = JOB_STATES.find((each) => each === state);
  if (state !== null && !known)
    throw new StreamError('out-of-range', `state has to be one of ${JOB_STATES.join(', ')}.`);
  const limit = Number(query.get('limit') ?? DEFAULT_PAGE);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_JOBS_PER_PAGE)
    throw new StreamError('out-of-range', `limit has to be from 1 to ${MAX_JOBS_PER_PAGE}.`);
  const before = query.get('before');

  return { limit, ...(known && { state: known }), ...(before !== null && { before }) };
}
