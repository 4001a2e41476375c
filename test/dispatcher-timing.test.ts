import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { setUpDispatcher as setUp } from './support/dispatcher-rig.ts';
import { settle } from './support/settle.ts';

describe('Dispatcher tells where the time went', () => {
  test('in parts that add up to the time from being queued to the answer', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(50), fc.integer({ min: 1, max: 50 })), { minLength: 1, maxLength: 5 }),
        async (steps) => {
          const { submit, recognizer, clock, timings } = setUp();
          const queuedAtMs: number[] = [];
          for (const [i, [beforeMs, decodingMs]] of steps.entries()) {
            submit(String(i), 100);
            queuedAtMs.push(clock.now());
            clock.advance(beforeMs);
            await settle();
            clock.advance(decodingMs);
            await recognizer.answer();
            for (const timing of timings.splice(0)) {
              const { queueWaitMs, batchWaitMs, inferenceMs } = timing;
              expect(Math.min(queueWaitMs, batchWaitMs, inferenceMs)).toBeGreaterThanOrEqual(0);
              expect(queueWaitMs + batchWaitMs + inferenceMs).toBe(clock.now() - queuedAtMs.shift()!);
            }
          }
          expect(queuedAtMs).toEqual([]);
        },
      ),
      { numRuns: 20 },
    ));

  test('and counts a first try that failed as waiting in the queue', async () => {
    const { submit, recognizer, clock, timings } = setUp();
    submit('a', 100);
    await settle();
    clock.advance(500);
    await recognizer.fail(new Error('failed'));
    clock.advance(20);
    await recognizer.answer();
    expect(timings).toEqual([{ queueWaitMs: 500, batchWaitMs: 19, inferenceMs: 1 }]);
  });

  test('and nothing below 0 when the model says that it took longer than it did', async () => {
    const { submit, recognizer, timings } = setUp();
    submit('a', 100);
    await settle();
    await recognizer.answer();
    expect(timings).toEqual([{ queueWaitMs: 0, batchWaitMs: 0, inferenceMs: 1 }]);
  });
});

describe('Dispatcher adds up what threads were busy with', () => {
  test('by priority, failed batches left out', async () => {
    const { submit, recognizer, clock, dispatcher } = setUp();
    const priorities = ['final', 'candidate', 'partial', 'background'] as const;
    for (const [i, priority] of priorities.entries()) {
      submit(priority, 100, { priority });
      await settle();
      clock.advance(10 * (i + 1));
      await recognizer.answer();
    }
    submit('final', 100);
    await settle();
    clock.advance(1000);
    await recognizer.fail(new Error('failed'));
    expect(dispatcher.busyMs).toEqual({ final: 10, candidate: 20, partial: 30, background: 40 });
  });

  test('and predicts what is queued: finals apart, those in the background left out', async () => {
    const { submit, dispatcher } = setUp();
    submit('running', 100);
    await settle();
    expect(dispatcher.backlogMs).toEqual({ final: 0, total: 0 });
    submit('a', 16_000);
    const { final, total } = dispatcher.backlogMs;
    expect(final).toBeGreaterThan(0);
    expect(total).toBe(final);
    submit('b', 16_000, { priority: 'partial' });
    submit('c', 16_000, { priority: 'background' });
    expect(dispatcher.backlogMs.final).toBe(final);
    expect(dispatcher.backlogMs.total).toBeCloseTo(2 * final, 6);
  });
});

describe('Dispatcher, with segments that still grow,', () => {
  const grow = { samples: null, priority: 'partial' } as const;

  test('batches them for a recogniser that takes any lengths', async () => {
    const { submit, recognizer } = setUp();
    submit('a', 100, grow);
    submit('b', 200, grow);
    await settle();
    expect(recognizer.running).toEqual([[100, 200]]);
  });

  test('does not for one that wants equal lengths, not even those that would be equal', async () => {
    const { submit, recognizer } = setUp({ batching: 'equal-length' });
    submit('a', 100, grow);
    submit('b', 100, grow);
    await settle();
    expect(recognizer.running).toEqual([[100]]);
    await recognizer.answer();
    expect(recognizer.running).toEqual([[100]]);
  });
});
