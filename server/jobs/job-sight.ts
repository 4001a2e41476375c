import { expect } from './expectation.ts';
import type { Job } from './job.ts';
import type { Outlook } from './job-queue.ts';
import { isFinished } from './job-states.ts';
import { viewOf } from './job-view.ts';

/** What is to be told of a job, as far as it matters whether it has been. */
export interface Told {
  readonly state: Job['state'];
  readonly ahead: number | null;
  readonly progressMs: number;
  readonly attempts: number;
  /** When it is expected to end, by the clock; null for not known. */
  readonly endsAtMs: number | null;
}

/** A job at one moment. */
export interface Glance {
  readonly told: Told;
  /** Its view as JSON; made once, for all who are told. */
  readonly json: string;
}

/** Jobs at one moment, for all who look at them then: each is looked at once. */
export class JobSight {
  readonly #jobs: ReadonlyMap<string, Job>;
  readonly #outlook: Outlook;
  readonly #glances = new Map<string, Glance>();
  readonly nowMs: number;

  /** @param jobs that are known; of those that are queued or run there is a place in the outlook, or no glance. */
  constructor(jobs: ReadonlyMap<string, Job>, outlook: Outlook, nowMs: number) {
    this.#jobs = jobs;
    this.#outlook = outlook;
    this.nowMs = nowMs;
  }

  /** @returns null for a job that is not known, `later` for one that is newer than the outlook. */
  glance(id: string): Glance | 'later' | null {
    const before = this.#glances.get(id);
    if (before) return before;
    const job = this.#jobs.get(id);
    if (!job) return null;
    if (!isFinished(job.state) && !this.#outlook.places.has(id)) return 'later';
    const glance = this.#glanceAt(job);
    this.#glances.set(id, glance);

    return glance;
  }

  #glanceAt(job: Job): Glance {
    const { places, standing } = this.#outlook;
    const place = job.state === 'queued' ? places.get(job.id)! : null;
    const { expectedEndMs } = expect(job, place, standing);
    let json: string | null = null;

    return {
      told: {
        state: job.state,
        ahead: place?.ahead ?? null,
        progressMs: job.progressMs,
        attempts: job.attempts,
        endsAtMs: expectedEndMs === null ? null : this.nowMs + expectedEndMs,
      },
      get json() {
        json ??= JSON.stringify(viewOf(job, place, standing));

        return json;
      },
    };
  }
}
