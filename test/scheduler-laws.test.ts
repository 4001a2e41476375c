import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FairScheduler } from '../scheduler/fair-scheduler.ts';
import type { JobKind } from '../scheduler/job-kind.ts';
import type { Batch, Job, Priority, Work } from '../scheduler/scheduler.ts';
import { job, NOTHING_QUEUED } from './support/scheduler-jobs.ts';

const PRIORITIES: readonly Priority[] = ['final', 'candidate', 'partial', 'background'];

const isFinal = ({ priority }: Job<string>) => priority === 'final' || priority === 'background';

type Operation =
  | { readonly kind: 'submit'; readonly job: Job<string> }
  | { readonly kind: 'schedule'; readonly idle: number }
  | { readonly kind: 'complete' | 'fail' | 'put back'; readonly which: number; readonly tookMs: number }
  | { readonly kind: 'cancel'; readonly flow: string };

/** Six flows in two groups, all of whose jobs the scheduler predicts right, but batches too high. */
const jobs: fc.Arbitrary<Job<string>> = fc
  .record({
    flow: fc.integer({ min: 0, max: 5 }),
    key: fc.constantFrom('0', '1', '2'),
    priority: fc.constantFrom(...PRIORITIES),
    weight: fc.constantFrom(0.25, 1, 4),
    kind: fc.constantFrom(0, 0, 1),
    batchClass: fc.constantFrom(0, 0, 1),
    alone: fc.constantFrom(false, false, false, true),
    dueAtMs: fc.integer({ min: 0, max: 5000 }),
    size: fc.integer({ min: 1, max: 3000 }),
  })
  .map(({ flow, size, ...fields }) => {
    const work = () => ({ size, fresh: size });

    return job({ ...fields, flow: `flow ${flow}`, group: `group ${flow % 2}`, work });
  });

const operations: fc.Arbitrary<Operation[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('submit' as const), job: jobs }) },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('schedule' as const), idle: fc.integer({ min: 1, max: 3 }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constantFrom('complete' as const, 'fail' as const, 'put back' as const),
        which: fc.nat(10),
        tookMs: fc.integer({ min: 1, max: 9000 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('cancel' as const), flow: jobs.map(({ flow }) => flow) }),
    },
  ),
  { maxLength: 120 },
);

/** Each further job costs a third less: it nearly always pays. */
function predict(works: readonly Work[]): number {
  const sizes = works.map(({ size }) => size);

  return sizes.reduce((sum, size) => sum + size, 0) * (works.length > 1 ? 2 / 3 : 1);
}

const MAX_FINALS = 5;
/** The second costs ten times as much as the first, and takes smaller batches. */
const KINDS: readonly JobKind[] = [
  { maxBatchSize: 4, maxBatchMs: 4000, costs: { predict, learn() {} } },
  { maxBatchSize: 2, maxBatchMs: 40_000, costs: { predict: (works) => 10 * predict(works), learn() {} } },
];

