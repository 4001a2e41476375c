import { describe, expect, test } from 'vitest';
import {
  type CreateScheduler,
  drain,
  final,
  job,
  NOTHING_QUEUED,
  next,
  ofSize,
  partial,
  predictSize,
} from '../support/scheduler-jobs.ts';

/** What every scheduler keeps of batches: which jobs share one, and what becomes of those that fail. */
export function describeBatching(name: string, create: CreateScheduler): void {
  const one = () => create({ maxBatchSize: 1, maxFinalsPerFlow: 3, predict: predictSize });
  const withSize = (maxBatchSize: number, predict = predictSize) =>
    create({ maxBatchSize, maxFinalsPerFlow: 10, predict });

  describe(`${name} when it forms batches`, () => {
    test('takes no more jobs into a batch than allowed, and predicts it as a whole', () => {
      const scheduler = withSize(3);
      for (const flow of ['a', 'b', 'c', 'd']) scheduler.submit(final(flow, '0', ofSize(50)));
      expect([scheduler.schedule(0, 1), scheduler.schedule(0, 1)]).toMatchObject([
        { jobs: { length: 3 }, costMs: 160 },
        { jobs: { length: 1 }, costMs: 60 },
      ]);
    });

    test('spreads jobs over the batches that could begin now', () => {
      const scheduler = withSize(8);
      for (const flow of ['a', 'b', 'c', 'd', 'e']) scheduler.submit(partial(flow, flow));
      const sizes = [3, 2, 1].map((idle) => next(scheduler, 0, idle)?.length);
      expect(sizes).toEqual([2, 2, 1]);
    });

    test('batches nothing where that is predicted to save nothing', () => {
      const scheduler = withSize(8, (works) => works.reduce((sum, { size }) => sum + size, 0));
      for (const flow of ['a', 'b']) scheduler.submit(final(flow, flow));
      expect([next(scheduler), next(scheduler)]).toEqual([['a'], ['b']]);
    });

    test('makes no job late by taking in another', () => {
      const batch = (dueAtMs: number) => {
        const scheduler = withSize(8);
        scheduler.submit(final('a', 'a', { dueAtMs }));
        scheduler.submit(final('b', 'b', { dueAtMs: dueAtMs + 5000 }));

        return next(scheduler, 1000);
      };
      // Alone it is done at 1110, with the other at 1210.
      expect(batch(1210)).toEqual(['a', 'b']);
      expect(batch(1209)).toEqual(['a']);
      expect(batch(1110)).toEqual(['a']);
      // Too late anyhow.
      expect(batch(1109)).toEqual(['a', 'b']);
    });

    test('leaves a job alone that has to be', () => {
      const scheduler = withSize(8);
      for (const flow of ['a', 'b', 'c', 'd'])
        scheduler.submit(final(flow, flow, { alone: flow === 'a' || flow === 'c' }));
      const batches = [next(scheduler), next(scheduler), next(scheduler)];
      expect(batches.toSorted()).toEqual([['a'], ['b', 'd'], ['c']]);
    });

    test('batches only jobs of one class, the less urgent in the room that is left', () => {
      const scheduler = withSize(8);
      scheduler.submit(final('a', 'a', { batchClass: 1 }));
      scheduler.submit(final('b', 'b', { batchClass: 2 }));
      scheduler.submit(final('c', 'c', { batchClass: 1 }));
      scheduler.submit(partial('d', 'd', { batchClass: 1 }));
      scheduler.submit(partial('e', 'e', { batchClass: 3 }));
      const batches = [next(scheduler), next(scheduler), next(scheduler), next(scheduler)];
      expect(batches).toEqual([['a', 'c', 'd'], ['b'], ['e'], null]);
    });

    test('batches only jobs of one kind, and says which', () => {
      const scheduler = withSize(8);
      scheduler.submit(final('a', 'a', { kind: 1 }));
      scheduler.submit(final('b', 'b'));
      scheduler.submit(partial('c', 'c', { kind: 1 }));
      scheduler.submit(partial('d', 'd'));
      const batches = [scheduler.schedule(0, 1)!, scheduler.schedule(0, 1)!];
      const told = batches.map(({ kind, jobs }) => [kind, ...jobs.map(({ payload }) => payload)]);
      expect(told).toEqual([
        [1, 'a', 'c'],
        [0, 'b', 'd'],
      ]);
    });

    test('never batches two versions of one partial', () => {
      const scheduler = withSize(8);
      for (const key of ['0', '1']) scheduler.submit(partial('a', key));
      scheduler.submit(partial('a', '0'));
      expect(next(scheduler)).toEqual(['0', '1']);
    });
  });

  describe(`${name} when batches end`, () => {
    test('puts a failed job back where its due time says', () => {
      const scheduler = one();
      scheduler.submit(final('a', 'failing', { dueAtMs: 100 }));
      const failing = scheduler.schedule(0, 1)!;
      scheduler.submit(final('a', 'later', { dueAtMs: 200 }));
      scheduler.submit(final('a', 'sooner', { dueAtMs: 50 }));
      expect(scheduler.putBack(failing.jobs[0]!)).toBe(true);
      scheduler.complete(failing, null);
      expect(scheduler.queued.final).toBe(3);
      expect(drain(scheduler)).toEqual(['sooner', 'failing', 'later']);
    });

    test('puts a final back beyond the bound of its flow', () => {
      const scheduler = one();
      scheduler.submit(final('a', 'failing'));
      const failing = scheduler.schedule(0, 1)!;
      for (const key of ['0', '1', '2']) scheduler.submit(final('a', key));
      scheduler.complete(failing, null);
      expect(scheduler.putBack({ ...failing.jobs[0]!, alone: true })).toBe(true);
      expect(drain(scheduler)).toEqual(['failing', '0', '1', '2']);
    });

    test.each(['before', 'after'])('runs a partial again that was put back %s its batch ended', (when) => {
      const scheduler = one();
      scheduler.submit(partial('a', '0'));
      const failing = scheduler.schedule(0, 1)!;
      if (when === 'after') scheduler.complete(failing, null);
      expect(scheduler.putBack(failing.jobs[0]!)).toBe(true);
      if (when === 'before') {
        expect(scheduler.schedule(0, 1)).toBeNull();
        scheduler.complete(failing, null);
      }
      expect(drain(scheduler)).toEqual(['0']);
    });

    test.each(['partial', 'candidate', 'final', 'background'] as const)(
      'puts no partial back behind a newer %s',
      (priority) => {
        const scheduler = one();
        scheduler.submit(partial('a', '0', { payload: 'old' }));
        const failing = scheduler.schedule(0, 1)!;
        scheduler.submit(job({ flow: 'a', key: '0', priority, payload: 'newer' }));
        scheduler.complete(failing, null);
        expect(scheduler.putBack(failing.jobs[0]!)).toBe(false);
        expect(drain(scheduler)).toEqual(['newer']);
      },
    );

    test('puts no partial back while its final is running', () => {
      const scheduler = one();
      scheduler.submit(partial('a', '0', { payload: 'old' }));
      const failing = scheduler.schedule(0, 1)!;
      scheduler.submit(final('a', '0', { payload: 'final' }));
      expect(next(scheduler)).toEqual(['final']);
      expect(scheduler.putBack(failing.jobs[0]!)).toBe(false);
      expect(scheduler.queued).toEqual(NOTHING_QUEUED);
    });

    test('takes no notice of a batch that is completed again', () => {
      const scheduler = one();
      scheduler.submit(partial('a', '0', { payload: 'first' }));
      const first = scheduler.schedule(0, 1)!;
      scheduler.complete(first, 110);
      scheduler.submit(partial('a', '0', { payload: 'second' }));
      scheduler.schedule(0, 1);
      scheduler.submit(partial('a', '0', { payload: 'third' }));
      scheduler.complete(first, 110);
      expect(scheduler.schedule(0, 1)).toBeNull();
    });
  });
}
