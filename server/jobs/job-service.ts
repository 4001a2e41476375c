import type { TemplatedApp } from 'uWebSockets.js';
import type { ApiKeys } from '../admission/api-keys.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/options.ts';
import { StreamError } from '../errors.ts';
import { Failure } from '../failure.ts';
import type { Logger } from '../log.ts';
import type { HttpRoutes, PostRoutes } from '../net/http.ts';
import type { HttpGuard } from '../net/http-guard.ts';
import type { RecordingLobby } from '../session/caption-recording.ts';
import type { Vocabularies } from '../text/vocabularies.ts';
import { TRANSCRIPT_FORMATS } from '../transcript/transcript-file.ts';
import type { Uploads } from '../upload/uploads.ts';
import { callbackSecret } from './callback-secret.ts';
import type { QueueObserver } from './embedded-queue.ts';
import { Examiner } from './examiner.ts';
import { fetchRecording } from './fetch-recording.ts';
import { FileSweeper } from './file-sweeper.ts';
import type { Job } from './job.ts';
import { JobEvents } from './job-events.ts';
import { JobFiles } from './job-files.ts';
import type { JobIntakeParts } from './job-intake.ts';
import type { JobMetrics } from './job-metrics.ts';
import type { JobQueue, JobRun } from './job-queue.ts';
import { JobRoutes } from './job-routes.ts';
import { type JobRunnerParts, jobRunner } from './job-runner.ts';
import { mountJobSockets } from './job-sockets.ts';
import { isFinished } from './job-states.ts';
import { viewOf } from './job-view.ts';
import { openQueue } from './open-queue.ts';
import { sendCallback } from './send-callback.ts';

/** What the service is made of. */
export interface JobServiceParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: JobMetrics;
  readonly uploads: Uploads;
  readonly uploadFolder: string;
  readonly lobby: RecordingLobby &
    JobIntakeParts['lobby'] & { readonly vocabularies: Pick<Vocabularies, 'get'> };
}

/** What work begins with, once there are models. */
export interface JobWork {
  /** As a runner has it. */
  readonly basis: JobRunnerParts['basis'];
  /** As a runner has it. */
  readonly keep: JobRunnerParts['keep'];
}

/** Compiled next to this module. */
const EXAMINER_THREAD = new URL('./examiner-thread.js', import.meta.url);
/** Between two looks whether another server still works for the queue of this data folder. */
const LOOK_AGAIN_MS = 3000;

/** The queue of recordings, and everything around it in this server. */
export class JobService {
  readonly #parts: JobServiceParts;
  readonly #files: JobFiles;
  readonly #secret: string | null;
  readonly #examiner = new Examiner(EXAMINER_THREAD);
  readonly #events: JobEvents;
  #queue: JobQueue | null = null;
  #sweeper: FileSweeper | null = null;
  #operatorRoutes: HttpRoutes = {};
  #work: JobWork | null = null;
  #cancelLook: () => void = () => {};
  #closing: Promise<void> | null = null;

  private constructor(parts: JobServiceParts, files: JobFiles, secret: string | null) {
    this.#parts = parts;
    this.#files = files;
    this.#secret = secret;
    this.#events = new JobEvents(this.#shared());
  }

  /** @throws {Failure} when the queue cannot be opened. */
  static async open(parts: JobServiceParts): Promise<JobService> {
    const { dataDir, recordingsDir, redisUrl, callbackSecretFile } = parts.config;
    if (redisUrl !== 'none' && recordingsDir === 'none')
      throw new Failure(
        'A queue in Redis needs --recordings-dir: a folder that all servers of the queue share, for the recordings themselves.',
      );
    const folder = recordingsDir === 'none' ? null : recordingsDir;
    const files = await JobFiles.open(folder, dataDir, parts.uploadFolder);
    // Callbacks of one queue are signed alike, whichever server sends them.
    const secret = await callbackSecret(callbackSecretFile, folder ?? dataDir);
    const service = new JobService(parts, files, secret);
    await service.#open();

    return service;
  }

