import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FairScheduler } from '../scheduler/fair-scheduler.ts';
import type { Job, Priority } from '../scheduler/scheduler.ts';
import { job } from './support/scheduler-jobs.ts';

/** Most a job takes, in milliseconds; one thread, one job at a time. */
const MAX_MS = 100;
const OTHERS = 4;
/** One job of each of the others in this time: no more than a fair share, the hog's among them. */
const PERIOD_MS = (OTHERS + 1) * MAX_MS;
const HORIZON_MS = 100 * PERIOD_MS;
/** The hog asks for ten times the thread. */
const HOG_PERIOD_MS = MAX_MS / 10;

interface Arrival {
  readonly atMs: number;
  readonly job: Job<string>;
}

const priorities = fc.constantFrom<Priority>('final', 'candidate', 'partial');

/** What the others submit, each in a group of its own: a job a period, at a phase of its own. */
const others: fc.Arbitrary<Arrival[]> = fc
  .array(
    fc.record({
      phaseMs: fc.integer({ min: 0, max: PERIOD_MS }),
      jobs: fc.array(fc.record({ priority: priorities, size: fc.integer({ min: 1, max: MAX_MS }) }), {
        minLength: 100,
        maxLength: 100,
      }),
    }),
    { minLength: OTHERS, maxLength: OTHERS },
  )
  .map((flows) =>
    flows.flatMap(({ phaseMs, jobs }, flow) =>
      jobs.map(({ priority, size }, i) => ({
        atMs: phaseMs + i * PERIOD_MS,
        job: job({
          ...{ flow: `other ${flow}`, key: String(i), priority, payload: `${flow}/${i}` },
          work: () => ({ size, fresh: size }),
        }),
      })),
    ),
  );

const hog: readonly Arrival[] = Array.from({ length: HORIZON_MS / HOG_PERIOD_MS }, (_, i) => ({
  atMs: i * HOG_PERIOD_MS,
  job: job({ flow: 'hog', key: String(i), priority: 'final', payload: 'hog' }),
}));

/** Runs what arrives on one thread. @returns when each of the others' jobs began, less its arrival. */
function delays(arrivals: readonly Arrival[], maxLeadMs: number): Map<string, number> {
  const scheduler = new FairScheduler<string>({
    kinds: [{ maxBatchSize: 1, maxBatchMs: 1e9, costs: { predict: ([work]) => work!.size, learn() {} } }],
    maxFinalsPerFlow: 1e9,
    maxLeadMs,
  });
  const begun = new Map<string, number>();
  const queue = arrivals.toSorted((a, b) => a.atMs - b.atMs);
  const arrivedAtMs = new Map(arrivals.map(({ atMs, job }) => [job.payload, atMs]));
  let nowMs = 0;
  for (let next = 0; nowMs < HORIZON_MS; ) {
    while (next < queue.length && queue[next]!.atMs <= nowMs) scheduler.submit(queue[next++]!.job);
    const batch = scheduler.schedule(nowMs, 1);
    if (!batch) {
      if (next === queue.length) break;
      nowMs = queue[next]!.atMs;
      continue;
    }
    const { payload } = batch.jobs[0]!;
    if (payload !== 'hog') begun.set(payload, nowMs - arrivedAtMs.get(payload)!);
    nowMs += batch.costMs;
    scheduler.complete(batch, batch.costMs);
  }

  return begun;
}

describe('FairScheduler', () => {
  /*
   * One that keeps to its share leads the others by one lead and one job at most when it asks. Before its turn the hog
   * gets that, its own lead and a job: 2 · (lead + job). Another job is running. The others, who keep to their shares
   * as well, ask for one job each, and meanwhile for 3/5 of the thread: what they delay takes 5/2 of its own time.
   */
  test('lets a hog that asks for ten times the thread delay nobody by more than five leads and three rounds', () => {
    fc.assert(
      fc.property(others, fc.constantFrom(0, 200, 1000), (arrivals, maxLeadMs) => {
        const alone = delays(arrivals, maxLeadMs);
        const beside = delays([...arrivals, ...hog], maxLeadMs);
        const others = OTHERS - 1;
        const share = others / (OTHERS + 1);
        const bound = (2 * (maxLeadMs + MAX_MS) + MAX_MS + others * MAX_MS) / (1 - share);
        for (const [name, delayMs] of beside) {
          expect(delayMs - (alone.get(name) ?? 0)).toBeLessThanOrEqual(bound);
        }
        expect(beside.size).toBeGreaterThanOrEqual(
          OTHERS * 100 - 2 * OTHERS * Math.ceil(1 + bound / PERIOD_MS),
        );
      }),
      { numRuns: 20 },
    );
  });
});
