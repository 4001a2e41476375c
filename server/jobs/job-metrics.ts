import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Job } from './job.ts';
import type { JobQueue, Standing } from './job-queue.ts';
import { isFinished, JOB_STATES } from './job-states.ts';

/** From a short recording on an idle server to a day's backlog. */
const SECONDS_BUCKETS = [0.5, 1, 2.5, 5, 10, 30, 60, 150, 300, 900, 3600, 14_400, 86_400];

/** Metrics of the queue of recordings. */
export class JobMetrics {
  readonly #finished: Counter;
  readonly #captioned: Counter;
  readonly #failures: Counter;
  readonly #waited: Histogram;
  readonly #ran: Histogram;
  /** Those that have finished and will be told again. */
  readonly #counted = new Set<string>();
  #queue: Pick<JobQueue, 'standing'> | null = null;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#finished = new Counter({
      name: 'roundtable_jobs_finished_total',
      help: 'Recordings of the queue that have finished, by how.',
      labelNames: ['state'],
      registers,
    });
    for (const state of JOB_STATES.filter(isFinished)) this.#finished.inc({ state }, 0);
    this.#captioned = new Counter({
      name: 'roundtable_jobs_captioned_seconds_total',
      help: 'Audio of recordings that were captioned, without those answered by the result of another.',
      registers,
    });
    this.#failures = new Counter({
      name: 'roundtable_jobs_storing_failures_total',
      help: 'Changes of the queue that could not be stored then.',
      registers,
    });
    const histogram = (name: string, help: string) =>
      new Histogram({ name: `roundtable_${name}`, help, buckets: SECONDS_BUCKETS, registers });
    this.#waited = histogram(
      'jobs_wait_seconds',
      'Time from a recording being submitted to its last attempt.',
    );
    this.#ran = histogram('jobs_run_seconds', 'Time of the attempt that completed a recording.');
    this.#gauges(registry);
  }

  /** From here on the queue is asked for what it knows. */
  watch(queue: Pick<JobQueue, 'standing' | 'watch'>): void {
    this.#queue = queue;
    queue.watch((job) => this.#changed(job));
  }

  storingFailed(): void {
    this.#failures.inc();
  }

  #changed({ id, state, callback, submittedAtMs, startedAtMs, finishedAtMs, lengthMs, shared }: Job): void {
    if (!isFinished(state) || finishedAtMs === null) return;
    // One with a callback is told again when that is tried.
    if (this.#counted.has(id)) {
      if (callback !== 'waiting') this.#counted.delete(id);

      return;
    }
    if (callback === 'waiting') this.#counted.add(id);
    this.#finished.inc({ state });
    if (state !== 'completed' || startedAtMs === null) return;
    this.#waited.observe((startedAtMs - submittedAtMs) / 1000);
    this.#ran.observe((finishedAtMs - startedAtMs) / 1000);
    if (!shared) this.#captioned.inc(lengthMs / 1000);
  }

  #gauges(registry: Registry): void {
    const gauge = (name: string, help: string, read: (standing: Standing) => number) => {
      const standing = () => this.#queue?.standing().catch(() => null) ?? null;
      new Gauge({
        name: `roundtable_${name}`,
        help,
        registers: [registry],
        async collect() {
          const now = await standing();
          if (now) this.set(read(now));
        },
      });
    };
    gauge('jobs_running', 'Recordings of the queue that are captioned now.', ({ running }) => running);
    gauge(
      'jobs_backlog_seconds',
      'Audio of the queue that is not captioned yet.',
      ({ backlogMs }) => backlogMs / 1000,
    );
    gauge(
      'jobs_longest_wait_seconds',
      'How long the recording has waited that has waited longest.',
      ({ longestWaitMs }) => longestWaitMs / 1000,
    );
    gauge(
      'jobs_speed_ratio',
      'Seconds of audio captioned in a second while recordings of the queue are; 0 while that is not known.',
      ({ speed }) => speed ?? 0,
    );
    const queue = () => this.#queue;
    new Gauge({
      name: 'roundtable_jobs_queued',
      help: 'Recordings that wait in the queue.',
      labelNames: ['class'],
      registers: [registry],
      async collect() {
        const standing = await queue()
          ?.standing()
          .catch(() => null);
        for (const [name, count] of Object.entries(standing?.queued ?? {})) this.set({ class: name }, count);
      },
    });
  }
}
