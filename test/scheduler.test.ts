import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DeficitRoundRobin } from '../scheduler/deficit-round-robin.ts';
import type { Batch, Job } from '../scheduler/scheduler.ts';
import { describeScheduler, job } from './contract/scheduler.contract.ts';

const QUANTUM = 500;
const FLOWS = ['a', 'b', 'c', 'd'];

describeScheduler('DeficitRoundRobin', (limits) => new DeficitRoundRobin({ quantum: QUANTUM, ...limits }));

function create(maxBatchSize: number, quantum = QUANTUM): DeficitRoundRobin<string> {
  return new DeficitRoundRobin({ quantum, maxBatchSize, maxFinalsPerFlow: 1000 });
}

type Operation =
  | { readonly kind: 'submit'; readonly job: Omit<Job<string>, 'payload'> }
  | { readonly kind: 'schedule' | 'complete' }
  | { readonly kind: 'cancel'; readonly flow: string };

const operations: fc.Arbitrary<Operation[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('submit' as const),
        job: fc.record({
          flow: fc.constantFrom(...FLOWS),
          key: fc.constantFrom('0', '1', '2'),
          priority: fc.constantFrom('final' as const, 'partial' as const),
          cost: fc.double({ min: 1, max: 30_000, noNaN: true }),
          batchClass: fc.constantFrom(0, 1),
          enqueuedAtMs: fc.constant(0),
        }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('schedule' as const, 'complete' as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('cancel' as const), flow: fc.constantFrom(...FLOWS) }),
    },
  ),
  { maxLength: 100 },
);

/** A stream's jobs of equal cost and class, as audio of one length is. */
interface Load {
  /** Costs of the jobs it submits, over and over. */
  readonly costs: readonly number[];
}

const loads: fc.Arbitrary<Load[]> = fc.array(
  fc.record({ costs: fc.array(fc.constantFrom(100, 500, 1500, 3000), { minLength: 1, maxLength: 4 }) }),
  { minLength: 2, maxLength: 5 },
);

/** Keeps every flow backlogged while `batches` batches run. @returns cost served by flow, after each batch. */
function serve(
  scheduler: DeficitRoundRobin<string>,
  flows: readonly Load[],
  batches: number,
  classOf: (cost: number) => number,
): number[][] {
  const submitted = flows.map(() => 0);
  const submit = (flow: number) => {
    const { costs } = flows[flow]!;
    const cost = costs[submitted[flow]!++ % costs.length]!;
    scheduler.submit(
      job({ flow: String(flow), key: '0', priority: 'final', cost, batchClass: classOf(cost) }),
    );
  };
  for (let flow = 0; flow < flows.length; flow++) for (let i = 0; i < 10; i++) submit(flow);
  const served = flows.map(() => 0);

  return Array.from({ length: batches }, () => {
    for (const { flow, cost } of scheduler.schedule(0)!.jobs) {
      served[Number(flow)]! += cost;
      submit(Number(flow));
    }

    return [...served];
  });
}

const spread = (served: readonly number[]) => Math.max(...served) - Math.min(...served);

