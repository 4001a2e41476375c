import { describe, expect, test } from 'vitest';
import { type RecognizerCapabilities, RecognizerError } from '../inference/recognizer.ts';
import { DeficitRoundRobin } from '../scheduler/deficit-round-robin.ts';
import { type BatchReport, type DecodeJob, Dispatcher } from '../server/stream/dispatcher.ts';
import { GatedRecognizer } from './support/gated-recognizer.ts';
import { ManualClock } from './support/manual-clock.ts';
import { settle } from './support/settle.ts';

function setUp(capabilities: Partial<RecognizerCapabilities> = {}) {
  const clock = new ManualClock();
  const recognizer = new GatedRecognizer(capabilities);
  const reports: (BatchReport & { priority: string })[] = [];
  const told: string[] = [];
  const failures: string[] = [];
  const taken: string[] = [];
  const scheduler = new DeficitRoundRobin<DecodeJob['request']>({
    quantum: 500,
    maxBatchSize: 8,
    maxFinalsPerFlow: 2,
  });
  const dispatcher = new Dispatcher(scheduler, recognizer, clock, {
    decoded: (priority, report) => reports.push({ priority, ...report }),
    failed: (reason) => failures.push(reason),
  });
  const submit = (flow: string, samples: number, more: Partial<DecodeJob> = {}) =>
    dispatcher.submit({
      flow,
      key: '0',
      priority: 'final',
      samples,
      request: {
        take: (lend) => {
          taken.push(flow);

          return { samples: lend(samples), language: null };
        },
        succeeded: ({ text }) => told.push(`${flow}: ${text}`),
        failed: () => told.push(`${flow}: failed`),
      },
      ...more,
    });

  return { clock, recognizer, dispatcher, submit, reports, told, failures, taken };
}

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
    const { submit, recognizer, clock, told, reports } = setUp();
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
    expect(reports).toEqual([{ priority: 'final', ...cost, audioMs: 1500, queueWaitsMs: [15, 10] }]);
  });

  test('runs no more batches than the recogniser takes, and the next as soon as one ends', async () => {
    const { submit, recognizer, dispatcher, told } = setUp({ concurrency: 2, batching: 'equal-length' });
    for (const [i, flow] of ['a', 'b', 'c'].entries()) submit(flow, i + 1);
    await settle();
    expect(recognizer.running).toEqual([[1], [2]]);
    expect(dispatcher.queued).toEqual({ final: 1, partial: 0 });
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

  test('cuts the audio only when its turn has come', async () => {
    const { submit, recognizer, taken } = setUp({ batching: 'equal-length' });
    submit('a', 1);
    submit('b', 2);
    await settle();
    expect(taken).toEqual(['a']);
    await recognizer.answer();
    expect(taken).toEqual(['a', 'b']);
  });

  test.each([
    [new RecognizerError('crashed', 'The thread died.'), 'crashed'],
    [new Error('anything else'), 'failed'],
  ])(
    'tells all requests of a batch that it failed, the metrics why, and goes on: %s',
    async (error, reason) => {
      const { submit, recognizer, told, reports, failures } = setUp();
      submit('a', 1);
      submit('b', 2);
      await settle();
      submit('c', 3);
      await recognizer.fail(error);
      expect(told).toEqual(['a: failed', 'b: failed']);
      expect(failures).toEqual([reason]);
      await recognizer.answer();
      expect(told.at(-1)).toBe('c: 3 samples');
      expect(reports).toHaveLength(1);
    },
  );

  test('fails a request that cannot give its audio alone, not the others of its batch', async () => {
    const { submit, recognizer, told } = setUp();
    submit('a', 1);
    submit('b', 2, {
      request: {
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

  test('lends shared memory for a batch, and again once that is answered or has failed', async () => {
    const { submit, recognizer } = setUp({ concurrency: 2, batching: 'equal-length' });
    const memory = () =>
      recognizer.batches.map(([segment]) => {
        expect(segment!.samples.buffer).toBeInstanceOf(SharedArrayBuffer);

        return segment!.samples.buffer;
      });
    for (const [i, flow] of ['a', 'b', 'c', 'd'].entries()) submit(flow, i + 1);
    await settle();
    const [first, second] = memory();
    expect(second).not.toBe(first);
    await recognizer.answer();
    expect(memory()).toEqual([second, first]);
    expect(memory()[1]).toBe(first);
    await recognizer.fail(new Error('failed'));
    expect(memory()[1]).toBe(second);
  });

  test('lends no more than the longest segment takes, and fails the request that asks for more', async () => {
    const { submit, recognizer, told } = setUp({ maxSegmentSamples: 100 });
    submit('a', 100);
    submit('b', 101);
    await settle();
    await recognizer.answer();
    expect(told).toEqual(['b: failed', 'a: 100 samples']);
  });

  test('lets the partial after a failed one of the same segment have its turn', async () => {
    const { submit, recognizer } = setUp();
    submit('a', 1, { priority: 'partial' });
    await settle();
    submit('a', 2, { priority: 'partial' });
    await settle();
    expect(recognizer.running).toEqual([[1]]);
    await recognizer.fail(new Error('failed'));
    expect(recognizer.running).toEqual([[2]]);
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

  test('fails all requests when the recogniser has been closed, and says why', async () => {
    const { submit, recognizer, told, failures, dispatcher } = setUp();
    await recognizer.close();
    submit('a', 1);
    await settle();
    expect(told).toEqual(['a: failed']);
    expect(failures).toEqual(['closed']);
    expect(dispatcher.inFlight).toBe(0);
  });
});
