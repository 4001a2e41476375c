import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HypothesisTiming } from '../server/stream/captioner.ts';
import { failTwice, range, setUp } from './support/captioner-rig.ts';
import { settle } from './support/settle.ts';

const sum = ({ audioWaitMs, queueWaitMs, batchWaitMs, inferenceMs }: HypothesisTiming) =>
  audioWaitMs + queueWaitMs + batchWaitMs + inferenceMs;

describe('Captioner tells where the time of a caption went', () => {
  test('from the arrival of its newest audio, for a partial and for a final', async () => {
    const { captioner, recognizer, clock, timings } = setUp({ arrivedAtMs: (endSample) => endSample / 10 });
    for (const [i, step] of [captioner.snapshot, captioner.finish].entries()) {
      clock.advance(100);
      step.call(captioner, range(0, i), 'silence' as never);
      clock.advance(7);
      await settle();
      clock.advance(30);
      await recognizer.answer();
    }
    const parts = { queueWaitMs: 7, batchWaitMs: 29, inferenceMs: 1, background: false };
    expect(timings).toEqual([
      { ...parts, audioWaitMs: 90, answeredAtMs: 137 },
      { ...parts, audioWaitMs: 217, answeredAtMs: 274 },
    ]);
  });

  test('all of it before the decoding for a final whose hypothesis was there', async () => {
    const { captioner, recognizer, clock, told, timings } = setUp({ arrivedAtMs: () => 10 });
    captioner.snapshot(range(0, 3), true);
    await settle();
    await recognizer.answer();
    clock.advance(800);
    captioner.finish(range(0, 3), 'silence');
    expect(told.at(-1)).toBe('final 0.3: 400 samples');
    expect(timings.at(-1)).toEqual({
      audioWaitMs: 790,
      queueWaitMs: 0,
      batchWaitMs: 0,
      inferenceMs: 0,
      answeredAtMs: 800,
      background: false,
    });
  });

  test('as it was when its hypothesis came, for a final that waits for the one before', async () => {
    const { captioner, recognizer, clock, timings } = setUp({ capabilities: { concurrency: 2 } });
    captioner.finish(range(0, 0), 'silence');
    captioner.finish(range(1, 1), 'silence');
    await settle();
    clock.advance(20);
    await recognizer.answer(1);
    clock.advance(300);
    await recognizer.answer();
    expect(timings.map((timing) => timing?.answeredAtMs)).toEqual([320, 20]);
  });

  test('not of one that is lost', async () => {
    const { captioner, recognizer, told, timings } = setUp();
    captioner.finish(range(0, 0), 'silence');
    await settle();
    await failTwice(recognizer);
    expect(told).toEqual(['lost 0']);
    expect(timings).toEqual([null]);
  });

  test('in parts of at least 0 that add up, whatever was said while a snapshot waited', () =>
    fc.assert(
      fc.asyncProperty(
        fc.record({
          beforeMs: fc.nat(500),
          queuedMs: fc.nat(500),
          decodingMs: fc.integer({ min: 1, max: 500 }),
          arrivedMs: fc.nat(1000),
        }),
        async ({ beforeMs, queuedMs, decodingMs, arrivedMs }) => {
          // What is decoded arrived before its turn came, but perhaps after it was asked for.
          const arrivedAtMs = Math.min(arrivedMs, beforeMs + queuedMs);
          const { captioner, recognizer, clock, timings } = setUp({ arrivedAtMs: () => arrivedAtMs });
          clock.advance(beforeMs);
          captioner.snapshot(range(0, 0));
          clock.advance(queuedMs);
          await settle();
          clock.advance(decodingMs);
          await recognizer.answer();
          const [timing] = timings as [HypothesisTiming];
          const { answeredAtMs, background: _, ...parts } = timing;
          expect(Math.min(...Object.values(parts))).toBeGreaterThanOrEqual(0);
          expect(answeredAtMs).toBe(clock.now());
          expect(sum(timing)).toBe(answeredAtMs - arrivedAtMs);
        },
      ),
      { numRuns: 50 },
    ));
});

describe('Captioner has what is due first decoded first', () => {
  test('1.2 s after its newest audio arrived, even if its segment began later', async () => {
    const arrivals = [300, 200];
    const { captioner, recognizer } = setUp({
      arrivedAtMs: (endSample) => arrivals[Math.floor(endSample / 16_000)] ?? 0,
    });
    captioner.snapshot(range(9, 9));
    await settle();
    captioner.finish(range(0, 0), 'silence');
    captioner.finish(range(1, 1), 'silence');
    await recognizer.answer();
    expect(recognizer.running).toEqual([[200]]);
  });
});
