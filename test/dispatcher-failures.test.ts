import { describe, expect, test } from 'vitest';
import { RecognizerError } from '../inference/recognizer.ts';
import { Dispatcher } from '../server/stream/dispatcher.ts';
import { fairScheduler, setUpDispatcher as setUp } from './support/dispatcher-rig.ts';
import { poolOf } from './support/recognizer-pools.ts';
import { settle } from './support/settle.ts';

const CRASH = new RecognizerError('crashed', 'The thread died.');

/** Three finals in one batch, whose thread then dies. */
async function crashThree() {
  const rig = setUp();
  for (const [i, flow] of ['a', 'b', 'c'].entries()) rig.submit(flow, i + 1);
  await settle();
  expect(rig.recognizer.running).toEqual([[1, 2, 3]]);
  await rig.recognizer.fail(CRASH);

  return rig;
}

describe('Dispatcher, when a batch fails,', () => {
  test('decodes each of its segments again by itself, and gives up only the one that fails again', async () => {
    const { recognizer, dispatcher, told, failures, givenUp } = await crashThree();
    expect(told).toEqual([]);
    expect(failures).toEqual(['crashed']);
    expect(dispatcher.suspects).toBe(3);
    expect(recognizer.running).toEqual([[1]]);
    await recognizer.answer();
    expect(recognizer.running).toEqual([[2]]);
    await recognizer.fail(CRASH);
    expect(recognizer.running).toEqual([[3]]);
    await recognizer.answer();
    expect(told).toEqual(['a: 1 samples', 'b: failed', 'c: 3 samples']);
    expect(givenUp.count).toBe(1);
    expect(dispatcher.suspects).toBe(0);
    expect(recognizer.running).toEqual([]);
  });

  test.each([
    [CRASH, 'crashed'],
    [new RecognizerError('hung', 'The thread does not answer.'), 'hung'],
    [new Error('anything else'), 'failed'],
  ])('tries again and tells the metrics why, whatever the reason: %s', async (error, reason) => {
    const { submit, recognizer, told, failures } = setUp();
    submit('a', 1);
    await settle();
    await recognizer.fail(error);
    await recognizer.answer();
    expect(failures).toEqual([reason]);
    expect(told).toEqual(['a: 1 samples']);
  });

  test('cuts the audio anew for the second try', async () => {
    const { taken } = await crashThree();
    expect(taken).toEqual(['a', 'b', 'c', 'a']);
  });

  test('puts no suspect into a batch with others, and others together as ever', async () => {
    const { submit, recognizer } = await crashThree();
    submit('d', 4);
    submit('e', 5);
    const batches: number[][] = [];
    while (recognizer.running.length > 0) {
      batches.push([...recognizer.running[0]!]);
      await recognizer.answer();
    }
    expect(batches.toSorted()).toEqual([[1], [2], [3], [4, 5]]);
  });

  test('puts a segment into batches with others again once it has been decoded', async () => {
    const { submit, recognizer } = await crashThree();
    while (recognizer.running.length > 0) await recognizer.answer();
    submit('a', 4);
    submit('b', 5);
    await settle();
    expect(recognizer.running).toEqual([[4, 5]]);
  });

  test('decodes a newer version in place of the one that failed, by itself', async () => {
    const { submit, recognizer, told } = setUp();
    submit('a', 1, { priority: 'partial' });
    submit('b', 2, { priority: 'partial' });
    await settle();
    submit('a', 3, { priority: 'partial' });
    await recognizer.fail(CRASH);
    const batches: number[][] = [];
    while (recognizer.running.length > 0) {
      batches.push([...recognizer.running[0]!]);
      await recognizer.answer();
    }
    expect(batches.toSorted()).toEqual([[2], [3]]);
    expect(told.toSorted()).toEqual(['a: 3 samples', 'b: 2 samples']);
  });

  test('takes nothing more of a segment it has given up, up to its final, which is refused and forgotten', async () => {
    const { submit, recognizer, dispatcher, told } = setUp();
    submit('a', 1, { priority: 'partial' });
    await settle();
    for (let i = 0; i < 2; i++) await recognizer.fail(CRASH);
    expect(told).toEqual(['a: failed']);
    expect(submit('a', 2, { priority: 'candidate' })).toBe(false);
    expect(submit('a', 2, { key: '1' })).toBe(true);
    expect(submit('a', 2)).toBe(false);
    expect(dispatcher.suspects).toBe(0);
    await settle();
    expect(recognizer.running).toEqual([[2]]);
  });

  test('gives up what would fail for ever: when the recogniser has been closed, or the batch is no good', async () => {
    for (const reason of ['closed', 'invalid'] as const) {
      const { submit, recognizer, told, failures, givenUp, dispatcher } = setUp();
      submit('a', 1);
      await settle();
      await recognizer.fail(new RecognizerError(reason, 'No.'));
      expect(told).toEqual(['a: failed']);
      expect(failures).toEqual([reason]);
      expect(givenUp.count).toBe(1);
      expect([dispatcher.suspects, dispatcher.inFlight]).toEqual([0, 0]);
      expect(recognizer.running).toEqual([]);
    }
  });
});

