import { describe, expect, test } from 'vitest';
import type { Work } from '../../scheduler/scheduler.ts';
import {
  background,
  type CreateScheduler,
  candidate,
  drain,
  final,
  NOTHING_QUEUED,
  next,
  ofSize,
  partial,
  predictSize,
} from '../support/scheduler-jobs.ts';
import { describeBatching } from './scheduler-batching.contract.ts';

/** What every scheduler keeps, whatever its idea of fairness. */
export function describeScheduler(name: string, create: CreateScheduler): void {
  const one = () => create({ maxBatchSize: 1, maxFinalsPerFlow: 3, predict: predictSize });

  describe(`${name} as a scheduler`, () => {
    test('has nothing to run when nothing was submitted', () => {
      const scheduler = one();
      expect(scheduler.schedule(0, 1)).toBeNull();
      expect(scheduler.queued).toEqual(NOTHING_QUEUED);
    });

    test('gives out each job once, with its payload, its work and what it is predicted to take', () => {
      const scheduler = one();
      const only = final('a', '0', { payload: 'anything', ...ofSize(300, 200) });
      expect(scheduler.submit(only)).toEqual({ accepted: true, replaced: null });
      const batch = scheduler.schedule(0, 1);
      expect(batch).toEqual({
        kind: 0,
        jobs: [only],
        works: [{ size: 300, fresh: 200 }],
        costMs: 310,
        slowestMs: 310,
      });
      expect(scheduler.schedule(0, 1)).toBeNull();
    });

    test('asks for the work of a job when its batch is formed', () => {
      const scheduler = one();
      let size = 100;
      scheduler.submit(partial('a', '0', { work: () => ({ size, fresh: 1 }) }));
      size = 250;
      expect(scheduler.schedule(0, 1)).toMatchObject({ works: [{ size: 250 }], costMs: 260 });
    });

    test('runs finals before candidates, those before partials, and background last, whichever came first', () => {
      const scheduler = one();
      scheduler.submit(background('d', 'background'));
      scheduler.submit(partial('a', 'partial'));
      scheduler.submit(candidate('b', 'candidate'));
      scheduler.submit(final('c', 'final'));
      expect(drain(scheduler)).toEqual(['final', 'candidate', 'partial', 'background']);
    });

    test('runs what is due first within a flow and priority, whichever came first', () => {
      const scheduler = one();
      scheduler.submit(final('a', 'later', { dueAtMs: 300 }));
      scheduler.submit(final('a', 'sooner', { dueAtMs: 200 }));
      scheduler.submit(partial('a', 'partial', { dueAtMs: 100 }));
      expect(drain(scheduler)).toEqual(['sooner', 'later', 'partial']);
    });

    test('runs finals of one flow that are due at the same time in the order of their submission', () => {
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
      expect(scheduler.queued).toEqual({ ...NOTHING_QUEUED, partial: 1 });
      expect(drain(scheduler)).toEqual(['new']);
    });

    test('lets a newer partial take the turn of the older one', () => {
      const scheduler = one();
      scheduler.submit(partial('a', '0', { payload: 'old' }));
      scheduler.submit(partial('a', '1', { payload: 'other key' }));
      scheduler.submit(partial('b', '0', { payload: 'other flow' }));
      scheduler.submit(partial('a', '0', { payload: 'new' }));
      expect(next(scheduler)).toEqual(['new']);
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

    test('lets candidates and partials of a key replace one another, in place', () => {
      const scheduler = one();
      const versions = [
        partial('a', '0', { payload: 'old' }),
        candidate('a', '0', { payload: 'candidate' }),
        partial('a', '0', { payload: 'new' }),
      ];
      scheduler.submit(versions[0]!);
      scheduler.submit(partial('a', '1', { payload: 'other key' }));
      expect(scheduler.submit(versions[1]!).replaced).toEqual(versions[0]);
      expect(scheduler.queued).toEqual({ ...NOTHING_QUEUED, candidate: 1, partial: 1 });
      expect(scheduler.submit(versions[2]!).replaced).toEqual(versions[1]);
      expect(scheduler.queued).toEqual({ ...NOTHING_QUEUED, partial: 2 });
      expect(drain(scheduler)).toEqual(['new', 'other key']);
    });

    test('has one partial of a key in flight at a time', () => {
      const scheduler = one();
      scheduler.submit(partial('a', '0', { payload: 'first' }));
      const running = scheduler.schedule(0, 1)!;
      scheduler.submit(partial('a', '0', { payload: 'second' }));
      expect(scheduler.schedule(0, 1)).toBeNull();
      scheduler.submit(partial('a', '1', { payload: 'other key' }));
      expect(next(scheduler)).toEqual(['other key']);
      scheduler.complete(running, 110);
      expect(next(scheduler)).toEqual(['second']);
    });

    test('runs a final although its partial is in flight, and its partials only after both', () => {
      const scheduler = one();
      scheduler.submit(partial('a', '0', { payload: 'partial' }));
      const first = scheduler.schedule(0, 1)!;
      scheduler.submit(final('a', '0', { payload: 'final' }));
      const second = scheduler.schedule(0, 1)!;
      expect(second.jobs[0]!.payload).toBe('final');
      scheduler.submit(partial('a', '0', { payload: 'late' }));
      scheduler.complete(first, 110);
      expect(scheduler.schedule(0, 1)).toBeNull();
      scheduler.complete(second, 110);
      expect(next(scheduler)).toEqual(['late']);
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
      expect(scheduler.queued).toEqual({ ...NOTHING_QUEUED, final: 4 });
      expect(drain(scheduler).toSorted()).toEqual(['0', '0', '1', '2']);
      expect(scheduler.submit(final('a', '4')).accepted).toBe(true);
    });

    test('forgets a cancelled flow, says what was queued, and leaves the others alone', () => {
      const scheduler = one();
      const jobs = [final('a', '0'), final('a', '1'), partial('a', '2')];
      for (const each of jobs) scheduler.submit(each);
      scheduler.submit(final('b', 'of b'));
      expect(scheduler.cancel('a')).toEqual(jobs);
      expect(scheduler.cancel('a')).toEqual([]);
      expect(scheduler.queued).toEqual({ ...NOTHING_QUEUED, final: 1 });
      expect(drain(scheduler)).toEqual(['of b']);
    });

    test('takes a background job for a final: it replaces a partial, and nothing replaces it', () => {
      const scheduler = one();
      const old = partial('a', '0');
      scheduler.submit(old);
      expect(scheduler.submit(background('a', '0', { payload: 'ended' })).replaced).toEqual(old);
      expect(scheduler.submit(partial('a', '0', { payload: 'late' })).replaced).toBeNull();
      const running = scheduler.schedule(0, 1)!;
      expect(running.jobs[0]!.payload).toBe('late');
      scheduler.complete(running, 110);
      expect(drain(scheduler)).toEqual(['ended']);
    });

    test('bounds finals and background jobs of a flow together, and forgets both when it is cancelled', () => {
      const scheduler = one();
      const jobs = [final('a', '0'), background('a', '1'), background('a', '2')];
      for (const each of jobs) expect(scheduler.submit(each).accepted).toBe(true);
      expect(scheduler.submit(background('a', '3')).accepted).toBe(false);
      expect(scheduler.submit(final('a', '3')).accepted).toBe(false);
      expect(scheduler.queued).toEqual({ ...NOTHING_QUEUED, final: 1, background: 2 });
      expect(scheduler.cancel('a')).toEqual(jobs);
      expect(scheduler.queued).toEqual(NOTHING_QUEUED);
    });

    test('does not count background jobs as backlog', () => {
      const scheduler = one();
      scheduler.submit(background('a', '0'));
      expect(scheduler.backlogMs()).toEqual({ final: 0, total: 0 });
    });

    test('takes the completion of a batch whose flow was cancelled', () => {
      const scheduler = one();
      scheduler.submit(partial('a', '0', { payload: 'old' }));
      const running = scheduler.schedule(0, 1)!;
      scheduler.cancel('a');
      scheduler.submit(partial('a', '0', { payload: 'new' }));
      scheduler.complete(running, 110);
      expect(next(scheduler)).toEqual(['new']);
    });

    test('predicts how long everything queued will take one thread, in batches where they pay', () => {
      const scheduler = create({ maxBatchSize: 2, maxFinalsPerFlow: 3, predict: predictSize });
      expect(scheduler.backlogMs()).toEqual({ final: 0, total: 0 });
      for (const flow of ['a', 'b', 'c']) scheduler.submit(final(flow, '0', ofSize(100)));
      scheduler.submit(partial('a', '1', ofSize(40)));
      scheduler.submit(candidate('b', '1', ofSize(50)));
      expect(scheduler.backlogMs()).toEqual({ final: 210 + 110, total: 320 + 50 + 60 });
      scheduler.schedule(0, 1);
      expect(scheduler.backlogMs()).toEqual({ final: 110, total: 110 + 50 + 60 });
    });

    test('predicts what is queued of each kind by its own costs', () => {
      const predictSecond = (works: readonly Work[]) => 10 * predictSize(works);
      const scheduler = create({
        ...{ maxBatchSize: 2, maxFinalsPerFlow: 3 },
        predict: predictSize,
        predictSecond,
      });
      for (const flow of ['a', 'b']) scheduler.submit(final(flow, '0', ofSize(100)));
      for (const flow of ['c', 'd']) scheduler.submit(final(flow, '0', { kind: 1, ...ofSize(100) }));
      expect(scheduler.backlogMs().final).toBe(210 + 2100);
    });
  });

  describeBatching(name, create);
}