describe('DeficitRoundRobin', () => {
  test('loses no job, doubles none, and idles never, whatever is submitted, completed and cancelled', () => {
    fc.assert(
      fc.property(operations, fc.integer({ min: 1, max: 8 }), (script, maxBatchSize) => {
        const scheduler = create(maxBatchSize);
        const waiting = new Map<string, Job<string>>();
        const running: Batch<string>[] = [];
        const run = () => {
          const before = [...waiting.values()];
          const batch = scheduler.schedule(0);
          const busy = (each: Job<string>) =>
            running.some(({ jobs }) => jobs.some(({ flow, key }) => flow === each.flow && key === each.key));
          const eligible = before.some((each) => each.priority === 'final' || !busy(each));
          expect(batch !== null).toBe(eligible);
          for (const { payload } of batch?.jobs ?? []) expect(waiting.delete(payload)).toBe(true);
          if (batch) running.push(batch);

          return batch !== null;
        };
        for (const [i, operation] of script.entries()) {
          if (operation.kind === 'submit') {
            const submitted = { ...operation.job, payload: String(i) };
            const { replaced } = scheduler.submit(submitted);
            if (replaced) expect(waiting.delete(replaced.payload)).toBe(true);
            waiting.set(submitted.payload, submitted);
          } else if (operation.kind === 'schedule') run();
          else if (operation.kind === 'complete' && running.length > 0) scheduler.complete(running.shift()!);
          else if (operation.kind === 'cancel') {
            for (const { payload } of scheduler.cancel(operation.flow))
              expect(waiting.delete(payload)).toBe(true);
            expect([...waiting.values()].some(({ flow }) => flow === operation.flow)).toBe(false);
          }
          const counts = { final: 0, partial: 0 };
          for (const { priority } of waiting.values()) counts[priority]++;
          expect(scheduler.queued).toEqual(counts);
        }
        while (run() || running.length > 0) for (const batch of running.splice(0)) scheduler.complete(batch);
        expect(waiting.size).toBe(0);
      }),
    );
  });

  test('serves backlogged flows alike without batches, to within a quantum and twice the costliest job', () => {
    fc.assert(
      fc.property(loads, fc.constantFrom(50, 500, 5000), (flows, quantum) => {
        for (const served of serve(create(1, quantum), flows, 200, (cost) => cost)) {
          expect(spread(served)).toBeLessThanOrEqual(quantum + 2 * 3000);
        }
      }),
    );
  });

  test('serves backlogged flows alike with batches of equal jobs, to within what a full batch costs besides', () => {
    fc.assert(
      fc.property(loads, fc.integer({ min: 2, max: 8 }), (flows, maxBatchSize) => {
        // A place in another flow's batch is paid for later: a flow may owe a full batch of the costliest jobs.
        const bound = QUANTUM + (2 + maxBatchSize) * 3000;
        for (const served of serve(create(maxBatchSize), flows, 200, (cost) => cost)) {
          expect(spread(served)).toBeLessThanOrEqual(bound);
        }
      }),
    );
  });

  test('lets no flow wait longer for the places it took in batches, however many those were', () => {
    const turnsWaited = (batchesBefore: number): number => {
      const scheduler = create(2, 100);
      const submit = (flow: string, cost: number, batchClass: number) =>
        scheduler.submit(job({ flow, key: '0', priority: 'final', cost, batchClass }));
      // Short and long jobs of one class: the long one always fills up the short one's batch.
      for (let i = 0; i < batchesBefore; i++) {
        submit('short', 100, 0);
        submit('long', 1000, 0);
        scheduler.schedule(0);
      }
      submit('long', 1000, 1);
      for (let turns = 0; ; turns++) {
        submit('short', 100, 2);
        if (scheduler.schedule(0)!.jobs[0]!.flow === 'long') return turns;
      }
    };
    expect(turnsWaited(90)).toBeLessThanOrEqual(2 * turnsWaited(10));
  });

  test('gives a flow of short jobs more turns than one of long jobs', () => {
    const served = serve(create(1), [{ costs: [100] }, { costs: [3000] }], 310, (cost) => cost).at(-1)!;
    expect(served[0]! / 100).toBeGreaterThan(250);
    expect(served[1]! / 3000).toBeGreaterThan(8);
  });

  test('starves no flow whose jobs are of a class of their own', () => {
    const flows = [{ costs: [100] }, { costs: [100] }, { costs: [100] }, { costs: [3000] }];
    const served = serve(create(8), flows, 400, (cost) => cost).at(-1)!;
    expect(spread(served)).toBeLessThanOrEqual(QUANTUM + 10 * 3000);
    expect(served[3]).toBeGreaterThan(0);
  });

  test('carries no credit over idleness', () => {
    const scheduler = create(1, 100);
    const submit = (flow: string, cost: number) =>
      scheduler.submit(job({ flow, key: '0', priority: 'final', cost }));
    // While the costly job of `late` waits for its turn it saves up; then it goes, and so does the rest.
    submit('late', 250);
    submit('busy', 1000);
    expect(scheduler.schedule(0)!.jobs[0]!.flow).toBe('late');
    scheduler.schedule(0);
    expect(scheduler.schedule(0)).toBeNull();
    // Were its leftover kept, `late` could afford this one a round before `busy`.
    submit('busy', 100);
    submit('late', 120);
    expect(scheduler.schedule(0)!.jobs[0]!.flow).toBe('busy');
  });

  test('fills a batch from each flow in turn before it takes seconds', () => {
    const scheduler = create(4);
    for (const flow of ['a', 'a', 'a', 'b', 'c'])
      scheduler.submit(job({ flow, key: '0', priority: 'final' }));
    expect(scheduler.schedule(0)!.jobs.map(({ flow }) => flow)).toEqual(['a', 'b', 'c', 'a']);
  });

  test('never asks to be woken', () => {
    const scheduler = create(1);
    scheduler.submit(job({ flow: 'a', key: '0', priority: 'partial' }));
    expect(scheduler.nextWakeUp(0)).toBeNull();
  });
});