describe('Dispatcher, when a segment has killed twice,', () => {
  test.each(['partial', 'final'] as const)(
    'does not decode the %s that was accepted during its last try, and goes on',
    async (priority) => {
      const { submit, recognizer, dispatcher, taken, told, givenUp } = setUp();
      submit('a', 1, { priority: 'partial' });
      await settle();
      await recognizer.fail(CRASH);
      expect(submit('a', 2, { priority })).toBe(true);
      submit('b', 3);
      await recognizer.fail(CRASH);
      expect(recognizer.running).toEqual([[3]]);
      await recognizer.answer();
      expect(taken).toEqual(['a', 'a', 'b']);
      expect(told.toSorted()).toEqual(['a: failed', 'a: failed', 'b: 3 samples']);
      expect(givenUp.count).toBe(1);
      // Until its final has been heard of.
      expect(dispatcher.suspects).toBe(priority === 'final' ? 0 : 1);
      expect(dispatcher.inFlight).toBe(0);
    },
  );
});

describe('Dispatcher, when no thread can be had,', () => {
  const UNAVAILABLE = new RecognizerError('unavailable', 'No thread is left.');

  test('puts everything back, suspects nobody, and decodes it together when there is a thread', async () => {
    const { submit, recognizer, dispatcher, told, givenUp, failures } = setUp();
    for (const [i, flow] of ['a', 'b'].entries()) submit(flow, i + 1);
    await settle();
    for (let i = 0; i < 3; i++) {
      expect(recognizer.running).toEqual([[1, 2]]);
      await recognizer.fail(UNAVAILABLE);
      await settle();
    }
    expect(dispatcher.suspects).toBe(0);
    await recognizer.answer();
    expect(told).toEqual(['a: 1 samples', 'b: 2 samples']);
    expect(failures).toEqual(['unavailable', 'unavailable', 'unavailable']);
    expect(givenUp.count).toBe(0);
  });

  test('hands nothing over until the recogniser says that it is idle', async () => {
    const { clock, recognizer, submit, dispatcher } = setUp();
    let tellIdle = () => {};
    recognizer.onIdle = (listener) => {
      tellIdle = listener;
    };
    const observer = { decoded: () => {}, failed: () => {}, gaveUp: () => {} };
    const pool = poolOf(recognizer);
    const waiting = new Dispatcher(fairScheduler(), pool, clock, { hangTimeoutMs: 1000 }, observer);
    dispatcher.submit = (job) => waiting.submit(job);
    submit('a', 1);
    await settle();
    await recognizer.fail(UNAVAILABLE);
    submit('b', 2);
    await settle();
    expect(recognizer.running).toEqual([]);
    expect(waiting.queued.final).toBe(2);
    tellIdle();
    await settle();
    expect(recognizer.running).toEqual([[1, 2]]);
    await recognizer.answer();
  });
});

describe('Dispatcher, when a stream is cancelled,', () => {
  test('forgets its suspects and its second tries', async () => {
    const { dispatcher, recognizer, told } = await crashThree();
    dispatcher.cancel('b');
    expect(dispatcher.suspects).toBe(2);
    await recognizer.answer();
    expect(recognizer.running).toEqual([[3]]);
    await recognizer.answer();
    expect(told).toEqual(['a: 1 samples', 'c: 3 samples']);
  });

  test('does not try again what was running and fails later', async () => {
    const { submit, dispatcher, recognizer, taken, givenUp } = setUp();
    submit('a', 1);
    submit('b', 2);
    await settle();
    dispatcher.cancel('a');
    await recognizer.fail(CRASH);
    expect(recognizer.running).toEqual([[2]]);
    await recognizer.answer();
    expect(taken).toEqual(['a', 'b', 'b']);
    expect(dispatcher.suspects).toBe(0);
    expect(givenUp.count).toBe(0);
  });
});