  /** @throws {StreamError} `queue-away` while another server has the queue. */
  get queue(): JobQueue {
    if (!this.#queue)
      throw new StreamError('queue-away', 'Another server works for the queue of this data folder.');

    return this.#queue;
  }

  /** Works from now on. */
  begin(work: JobWork): void {
    this.#work = work;
    this.#beginWork();
  }

  routes(guard: HttpGuard): {
    readonly gets: HttpRoutes;
    readonly posts: PostRoutes;
    readonly deletes: HttpRoutes;
  } {
    const routes = new JobRoutes(this.#shared());
    const results = TRANSCRIPT_FORMATS.map(
      (format) => [`/v1/jobs/:id/result.${format}`, guard.protect(routes.result(format))] as const,
    );

    return {
      gets: {
        '/v1/jobs': guard.protect(routes.list),
        '/v1/jobs/events': guard.protect(routes.allEvents),
        '/v1/jobs/:id': guard.protect(routes.show),
        '/v1/jobs/:id/events': guard.protect(routes.events),
        ...Object.fromEntries(results),
        ...this.#operatorRoutes,
      },
      posts: { '/v1/jobs': guard.protect(routes.submit) },
      deletes: { '/v1/jobs/:id': guard.protect(routes.cancel) },
    };
  }

  mount(app: TemplatedApp, keys: ApiKeys): void {
    mountJobSockets(app, this.#socketParts(keys));
  }

  /** Gives back what runs, to be taken up at the next start. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();

    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#cancelLook();
    this.#sweeper?.close();
    this.#events.close();
    await this.#queue?.close();
    await this.#examiner.close();
  }

  async #open(): Promise<void> {
    const { config, clock, log, metrics } = this.#parts;
    const observer: QueueObserver = {
      storingFailed: (err, retryAfterMs) => {
        metrics.storingFailed();
        log.error({ err, retryAfterMs }, 'the queue of recordings cannot be stored, and is tried again');
      },
      attemptFailed: (err) => log.error({ err }, 'an attempt at a recording failed'),
    };
    const opened = await openQueue(config, clock, observer, log);
    if (!opened) {
      log.warn('another server works for the queue of this data folder; this one waits until it ends');
      this.#lookLater();

      return;
    }
    const { queue } = opened;
    if (this.#closing) return queue.close();
    metrics.watch(queue);
    queue.watch(({ id, state }) => {
      if (isFinished(state)) void this.#files.remove(id);
    });
    this.#sweeper = new FileSweeper({ files: this.#files, queue, clock, log });
    // Before anybody can submit anything.
    await this.#sweeper.start();
    this.#queue = queue;
    this.#operatorRoutes = opened.routes;
    this.#beginWork();
  }

  /** Looks again whether the queue can be had, and again, should it be had and not be opened. */
  #lookLater(): void {
    const { clock, log } = this.#parts;
    if (this.#closing) return;
    this.#cancelLook = clock.after(LOOK_AGAIN_MS, () => {
      this.#open().catch((err: unknown) => {
        log.error({ err, retryAfterMs: LOOK_AGAIN_MS }, 'the queue of recordings cannot be opened');
        this.#lookLater();
      });
    });
  }

  #beginWork(): void {
    const { config, clock, lobby } = this.#parts;
    const [queue, work] = [this.#queue, this.#work];
    if (!queue || !work || this.#closing) return;
    const runner = jobRunner({
      ...{ files: this.#files, examiner: this.#examiner, lobby, clock },
      fetch: (job, run) => this.#fetch(job, run),
      maxRecordingMs: config.maxRecordingMs,
      vocabularyOf: (meeting) => lobby.vocabularies.get(meeting),
      ...work,
    });
    queue.work(runner, config.maxRunningJobs);
    if (this.#secret !== null) queue.deliver((job, signal) => this.#call(job, signal, this.#secret!));
  }

  async #fetch({ id, url }: Job, { signal, progress }: JobRun): Promise<void> {
    if (url === null) return;
    const path = this.#files.path(id);
    const maxBytes = this.#parts.config.maxUploadBytes;
    await fetchRecording({ url, path, maxBytes, signal, onAlive: () => progress(0) });
  }

  #call(job: Job, signal: AbortSignal, secret: string): Promise<void> {
    const { config, clock } = this.#parts;
    const settings = { secret, allowsPrivate: config.allowPrivateCallbacks === 'yes' };
    const body = JSON.stringify({ type: 'job', ...viewOf(job, null, null) });

    return sendCallback(new URL(job.callbackUrl!), body, settings, clock, signal);
  }

  #shared(): JobIntakeParts & { readonly events: JobEvents } {
    const { uploads, clock, config, lobby } = this.#parts;
    const service = this;

    return {
      get queue() {
        return service.queue;
      },
      get events() {
        return service.#events;
      },
      ...{ files: this.#files, uploads, clock, config, lobby },
      canCall: this.#secret !== null,
    };
  }

  #socketParts(keys: ApiKeys) {
    const { clock, config } = this.#parts;
    const service = this;

    return {
      get queue() {
        return service.queue;
      },
      ...{ events: this.#events, keys, clock, config },
    };
  }
}