/** A scheduler, and beside it what should be queued and running in it. */
class Ledger {
  readonly #scheduler = new FairScheduler<string>({
    kinds: KINDS,
    maxFinalsPerFlow: MAX_FINALS,
    maxLeadMs: 1000,
  });
  readonly #waiting = new Map<string, Job<string>>();
  readonly #running: Batch<string>[] = [];
  #names = 0;

  play(operation: Operation): void {
    if (operation.kind === 'submit') this.#submit(operation.job);
    else if (operation.kind === 'schedule') this.#run(operation.idle);
    else if (operation.kind === 'cancel') this.#cancel(operation.flow);
    else this.#end(operation.kind, operation.which, operation.tookMs);
    const queued = { ...NOTHING_QUEUED };
    for (const { priority } of this.#waiting.values()) queued[priority]++;
    expect(this.#scheduler.queued).toEqual(queued);
  }

  /** Runs everything, and expects nothing to be left. */
  drain(): void {
    while (this.#run(1) || this.#running.length > 0) this.#end('complete', 0, 100);
    expect(this.#waiting.size).toBe(0);
    expect(this.#scheduler.knownFlows).toBe(0);
    expect(this.#scheduler.backlogMs()).toEqual({ final: 0, total: 0 });
  }

  #submit(job: Job<string>): void {
    const named = { ...job, payload: String(this.#names++) };
    const finals = [...this.#waiting.values()].filter((each) => each.flow === job.flow && isFinal(each));
    const { accepted, replaced } = this.#scheduler.submit(named);
    expect(accepted).toBe(!isFinal(job) || finals.length < MAX_FINALS);
    if (replaced) {
      expect(this.#waiting.delete(replaced.payload)).toBe(true);
      expect(isFinal(replaced)).toBe(false);
    }
    if (accepted) this.#waiting.set(named.payload, named);
  }

  #run(idle: number): boolean {
    const eligible = [...this.#waiting.values()].filter((each) => this.#mayRun(each));
    const batch = this.#scheduler.schedule(1000, idle);
    // Work conservation.
    expect(batch !== null).toBe(eligible.length > 0);
    if (!batch) return false;
    this.#expectRules(batch, eligible, idle);
    for (const { payload } of batch.jobs) expect(this.#waiting.delete(payload)).toBe(true);
    this.#running.push(batch);

    return true;
  }

  #expectRules(batch: Batch<string>, eligible: readonly Job<string>[], idle: number): void {
    const { kind, jobs, works, costMs } = batch;
    const { maxBatchSize, maxBatchMs, costs } = KINDS[kind]!;
    expect(jobs.length).toBeLessThanOrEqual(Math.min(maxBatchSize, Math.ceil(eligible.length / idle)));
    expect(jobs.every((job) => job.kind === kind)).toBe(true);
    expect(new Set(jobs.map(({ batchClass }) => batchClass)).size).toBe(1);
    const ranks = jobs.map(({ priority }) => PRIORITIES.indexOf(priority));
    expect(ranks).toEqual(ranks.toSorted());
    expect(eligible).toEqual(expect.arrayContaining([...jobs]));
    if (jobs.length > 1) {
      expect(jobs.some(({ alone }) => alone)).toBe(false);
      expect(costMs).toBeLessThanOrEqual(maxBatchMs);
      expect(costMs).toBeLessThan(works.reduce((sum, work) => sum + costs.predict([work]), 0));
    }
    expect(works).toEqual(jobs.map(({ work }) => work()));
    expect(costMs).toBe(costs.predict(works));
  }

  #mayRun(job: Job<string>): boolean {
    const same = (other: Job<string>) => other.flow === job.flow && other.key === job.key;

    return isFinal(job) || !this.#running.some(({ jobs }) => jobs.some(same));
  }

  #end(how: 'complete' | 'fail' | 'put back', which: number, tookMs: number): void {
    const batch = this.#running[which % Math.max(1, this.#running.length)];
    if (!batch) return;
    this.#running.splice(this.#running.indexOf(batch), 1);
    this.#scheduler.complete(batch, how === 'complete' ? tookMs : null);
    if (how !== 'put back') return;
    for (const job of batch.jobs) if (this.#scheduler.putBack(job)) this.#waiting.set(job.payload, job);
    const finals = batch.jobs.filter(isFinal);
    for (const { payload } of finals) expect(this.#waiting.has(payload)).toBe(true);
  }

  #cancel(flow: string): void {
    for (const { payload } of this.#scheduler.cancel(flow)) expect(this.#waiting.delete(payload)).toBe(true);
    expect([...this.#waiting.values()].some((each) => each.flow === flow)).toBe(false);
  }
}

describe('FairScheduler', () => {
  test('loses no job, doubles none, never idles, mixes no kinds and keeps its batch rules, whatever happens', () => {
    fc.assert(
      fc.property(operations, (script) => {
        const ledger = new Ledger();
        for (const operation of script) ledger.play(operation);
        ledger.drain();
      }),
      { numRuns: 200 },
    );
  });
});
