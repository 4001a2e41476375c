import { batch, signal } from '@preact/signals';
import { RoundtableError } from '../../client-sdk/index.ts';
import { askServer } from '../shell/server.ts';
import { type Trouble, troubleFrom } from '../trouble/trouble.ts';
import type { Job } from './job.ts';
import { JobFeed } from './job-feed.ts';
import { forgetJob, keepJob, keptJobs } from './kept-jobs.ts';
import { Recording, type RecordingOptions } from './recording.ts';
import { Sender } from './sender.ts';

const PAGE = 200;
/** Of jobs that are told before this page knows that they are its own. */
const MAX_STRANGERS = 500;
/** Read out at last. */
const ANNOUNCED = 8;

/** A recording that has come to its end while the page was there. */
export interface Announcement {
  readonly recording: Recording;
  readonly job: Job;
}

/** The recordings of this browser, and all that can be done about them. */
export class RecordingList {
  /** The newest last. */
  readonly recordings = signal<readonly Recording[]>([]);
  readonly needsKey = signal(false);
  /** Whether there are more than will be listed when the page is loaded anew. */
  readonly isOverfull = signal(false);
  readonly announced = signal<readonly Announcement[]>([]);
  readonly #sender = new Sender({
    submitted: (recording, job) => this.#submitted(recording, job),
    needsKey: () => this.#refused(),
  });
  readonly feed = new JobFeed({
    live: () => void this.#refresh(),
    job: (job) => this.#told(job),
    refused: () => this.#refused(),
  });
  /** By id, jobs of others, or of this page before it was told their ids. */
  readonly #strangers = new Map<string, Job>();
  /** Of jobs that events told of since the last refresh began. */
  readonly #fresh = new Set<string>();

  /** Takes up what was submitted before, and asks whether a key is needed. */
  open(): void {
    this.recordings.value = keptJobs().map(({ id, name }) => Recording.ofJob(id, name));
    if (this.recordings.value.length > 0) this.feed.start();
    else void this.#probe();
    addEventListener('beforeunload', (event) => {
      if (this.#sender.isBusy) event.preventDefault();
    });
  }

  add(files: Iterable<File>, options: RecordingOptions): void {
    const added = [...files].map((file) => Recording.ofFile(file, options));
    this.recordings.value = [...this.recordings.value, ...added];
    if (!this.needsKey.value) this.feed.start();
    this.#sender.add(added);
  }

  /** Goes on, once `apiKey` has one. */
  takeKey(): void {
    this.needsKey.value = false;
    if (this.recordings.value.some(({ isOver }) => !isOver)) this.feed.start();
    else void this.#probe();
    this.#sender.resume();
  }

  /** Sends it once more. @param options what is chosen now, in place of what the server refused. */
  again(recording: Recording, options: RecordingOptions): void {
    if (recording.phase.value === 'refused') recording.options = options;
    if (recording.id !== null) forgetJob(recording.id);
    batch(() => {
      recording.id = null;
      recording.job.value = null;
    });
    this.feed.start();
    this.#sender.add([recording]);
  }

  /** Ends it. Rejects where the server cannot be asked. */
  async cancel(recording: Recording): Promise<void> {
    if (recording.id === null) return this.#sender.withdraw(recording);
    try {
      const answer = await askServer(`/v1/jobs/${recording.id}`, { method: 'DELETE' });
      this.#apply(recording, (await answer.json()) as Job);
    } catch (error) {
      const trouble: Trouble = troubleFrom(error);
      // It has come to its end, which is told as well.
      if (trouble.code === 'job-finished') return;
      if (trouble.code === 'unknown-job') recording.phase.value = 'gone';
      else throw error;
    }
  }

  /** Takes those that are over from the list. The server keeps what it has for its time. */
  remove(recordings: readonly Recording[]): void {
    const gone = recordings.filter(({ isOver }) => isOver);
    for (const { id } of gone) if (id !== null) forgetJob(id);
    this.recordings.value = this.recordings.value.filter((recording) => !gone.includes(recording));
  }

  #refused(): void {
    this.feed.stop();
    this.needsKey.value = true;
  }

  async #probe(): Promise<void> {
    try {
      await askServer('/v1/jobs?limit=1');
    } catch (error) {
      if (error instanceof RoundtableError && error.code === 'unauthorized') this.#refused();
    }
  }

  #submitted(recording: Recording, job: Job): void {
    batch(() => {
      recording.id = job.id;
      recording.phase.value = 'submitted';
      recording.trouble.value = null;
    });
    if (!keepJob({ id: job.id, name: recording.name })) this.isOverfull.value = true;
    this.#apply(recording, this.#strangers.get(job.id) ?? job);
  }

  #told(job: Job): void {
    this.#fresh.add(job.id);
    const recording = this.recordings.value.find(({ id }) => id === job.id);
    if (recording) this.#apply(recording, job);
    else {
      this.#strangers.delete(job.id);
      this.#strangers.set(job.id, job);
      if (this.#strangers.size > MAX_STRANGERS) this.#strangers.delete(this.#strangers.keys().next().value!);
    }
  }

  /** Asks for what events do not tell: what has come to its end while nobody listened. */
  async #refresh(): Promise<void> {
    const open = new Map(
      this.recordings.value.flatMap((recording) =>
        recording.id !== null && !recording.isOver ? [[recording.id, recording]] : [],
      ),
    );
    this.#fresh.clear();
    const oldest = [...open.keys()].sort()[0];
    if (oldest === undefined) return;
    try {
      let before: string | null = '';
      while (before !== null) before = await this.#readPage(before, oldest, open);
      for (const recording of open.values()) recording.phase.value = 'gone';
      this.#rest();
    } catch {
      // The feed says that the server is away, and comes to this again.
      this.feed.again();
    }
  }

  /** @returns what the next page is before; null where there is nothing more to be found. */
  async #readPage(before: string, oldest: string, open: Map<string, Recording>): Promise<string | null> {
    const answer = await askServer(`/v1/jobs?limit=${PAGE}${before && `&before=${before}`}`);
    const { jobs, more } = (await answer.json()) as { readonly jobs: readonly Job[]; readonly more: boolean };
    for (const job of jobs) {
      const recording = open.get(job.id);
      if (recording && !this.#fresh.has(job.id)) this.#apply(recording, job);
      open.delete(job.id);
    }
    const last = jobs.at(-1)?.id;

    return more && last !== undefined && last > oldest ? last : null;
  }

  #apply(recording: Recording, job: Job): void {
    const before = recording.job.value;
    if (recording.isOver) return;
    batch(() => {
      recording.job.value = job;
      recording.toldAtMs.value = Date.now();
    });
    if (!recording.isOver) return;
    if (before) this.announced.value = [...this.announced.value, { recording, job }].slice(-ANNOUNCED);
    this.#rest();
  }

  /** Listens no longer than there is something to hear. */
  #rest(): void {
    if (this.recordings.value.every(({ isOver }) => isOver)) this.feed.stop();
  }
}
