import { signal } from '@preact/signals';
import { RecordingJob } from './recording-job.ts';

/** Recordings that are captioned one after the other, so that each has the whole machine. */
export class JobList {
  readonly jobs = signal<readonly RecordingJob[]>([]);
  #isRunning = false;

  /** Appends files, and begins unless it has. */
  add(files: Iterable<File>): void {
    this.jobs.value = [...this.jobs.value, ...[...files].map((file) => new RecordingJob(file))];
    void this.#run();
  }

  remove(job: RecordingJob): void {
    job.cancel();
    this.jobs.value = this.jobs.value.filter((each) => each !== job);
  }

  /** Tries again what has failed. */
  retry(job: RecordingJob): void {
    job.state.value = 'queued';
    void this.#run();
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    for (let job = this.#next(); job; job = this.#next()) await job.run();
    this.#isRunning = false;
  }

  #next(): RecordingJob | undefined {
    return this.jobs.value.find(({ state }) => state.value === 'queued');
  }
}
