import { describe, expect, test } from 'vitest';
import { setUpDispatcher as setUp } from './support/dispatcher-rig.ts';
import { settle } from './support/settle.ts';

describe('Dispatcher', () => {
  test('puts what is submitted in one turn of the event loop into one batch', async () => {
    const { submit, recognizer, dispatcher } = setUp();
    submit('a', 100);
    submit('b', 200);
    expect(recognizer.running).toEqual([]);
    await settle();
    expect(recognizer.running).toEqual([[100, 200]]);
    expect(dispatcher.inFlight).toBe(1);
  });

  test('gives every request its own answer, and tells the metrics where its time went', async () => {
    const { submit, recognizer, clock, told, reports, timings } = setUp();
    submit('a', 8000);
    clock.advance(5);
    submit('b', 16_000);
    clock.advance(10);
    await settle();
    clock.advance(100);
    await recognizer.answer();
    expect(told).toEqual(['a: 8000 samples', 'b: 16000 samples']);
    // Of "8000 samples" and "16000 samples" the double makes a token a character, and each has an end.
    const cost = { inferenceMs: 1, passes: 0, tokens: 27, guessedTokens: 0, acceptedTokens: 0 };
    const times = { predictedMs: expect.any(Number), tookMs: 100 };
    const batch = { priority: 'final', model: 0, audioMs: 1500, segments: 2 };
    expect(reports).toEqual([{ ...batch, ...cost, ...times }]);
    expect(timings).toEqual([
      { queueWaitMs: 15, batchWaitMs: 99, inferenceMs: 1 },
      { queueWaitMs: 10, batchWaitMs: 99, inferenceMs: 1 },
    ]);
  });

  test('runs no more batches than the recogniser takes, and the next as soon as one ends', async () => {
    const { submit, recognizer, dispatcher, told } = setUp({ concurrency: 2, batching: 'equal-length' });
    for (const [i, flow] of ['a', 'b', 'c'].entries()) submit(flow, i + 1);
    await settle();
    expect(recognizer.running).toEqual([[1], [2]]);
    expect(dispatcher.queued).toMatchObject({ final: 1, candidate: 0, partial: 0 });
    await recognizer.answer(1);
    expect(told).toEqual(['b: 2 samples']);
    expect(recognizer.running).toEqual([[1], [3]]);
  });

  test('batches only segments of equal length for a recogniser that wants them so', async () => {
    const { submit, recognizer } = setUp({ batching: 'equal-length' });
    submit('a', 100);
    submit('b', 200);
    submit('c', 100);
    await settle();
    expect(recognizer.running).toEqual([[100, 100]]);
  });

  test('reckons with what a draft saves only for a recogniser that makes use of drafts', async () => {
    const backlog = async (drafts: boolean) => {
      const { submit, dispatcher } = setUp({ drafts });
      submit('a', 16_000);
      await settle();
      const idle = { isFinal: () => false, succeeded: () => {}, putBack: () => {}, failed: () => {} };
      const take = () => ({ samples: new Float32Array(16_000), language: null });
      submit('b', 16_000, { request: { ...idle, take, work: () => ({ size: 1000, fresh: 0 }) } });

      return dispatcher.backlogMs.total;
    };
    expect(await backlog(false)).toBeGreaterThan(await backlog(true));
  });

  test('cuts the audio only when its turn has come', async () => {
    const { submit, recognizer, taken } = setUp({ batching: 'equal-length' });
    submit('a', 1);
    submit('b', 2);
    await settle();
    expect(taken).toEqual(['a']);
    await recognizer.answer();
    expect(taken).toEqual(['a', 'b']);
  });

  test('fails a request that cannot give its audio alone, not the others of its batch', async () => {
    const { submit, recognizer, told } = setUp();
    submit('a', 1);
    submit('b', 2, {
      request: {
        isFinal: () => true,
        putBack: () => {},
        work: () => ({ size: 1, fresh: 1 }),
        take: () => {
          throw new RangeError('The audio is gone.');
        },
        succeeded: () => told.push('b: succeeded'),
        failed: () => told.push('b: failed'),
      },
    });
    await settle();
    await recognizer.answer();
    expect(told).toEqual(['b: failed', 'a: 1 samples']);
  });

  test('tells a queued request that gave way nothing more, and refuses finals beyond the bound', async () => {
    const { submit, recognizer, told } = setUp();
    submit('x', 9);
    await settle();
    submit('a', 1, { priority: 'partial' });
    expect(submit('a', 2, { priority: 'partial' })).toBe(true);
    expect([submit('a', 3), submit('a', 4), submit('a', 5)]).toEqual([true, true, false]);
    await recognizer.answer();
    await recognizer.answer();
    expect(told).toEqual(['x: 9 samples', 'a: 3 samples', 'a: 4 samples']);
  });

  test('drops what is queued of a cancelled flow and still answers what runs', async () => {
    const { submit, recognizer, dispatcher, told } = setUp();
    submit('a', 1);
    await settle();
    submit('a', 2);
    submit('b', 3);
    dispatcher.cancel('a');
    await recognizer.answer();
    await recognizer.answer();
    expect(told).toEqual(['a: 1 samples', 'b: 3 samples']);
    expect(dispatcher.inFlight).toBe(0);
  });

  test('takes new work from within an answer', async () => {
    const { submit, dispatcher, recognizer, told } = setUp();
    submit('a', 1, {
      request: {
        isFinal: () => true,
        putBack: () => {},
        work: () => ({ size: 1, fresh: 1 }),
        take: () => ({ samples: new Float32Array(1), language: null }),
        succeeded: () => submit('b', 2),
        failed: () => {},
      },
    });
    await settle();
    await recognizer.answer();
    await recognizer.answer();
    expect(told).toEqual(['b: 2 samples']);
    expect(dispatcher.inFlight).toBe(0);
  });

  test('hands each batch to the model that its segments are for, one at a time on one thread', async () => {
    const { recognizer, second, submit, told, reports } = setUp();
    submit('a', 100);
    submit('b', 200, { model: 1 });
    submit('c', 300);
    submit('d', 400, { model: 1 });
    await settle();
    expect([recognizer.running, second.running]).toEqual([[[100, 300]], []]);
    await recognizer.answer();
    expect([recognizer.running, second.running]).toEqual([[], [[200, 400]]]);
    await second.answer();
    expect(told).toEqual(['a: 100 samples', 'c: 300 samples', 'b: 200 samples', 'd: 400 samples']);
    expect(reports.map(({ model, segments }) => [model, segments])).toEqual([
      [0, 2],
      [1, 2],
    ]);
  });

  test('decodes segments of a batch that failed again by themselves, each with its model', async () => {
    const { recognizer, second, submit, told } = setUp();
    for (const flow of ['a', 'b']) submit(flow, 100, { model: 1 });
    await settle();
    await second.fail(new Error('failed'));
    for (let i = 0; i < 2; i++) await second.answer();
    expect(told).toEqual(['a: 100 samples', 'b: 100 samples']);
    expect(recognizer.deadlinesMs).toEqual([]);
  });
});
