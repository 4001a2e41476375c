import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomNumbers } from '../bench/simulation/random-numbers.ts';
import { FairScheduler } from '../scheduler/fair-scheduler.ts';
import type { Costs } from '../scheduler/forming-batch.ts';
import type { Batch, Job, Priority, Work } from '../scheduler/scheduler.ts';
import { job } from './support/scheduler-jobs.ts';

/** What a job really takes, in milliseconds, at most; it is predicted to take up to three times more or less. */
const MAX_MS = 100;
const MAX_WRONG = 3;
const MIN_WEIGHT = 0.5;
/** Most that a job is charged, rightly or not: it holds for all bounds below. */
const MAX_CHARGE = (MAX_MS * MAX_WRONG) / MIN_WEIGHT;

interface Shape {
  /** Flows of each group, by their weights. */
  readonly groups: readonly (readonly number[])[];
  readonly threads: number;
  readonly maxBatchSize: number;
  readonly maxLeadMs: number;
  readonly seed: number;
}

const shapes: fc.Arbitrary<Shape> = fc.record({
  groups: fc.array(fc.array(fc.constantFrom(MIN_WEIGHT, 1, 2.5, 4), { minLength: 1, maxLength: 4 }), {
    minLength: 2,
    maxLength: 4,
  }),
  threads: fc.integer({ min: 1, max: 2 }),
  maxBatchSize: fc.integer({ min: 1, max: 3 }),
  maxLeadMs: fc.constantFrom(0, 500, 2000),
  seed: fc.nat(),
});

/** What a job of each kind is predicted to take for each unit of its size; in a batch four fifths of that. */
const MS_PER_SIZE = [1, 10] as const;

/** Predicts batches of a kind. */
function costsOf(msPerSize: number): Costs {
  const predict = (works: readonly Work[]) =>
    works.reduce((sum, { size }) => sum + msPerSize * size, 0) * (works.length > 1 ? 0.8 : 1);

  return { predict, learn() {} };
}

interface Payload {
  readonly group: number;
  readonly flow: number;
  /** Over what was predicted. */
  readonly wrong: number;
}

/** Keeps every flow backlogged with jobs of all priorities, and counts what each was given. */
class Backlog {
  readonly scheduler: FairScheduler<Payload>;
  /** Milliseconds over weight, by group and flow. */
  readonly served: readonly number[][];
  readonly #shape: Shape;
  readonly #random: () => number;
  /** What a flow's jobs take over what they are predicted to, by group and flow: always the same way wrong. */
  readonly #wrong: readonly (readonly number[])[];
  readonly #running: Batch<Payload>[] = [];
  #keys = 0;

