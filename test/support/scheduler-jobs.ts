import type { Job, Priority, Scheduler, Work } from '../../scheduler/scheduler.ts';

/** What a scheduler under test is made with. */
export interface SchedulerLimits {
  readonly maxBatchSize: number;
  readonly maxFinalsPerFlow: number;
  /** How many milliseconds a batch is predicted to take. */
  readonly predict: (works: readonly Work[]) => number;
  /** The same of jobs of kind 1; as those of kind 0 when left out. */
  readonly predictSecond?: (works: readonly Work[]) => number;
}

/** Makes the scheduler under test. */
export type CreateScheduler = (limits: SchedulerLimits) => Scheduler<string>;

type NewJob = Partial<Job<string>> & Pick<Job<string>, 'flow' | 'key' | 'priority'>;

/** A job of size 100, kind and class 0, and weight 1, its group its flow's name and its payload its key, unless told otherwise. */
export function job(fields: NewJob): Job<string> {
  return {
    group: `group of ${fields.flow}`,
    weight: 1,
    kind: 0,
    batchClass: 0,
    alone: false,
    enqueuedAtMs: 0,
    dueAtMs: 1_000_000,
    work: () => HUNDRED,
    payload: fields.key,
    ...fields,
  };
}

const HUNDRED: Work = { size: 100, fresh: 100 };

/** Size in milliseconds, and 10 for each batch: it pays to batch. */
export function predictSize(works: readonly Work[]): number {
  return works.reduce((sum, { size }) => sum + size, 10);
}

/** What a job of a size says of its work. */
export const ofSize = (size: number, fresh = size) => ({ work: () => ({ size, fresh }) });

const of =
  (priority: Priority) =>
  (flow: string, key: string, more: Partial<Job<string>> = {}): Job<string> =>
    job({ flow, key, priority, ...more });

/** Short for jobs of each priority. */
export const final = of('final');
export const candidate = of('candidate');
export const partial = of('partial');
export const background = of('background');

/** What is queued in an empty scheduler. */
export const NOTHING_QUEUED: Readonly<Record<Priority, number>> = {
  final: 0,
  candidate: 0,
  partial: 0,
  background: 0,
};

/** Payloads of the next batch, or null when there is none. */
export function next(scheduler: Scheduler<string>, nowMs = 0, idle = 1): string[] | null {
  return scheduler.schedule(nowMs, idle)?.jobs.map(({ payload }) => payload) ?? null;
}

/** Runs everything. @returns payloads in the order they went. */
export function drain(scheduler: Scheduler<string>): string[] {
  const all: string[] = [];
  for (let batch = scheduler.schedule(0, 1); batch; batch = scheduler.schedule(0, 1)) {
    all.push(...batch.jobs.map(({ payload }) => payload));
    scheduler.complete(batch, batch.costMs);
  }

  return all;
}
