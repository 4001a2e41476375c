import { describe, expect, test } from 'vitest';
import type { Job, Scheduler, Work } from '../../scheduler/scheduler.ts';

/** What a scheduler under test is made with. */
export interface SchedulerLimits {
  readonly maxBatchSize: number;
  readonly maxFinalsPerFlow: number;
  /** How many milliseconds a batch is predicted to take. */
  readonly predict: (works: readonly Work[]) => number;
}

type NewJob = Partial<Job<string>> & Pick<Job<string>, 'flow' | 'key' | 'priority'>;

/** A job of size 100, class 0 and weight 1, its group its flow's name and its payload its key, unless told otherwise. */
export function job(fields: NewJob): Job<string> {
  return {
    group: `group of ${fields.flow}`,
    weight: 1,
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

const work = (size: number, fresh = size) => ({ work: () => ({ size, fresh }) });

/** What every scheduler keeps, whatever its idea of fairness. */
export function describeScheduler(
  name: string,
  create: (limits: SchedulerLimits) => Scheduler<string>,
): void {
  const withSize = (maxBatchSize: number, predict = predictSize) =>
    create({ maxBatchSize, maxFinalsPerFlow: maxBatchSize === 1 ? 3 : 10, predict });
  const one = () => withSize(1);
  const payloads = (scheduler: Scheduler<string>, nowMs = 0, idle = 1) =>
    scheduler.schedule(nowMs, idle)?.jobs.map(({ payload }) => payload) ?? null;
  const drain = (scheduler: Scheduler<string>): string[] => {
    const all: string[] = [];
    for (let next = scheduler.schedule(0, 1); next; next = scheduler.schedule(0, 1)) {
      all.push(...next.jobs.map(({ payload }) => payload));
      scheduler.complete(next, next.costMs);
    }

    return all;
  };
  const of =
    (priority: Job<string>['priority']) =>
    (flow: string, key: string, more: Partial<Job<string>> = {}) =>
      job({ flow, key, priority, ...more });
  const [final, candidate, partial] = [of('final'), of('candidate'), of('partial')];

  describe(`${name} as a scheduler`, () => {
    test('has nothing to run when nothing was submitted', () => {
      const scheduler = one();
      expect(scheduler.schedule(0, 1)).toBeNull();
      expect(scheduler.queued).toEqual({ final: 0, candidate: 0, partial: 0 });
    });

    test('gives out each job once, with its payload, its work and what it is predicted to take', () => {
      const scheduler = one();
      const only = final('a', '0', { payload: 'anything', ...work(300, 200) });
      expect(scheduler.submit(only)).toEqual({ accepted: true, replaced: null });
      const batch = scheduler.schedule(0, 1);
      expect(batch).toEqual({ jobs: [only], works: [{ size: 300, fresh: 200 }], costMs: 310 });
      expect(scheduler.schedule(0, 1)).toBeNull();
    });

    test('asks for the work of a job when its batch is formed', () => {
      const scheduler = one();
      let size = 100;
      scheduler.submit(partial('a', '0', { work: () => ({ size, fresh: 1 }) }));
      size = 250;
      expect(scheduler.schedule(0, 1)).toMatchObject({ works: [{ size: 250 }], costMs: 260 });
    });

    test('runs finals before candidates and those before partials, whichever came first', () => {
      const scheduler = one();
      scheduler.submit(partial('a', 'partial'));
      scheduler.submit(candidate('b', 'candidate'));
      scheduler.submit(final('c', 'final'));
      expect(drain(scheduler)).toEqual(['final', 'candidate', 'partial']);
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
      expect(scheduler.queued).toEqual({ final: 0, candidate: 0, partial: 1 });
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
      expect(scheduler.queued).toEqual({ final: 0, candidate: 1, partial: 1 });
      expect(scheduler.submit(versions[2]!).replaced).toEqual(versions[1]);
      expect(scheduler.queued).toEqual({ final: 0, candidate: 0, partial: 2 });
      expect(drain(scheduler)).toEqual(['new', 'other key']);
    });

    test('has one partial of a key in flight at a time', () => {
      const scheduler = one();
      scheduler.submit(partial('a', '0', { payload: 'first' }));
      const running = scheduler.schedule(0, 1)!;
      scheduler.submit(partial('a', '0', { payload: 'second' }));
      expect(scheduler.schedule(0, 1)).toBeNull();
      scheduler.submit(partial('a', '1', { payload: 'other key' }));
      expect(payloads(scheduler)).toEqual(['other key']);
      scheduler.complete(running, 110);
      expect(payloads(scheduler)).toEqual(['second']);
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
      expect(scheduler.queued).toEqual({ final: 4, candidate: 0, partial: 0 });
      expect(drain(scheduler).toSorted()).toEqual(['0', '0', '1', '2']);
      expect(scheduler.submit(final('a', '4')).accepted).toBe(true);
    });

    test('takes no more jobs into a batch than allowed, and predicts it as a whole', () => {
      const scheduler = withSize(3);
      for (const flow of ['a', 'b', 'c', 'd']) scheduler.submit(final(flow, '0', work(50)));
      expect([scheduler.schedule(0, 1), scheduler.schedule(0, 1)]).toMatchObject([
        { jobs: { length: 3 }, costMs: 160 },
        { jobs: { length: 1 }, costMs: 60 },
      ]);
    });

    test('spreads jobs over the batches that could begin now', () => {
      const scheduler = withSize(8);
      for (const flow of ['a', 'b', 'c', 'd', 'e']) scheduler.submit(partial(flow, flow));
      const sizes = [3, 2, 1].map((idle) => payloads(scheduler, 0, idle)?.length);
      expect(sizes).toEqual([2, 2, 1]);
    });

    test('batches nothing where that is predicted to save nothing', () => {
      const scheduler = withSize(8, (works) => works.reduce((sum, { size }) => sum + size, 0));
      for (const flow of ['a', 'b']) scheduler.submit(final(flow, flow));
      expect([payloads(scheduler), payloads(scheduler)]).toEqual([['a'], ['b']]);
    });

    test('makes no job late by taking in another', () => {
      const batch = (dueAtMs: number) => {
        const scheduler = withSize(8);
        scheduler.submit(final('a', 'a', { dueAtMs }));
        scheduler.submit(final('b', 'b', { dueAtMs: dueAtMs + 5000 }));

        return payloads(scheduler, 1000);
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
      const batches = [payloads(scheduler), payloads(scheduler), payloads(scheduler)];
      expect(batches.toSorted()).toEqual([['a'], ['b', 'd'], ['c']]);
    });

    test('batches only jobs of one class and one priority', () => {
      const scheduler = withSize(8);
      scheduler.submit(final('a', 'a', { batchClass: 1 }));
      scheduler.submit(final('b', 'b', { batchClass: 2 }));
      scheduler.submit(final('c', 'c', { batchClass: 1 }));
      scheduler.submit(partial('d', 'd', { batchClass: 1 }));
      const batches = [payloads(scheduler), payloads(scheduler), payloads(scheduler), payloads(scheduler)];
      expect(batches).toEqual([['a', 'c'], ['b'], ['d'], null]);
    });

    test('never batches two versions of one partial', () => {
      const scheduler = withSize(8);
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
      expect(scheduler.queued).toEqual({ final: 1, candidate: 0, partial: 0 });
      expect(drain(scheduler)).toEqual(['of b']);
    });

    test('takes the completion of a batch whose flow was cancelled', () => {
      const scheduler = one();
      scheduler.submit(partial('a', '0', { payload: 'old' }));
      const running = scheduler.schedule(0, 1)!;
      scheduler.cancel('a');
      scheduler.submit(partial('a', '0', { payload: 'new' }));
      scheduler.complete(running, 110);
      expect(payloads(scheduler)).toEqual(['new']);
    });

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

    test.each(['partial', 'candidate', 'final'] as const)(
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
      expect(payloads(scheduler)).toEqual(['final']);
      expect(scheduler.putBack(failing.jobs[0]!)).toBe(false);
      expect(scheduler.queued).toEqual({ final: 0, candidate: 0, partial: 0 });
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

    test('predicts how long everything queued will take one thread, in batches where they pay', () => {
      const scheduler = withSize(2);
      expect(scheduler.backlogMs()).toEqual({ final: 0, total: 0 });
      for (const flow of ['a', 'b', 'c']) scheduler.submit(final(flow, '0', work(100)));
      scheduler.submit(partial('a', '1', work(40)));
      scheduler.submit(candidate('b', '1', work(50)));
      expect(scheduler.backlogMs()).toEqual({ final: 210 + 110, total: 320 + 50 + 60 });
      scheduler.schedule(0, 1);
      expect(scheduler.backlogMs()).toEqual({ final: 110, total: 110 + 50 + 60 });
    });

    test('says that only an event can change its answer while nothing is queued', () => {
      expect(one().nextWakeUp(0)).toBeNull();
    });
  });
}
