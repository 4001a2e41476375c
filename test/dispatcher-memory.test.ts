import { describe, expect, test } from 'vitest';
import { RecognizerError } from '../inference/recognizer.ts';
import { FairScheduler } from '../scheduler/fair-scheduler.ts';
import { Dispatcher } from '../server/stream/dispatcher.ts';
import { HANG_TIMEOUT_MS, setUpDispatcher as setUp } from './support/dispatcher-rig.ts';
import { poolOf } from './support/recognizer-pools.ts';
import { settle } from './support/settle.ts';

type Rig = ReturnType<typeof setUp>;

/** The memory of each running batch. */
function memory({ recognizer }: Rig): ArrayBufferLike[] {
  return recognizer.batches.map(([segment]) => {
    expect(segment!.samples.buffer).toBeInstanceOf(SharedArrayBuffer);

    return segment!.samples.buffer;
  });
}

/** Two batches that run, and two more that wait. */
async function runTwo(): Promise<Rig> {
  const rig = setUp({ concurrency: 2, batching: 'equal-length', maxSegmentSamples: 100 });
  for (const [i, flow] of ['a', 'b', 'c', 'd'].entries()) rig.submit(flow, i + 1);
  await settle();

  return rig;
}

const BLOCK_BYTES = 400;

describe('Dispatcher lends shared memory', () => {
  test('for a batch, and again once that is answered or has failed', async () => {
    const rig = await runTwo();
    const [first, second] = memory(rig);
    expect(second).not.toBe(first);
    await rig.recognizer.answer();
    expect(memory(rig)[1]).toBe(first);
    await rig.recognizer.fail(new Error('failed'));
    expect(memory(rig)[1]).toBe(second);
    expect(rig.dispatcher.sharedAudioBytes).toBe(2 * BLOCK_BYTES);
  });

  test('that a thread which hangs may read for ever, and lends that to nobody again', async () => {
    const rig = await runTwo();
    const [first] = memory(rig);
    await rig.recognizer.fail(new RecognizerError('hung', 'The thread does not answer.'));
    expect(rig.dispatcher.sharedAudioBytes).toBe(2 * BLOCK_BYTES);
    while (rig.recognizer.running.length > 0) {
      expect(memory(rig)).not.toContain(first);
      await rig.recognizer.answer();
    }
    expect(rig.told).toHaveLength(4);
    expect(rig.dispatcher.sharedAudioBytes).toBe(2 * BLOCK_BYTES);
  });

  test('again where no thread had what it was lent', async () => {
    const rig = await runTwo();
    const [first] = memory(rig);
    await rig.recognizer.fail(new RecognizerError('unavailable', 'No thread is left.'));
    await settle();
    expect(memory(rig)).toContain(first);
    expect(rig.dispatcher.sharedAudioBytes).toBe(2 * BLOCK_BYTES);
  });

  test('no longer than the longest segment takes, and fails the request that asks for more', async () => {
    const { submit, recognizer, told } = setUp({ maxSegmentSamples: 100 });
    submit('a', 100);
    submit('b', 101);
    await settle();
    await recognizer.answer();
    expect(told).toEqual(['b: failed', 'a: 100 samples']);
  });

  test('anew when no request of a batch could give its audio', async () => {
    const { submit, dispatcher, told } = setUp({ maxSegmentSamples: 100 });
    for (let i = 0; i < 3; i++) {
      submit('a', 1, {
        request: {
          isFinal: () => true,
          work: () => ({ size: 1, fresh: 1 }),
          take: (lend) => {
            lend(1);
            throw new RangeError('The audio is gone.');
          },
          succeeded: () => told.push('succeeded'),
          putBack: () => {},
          failed: () => told.push('failed'),
        },
      });
      await settle();
    }
    expect(told).toEqual(['failed', 'failed', 'failed']);
    expect(dispatcher.sharedAudioBytes).toBe(BLOCK_BYTES);
    expect(dispatcher.inFlight).toBe(0);
  });
});

describe('Dispatcher takes a batch for hung', () => {
  test('after the least time, or twenty times what it is predicted to take', async () => {
    const { submit, recognizer, reports } = setUp();
    for (const samples of [1, 480_000]) {
      submit('a', samples);
      await settle();
      await recognizer.answer();
    }
    const [short, long] = recognizer.deadlinesMs;
    expect(short).toBe(HANG_TIMEOUT_MS);
    expect(long).toBeGreaterThan(HANG_TIMEOUT_MS);
    expect(long).toBeCloseTo(20 * reports[1]!.predictedMs, 6);
  });

  test('not before a processor could have decoded it, to which a GPU that fails leaves it', async () => {
    const { recognizer, clock, submit, dispatcher } = setUp();
    const observer = { decoded: () => {}, failed: () => {}, gaveUp: () => {} };
    const sorts = [1, 500].map((ms) => [
      { maxBatchSize: 8, maxBatchMs: 1000, costs: { predict: () => ms, learn: () => {} } },
    ]);
    const options = { kinds: sorts[0]!, sorts, maxFinalsPerFlow: 2, maxLeadMs: 1000 };
    const pool = Object.assign(poolOf(recognizer), { threadsBySort: [0, 1] });
    const onGpu = new Dispatcher(new FairScheduler(options), pool, clock, { hangTimeoutMs: 1000 }, observer);
    dispatcher.submit = (job) => onGpu.submit(job);
    for (const flow of ['a', 'b', 'c']) {
      submit(flow, 16);
      await settle();
    }
    expect(recognizer.deadlinesMs).toEqual([20 * 500]);
    // As the thread is now.
    expect(onGpu.backlogMs.total).toBe(500);
    await recognizer.answer();
  });
});
