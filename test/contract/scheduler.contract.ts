import { describe, expect, test } from 'vitest';
import type { Job, Scheduler } from '../../scheduler/scheduler.ts';

/** Limits a scheduler under test is made with. */
export interface SchedulerLimits {
  readonly maxBatchSize: number;
  readonly maxFinalsPerFlow: number;
}

type NewJob = Partial<Job<string>> & Pick<Job<string>, 'flow' | 'key' | 'priority'>;

/** A job of cost 100 and class 0, its payload its key, unless told otherwise. */
export function job(fields: NewJob): Job<string> {
  return { cost: 100, batchClass: 0, enqueuedAtMs: 0, payload: fields.key, ...fields };
}

/** What every scheduler keeps, whatever its idea of fairness. */
export function describeScheduler(
  name: string,
  create: (limits: SchedulerLimits) => Scheduler<string>,
): void {
  const one = () => create({ maxBatchSize: 1, maxFinalsPerFlow: 3 });
  const payloads = (scheduler: Scheduler<string>) =>
    scheduler.schedule(0)?.jobs.map(({ payload }) => payload) ?? null;
  const drain = (scheduler: Scheduler<string>): string[] => {
    const all: string[] = [];
    for (let next = scheduler.schedule(0); next; next = scheduler.schedule(0)) {
      all.push(...next.jobs.map(({ payload }) => payload));
      scheduler.complete(next);
    }

    return all;
  };
  const final = (flow: string, key: string, more: Partial<Job<string>> = {}) =>
    job({ flow, key, priority: 'final', ...more });
  const partial = (flow: string, key: string, more: Partial<Job<string>> = {}) =>
    job({ flow, key, priority: 'partial', ...more });

  describe(`${name} as a scheduler`, () => {
    test('has nothing to run when nothing was submitted', () => {
      const scheduler = one();
      expect(scheduler.schedule(0)).toBeNull();
      expect(scheduler.queued).toEqual({ final: 0, partial: 0 });
    });

    test('gives out each job once, with its payload', () => {
      const scheduler = one();
      const payload = 'anything';
      expect(scheduler.submit(final('a', '0', { payload }))).toEqual({ accepted: true, replaced: null });
      expect(scheduler.schedule(0)).toEqual({ jobs: [final('a', '0', { payload })], cost: 100 });
      expect(scheduler.schedule(0)).toBeNull();
    });

    test('runs finals before partials, whichever came first', () => {
      const scheduler = one();
      scheduler.submit(partial('a', 'partial'));
      scheduler.submit(final('b', 'final'));
      expect([payloads(scheduler), payloads(scheduler)]).toEqual([['final'], ['partial']]);
    });

    test('runs the finals of one flow in the order of their submission', () => {
      const scheduler = one();
      for (const key of ['2', '0', '1']) scheduler.submit(final('a', key));
      expect(drain(scheduler)).toEqual(['2', '0', '1']);
    });

    test('keeps only the latest partial of a key and says which gave way', () => {
      const scheduler = one();
      const old = partial('a', '0', { payload: 'old' });
      scheduler.submit(old);
      expect(scheduler.submit(partial('a', '0', { payload: 'new' }))).toEqual({
        accepted: true,
        replaced: old,
      });
      expect(scheduler.queued).toEqual({ final: 0, partial: 1 });
      expect(drain(scheduler)).toEqual(['new']);
    });

    test('lets a newer partial take the turn of the older one', () => {
      const scheduler = one();
      scheduler.submit(partial('a', '0', { payload: 'old' }));
      scheduler.submit(partial('a', '1', { payload: 'other key' }));
      scheduler.submit(partial('b', '0', { payload: 'other flow' }));
      scheduler.submit(partial('a', '0', { payload: 'new' }));
      expect(payloads(scheduler)).toEqual(['new']);
    });

    test('keeps the same key of two flows apart', () => {
      const scheduler = one();
      scheduler.submit(partial('a', '0', { payload: 'of a' }));
      expect(scheduler.submit(partial('b', '0', { payload: 'of b' })).replaced).toBeNull();
      expect(drain(scheduler).toSorted()).toEqual(['of a', 'of b']);
    });

    test('replaces a queued partial by its final', () => {
      const scheduler = one();
      const old = partial('a', '0', { payload: 'partial' });
      scheduler.submit(old);
      scheduler.submit(partial('a', '1', { payload: 'next segment' }));
      expect(scheduler.submit(final('a', '0', { payload: 'final' })).replaced).toEqual(old);
      expect(drain(scheduler)).toEqual(['final', 'next segment']);
    });

    test('has one partial of a key in flight at a time', () => {
      const scheduler = one();
      scheduler.submit(partial('a', '0', { payload: 'first' }));
      const running = scheduler.schedule(0)!;
      scheduler.submit(partial('a', '0', { payload: 'second' }));
      expect(scheduler.schedule(0)).toBeNull();
      scheduler.submit(partial('a', '1', { payload: 'other key' }));
      expect(payloads(scheduler)).toEqual(['other key']);
      scheduler.complete(running);
      expect(payloads(scheduler)).toEqual(['second']);
    });

    test('runs a final although its partial is in flight, and its partials only after both', () => {
      const scheduler = one();
      scheduler.submit(partial('a', '0', { payload: 'partial' }));
      const first = scheduler.schedule(0)!;
      scheduler.submit(final('a', '0', { payload: 'final' }));
      const second = scheduler.schedule(0)!;
      expect(second.jobs[0]!.payload).toBe('final');
      scheduler.submit(partial('a', '0', { payload: 'late' }));
      scheduler.complete(first);
      expect(scheduler.schedule(0)).toBeNull();
      scheduler.complete(second);
      expect(payloads(scheduler)).toEqual(['late']);
    });

    test('refuses a final beyond the bound of its flow, and forgets its partial', () => {
      const scheduler = one();
      for (const key of ['0', '1', '2']) expect(scheduler.submit(final('a', key)).accepted).toBe(true);
      scheduler.submit(partial('a', '3', { payload: 'partial of 3' }));
      expect(scheduler.submit(final('a', '3'))).toMatchObject({
        accepted: false,
        replaced: { payload: 'partial of 3' },
      });
      expect(scheduler.submit(final('b', '0')).accepted).toBe(true);
      expect(scheduler.queued).toEqual({ final: 4, partial: 0 });
      expect(drain(scheduler).toSorted()).toEqual(['0', '0', '1', '2']);
      expect(scheduler.submit(final('a', '4')).accepted).toBe(true);
    });

    test('takes no more jobs into a batch than allowed, and adds up their costs', () => {
      const scheduler = create({ maxBatchSize: 3, maxFinalsPerFlow: 10 });
      for (const flow of ['a', 'b', 'c', 'd']) scheduler.submit(final(flow, '0', { cost: 50 }));
      expect([scheduler.schedule(0), scheduler.schedule(0)]).toMatchObject([
        { jobs: { length: 3 }, cost: 150 },
        { jobs: { length: 1 }, cost: 50 },
      ]);
    });

    test('batches only jobs of one class and one priority', () => {
      const scheduler = create({ maxBatchSize: 8, maxFinalsPerFlow: 10 });
      scheduler.submit(final('a', 'a', { batchClass: 1 }));
      scheduler.submit(final('b', 'b', { batchClass: 2 }));
      scheduler.submit(final('c', 'c', { batchClass: 1 }));
      scheduler.submit(partial('d', 'd', { batchClass: 1 }));
      const batches = [payloads(scheduler), payloads(scheduler), payloads(scheduler), payloads(scheduler)];
      expect(batches).toEqual([['a', 'c'], ['b'], ['d'], null]);
    });

    test('never batches two versions of one partial', () => {
      const scheduler = create({ maxBatchSize: 8, maxFinalsPerFlow: 10 });
      for (const key of ['0', '1']) scheduler.submit(partial('a', key));
      scheduler.submit(partial('a', '0'));
      expect(payloads(scheduler)).toEqual(['0', '1']);
    });

    test('forgets a cancelled flow, says what was queued, and leaves the others alone', () => {
      const scheduler = one();
      const jobs = [final('a', '0'), final('a', '1'), partial('a', '2')];
      for (const each of jobs) scheduler.submit(each);
      scheduler.submit(final('b', 'of b'));
      expect(scheduler.cancel('a')).toEqual(jobs);
      expect(scheduler.cancel('a')).toEqual([]);
      expect(scheduler.queued).toEqual({ final: 1, partial: 0 });
      expect(drain(scheduler)).toEqual(['of b']);
    });

    test('takes the completion of a batch whose flow was cancelled', () => {
      const scheduler = one();
      scheduler.submit(partial('a', '0', { payload: 'old' }));
      const running = scheduler.schedule(0)!;
      scheduler.cancel('a');
      scheduler.submit(partial('a', '0', { payload: 'new' }));
      scheduler.complete(running);
      expect(payloads(scheduler)).toEqual(['new']);
    });

    test('says that only an event can change its answer while nothing is queued', () => {
      expect(one().nextWakeUp(0)).toBeNull();
    });
  });
}