  constructor(shape: Shape) {
    this.#shape = shape;
    this.#random = randomNumbers(shape.seed);
    this.served = shape.groups.map((weights) => weights.map(() => 0));
    const wrong = () => MAX_WRONG ** (2 * this.#random() - 1);
    this.#wrong = shape.groups.map((weights) => weights.map(wrong));
    const { maxBatchSize, maxLeadMs } = shape;
    this.scheduler = new FairScheduler({
      kinds: MS_PER_SIZE.map((ms) => ({ maxBatchSize, maxBatchMs: 1e9, costs: costsOf(ms) })),
      maxLeadMs,
      maxFinalsPerFlow: 1e9,
    });
    // So many that none runs out while a batch is formed.
    for (let i = 0; i <= this.inFlight; i++) {
      for (const [group, weights] of shape.groups.entries())
        for (const flow of weights.keys()) this.#submit(group, flow);
    }
  }

  /** Most jobs in flight. */
  get inFlight(): number {
    return this.#shape.threads * this.#shape.maxBatchSize;
  }

  /** Starts a batch, and ends one when all threads are busy. @returns the jobs that were given out. */
  step(): readonly Job<Payload>[] {
    const batch = this.scheduler.schedule(0, 1)!;
    this.#running.push(batch);
    for (const { payload } of batch.jobs) if (payload.flow >= 0) this.#submit(payload.group, payload.flow);
    if (this.#running.length === this.#shape.threads) this.#endOne();

    return batch.jobs;
  }

  end(): void {
    while (this.#running.length > 0) this.#endOne();
  }

  #endOne(): void {
    const [batch] = this.#running.splice(Math.floor(this.#random() * this.#running.length), 1);
    const { kind, jobs, works, costMs } = batch!;
    const msPerSize = MS_PER_SIZE[kind]!;
    const tookMs = jobs.reduce((sum, { payload }, i) => sum + msPerSize * works[i]!.size * payload.wrong, 0);
    this.scheduler.complete(batch!, tookMs);
    // As the scheduler splits it: by what the jobs were predicted to take alone.
    const predicted = works.reduce((sum, { size }) => sum + size, 0);
    for (const [i, { payload, weight }] of jobs.entries()) {
      const shareMs = (tookMs * works[i]!.size) / predicted;
      const flows = this.served[payload.group];
      if (payload.flow >= 0) flows![payload.flow]! += shareMs / weight;
    }
    expect(costMs).toBeGreaterThan(0);
  }

  #submit(group: number, flow: number): void {
    const ms = 1 + (MAX_MS - 1) * this.#random();
    const wrong = this.#wrong[group]![flow]!;
    const kind = Math.floor(MS_PER_SIZE.length * this.#random());
    const work = { size: ms / wrong / MS_PER_SIZE[kind]!, fresh: 0 };
    const priority: Priority = (['final', 'candidate', 'partial', 'background'] as const)[
      Math.floor(4 * this.#random())
    ]!;
    this.scheduler.submit({
      ...job({ flow: `${group}/${flow}`, key: String(this.#keys++), priority }),
      group: String(group),
      weight: this.#shape.groups[group]![flow]!,
      kind,
      batchClass: Math.floor(2 * this.#random()),
      work: () => work,
      payload: { group, flow, wrong },
    });
  }
}

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
const spread = (values: readonly number[]) => Math.max(...values) - Math.min(...values);

describe('FairScheduler', () => {
  /*
   * A member is given a job only while its tag leads the ring's time by `maxLeadMs` at most, and the job adds one
   * charge. Its tag is wrong by no more than its jobs in flight may be, and so is the lowest tag, from which the time
   * was taken. So the normalised service of two differs by at most maxLead + (1 + in flight) · charge. What is in
   * flight when we look is ended first, and adds another charge each.
   */
  test('serves groups, and flows of a group, alike by weight, of whichever kinds and however wrong costs are predicted', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const backlog = new Backlog(shape);
        const bound = shape.maxLeadMs + (1 + 2 * backlog.inFlight) * MAX_CHARGE;
        for (let i = 0; i < 2000; i++) {
          backlog.step();
          if (i % 40 !== 0) continue;
          backlog.end();
          expect(spread(backlog.served.map(total))).toBeLessThanOrEqual(bound);
          for (const flows of backlog.served) expect(spread(flows)).toBeLessThanOrEqual(bound);
        }
      }),
      { numRuns: 30 },
    );
  });

  test('keeps all of them within a lead and two charges where one job runs at a time', () => {
    fc.assert(
      fc.property(shapes, fc.constantFrom(0, 500), (shape, maxLeadMs) => {
        const backlog = new Backlog({ ...shape, threads: 1, maxBatchSize: 1, maxLeadMs });
        for (let i = 0; i < 1000; i++) {
          backlog.step();
          if (i % 10 !== 0) continue;
          expect(spread(backlog.served.map(total))).toBeLessThanOrEqual(maxLeadMs + 2 * MAX_CHARGE);
        }
      }),
      { numRuns: 30 },
    );
  });

  /*
   * The job joins at the rings' times. Before its turn a sibling gets at most its lead, one charge, and what its tag
   * is wrong by: `each`. What siblings get is charged to the group, and other groups may get as much, and `each`.
   */
  test('starves no partial: siblings and other groups get a bounded service before it runs', () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: 0, max: 200 }), (shape, after) => {
        const backlog = new Backlog(shape);
        for (let i = 0; i < after; i++) backlog.step();
        backlog.end();
        const before = backlog.served.map((flows) => [...flows]);
        backlog.scheduler.submit({
          ...job({ flow: 'newcomer', key: '0', priority: 'partial' }),
          group: '0',
          batchClass: 7,
          work: () => ({ size: MAX_MS, fresh: 0 }),
          payload: { group: 0, flow: -1, wrong: 1 },
        });
        const each = shape.maxLeadMs + (1 + 2 * backlog.inFlight) * MAX_CHARGE;
        for (let steps = 0; !backlog.step().some(({ flow }) => flow === 'newcomer'); steps++) {
          expect(steps).toBeLessThan(100_000);
          for (const [group, flows] of backlog.served.entries()) {
            const gained = flows.map((served, flow) => served - before[group]![flow]!);
            if (group === 0) expect(Math.max(...gained)).toBeLessThanOrEqual(each);
            else expect(total(gained)).toBeLessThanOrEqual((shape.groups[0]!.length + 1) * each);
          }
        }
      }),
      { numRuns: 30 },
    );
  });
});
