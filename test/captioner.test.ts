import { describe, expect, test } from 'vitest';
import { failTwice, range, setUp } from './support/captioner-rig.ts';
import { settle } from './support/settle.ts';

describe('Captioner', () => {
  test('has snapshots and the finished segment decoded and told', async () => {
    const { captioner, recognizer, told } = setUp();
    captioner.snapshot(range(0, 0));
    await settle();
    await recognizer.answer();
    captioner.finish(range(0, 1), 'silence');
    expect(captioner.pendingFinals).toBe(1);
    await settle();
    await recognizer.answer();
    expect(told).toEqual(['partial 0.0: 100 samples', 'final 0.1: 200 samples']);
    expect(captioner.pendingFinals).toBe(0);
  });

  test('makes the pause snapshot the final at once when it is decoded before', async () => {
    const { captioner, recognizer, told } = setUp();
    captioner.snapshot(range(0, 3));
    await settle();
    await recognizer.answer();
    captioner.finish(range(0, 3), 'silence');
    expect(told).toEqual(['partial 0.3: 400 samples', 'final 0.3: 400 samples']);
    await settle();
    expect(recognizer.running).toEqual([]);
    expect(captioner.pendingFinals).toBe(0);
  });

  test('makes the pause snapshot the final when it ends, if it is running', async () => {
    const { captioner, recognizer, told } = setUp();
    captioner.snapshot(range(0, 3));
    await settle();
    captioner.finish(range(0, 3), 'silence');
    await recognizer.answer();
    expect(told).toEqual(['final 0.3: 400 samples']);
    expect(recognizer.running).toEqual([]);
  });

  test('raises the pause snapshot to a final if it is still queued', async () => {
    const { captioner, recognizer, dispatcher, told } = setUp();
    captioner.snapshot(range(0, 2));
    await settle();
    captioner.snapshot(range(0, 3));
    captioner.finish(range(0, 3), 'silence');
    await settle();
    expect(dispatcher.queued).toMatchObject({ final: 1, candidate: 0, partial: 0 });
    await recognizer.answer();
    await recognizer.answer();
    expect(told).toEqual(['partial 0.2: 300 samples', 'final 0.3: 400 samples']);
    expect(recognizer.running).toEqual([]);
  });

  test('decodes the finished segment when the running snapshot is an older one', async () => {
    const { captioner, recognizer, told } = setUp({ capabilities: { concurrency: 2 } });
    captioner.snapshot(range(0, 0));
    await settle();
    captioner.finish(range(0, 1), 'silence');
    await settle();
    expect(recognizer.running).toEqual([[100], [200]]);
    await recognizer.answer(1);
    await recognizer.answer();
    expect(told).toEqual(['final 0.1: 200 samples']);
  });

  test('does not take the snapshot of another segment for the final', async () => {
    const { captioner, recognizer, told } = setUp();
    captioner.snapshot(range(0, 0));
    await settle();
    await recognizer.answer();
    captioner.finish(range(0, 1), 'max-duration');
    captioner.finish(range(1, 0), 'silence');
    await settle();
    await recognizer.answer();
    await recognizer.answer();
    expect(told.slice(1)).toEqual(['final 0.1: 200 samples', 'final 1.0: 100 samples']);
  });

  test('tells a segment as lost once its decoding has failed twice', async () => {
    const { captioner, recognizer, told } = setUp();
    captioner.finish(range(0, 1), 'silence');
    await settle();
    await recognizer.fail(new Error('failed'));
    expect(told).toEqual([]);
    expect(captioner.pendingFinals).toBe(1);
    await recognizer.fail(new Error('failed'));
    expect(told).toEqual(['lost 0']);
    expect(captioner.pendingFinals).toBe(0);
  });

  test('tells a segment as lost when the snapshot that was to be its final fails twice', async () => {
    const { captioner, recognizer, told } = setUp();
    captioner.snapshot(range(0, 0), true);
    await settle();
    captioner.finish(range(0, 0), 'silence');
    await failTwice(recognizer);
    expect(told).toEqual(['lost 0']);
    expect(captioner.pendingFinals).toBe(0);
  });

  test('makes a snapshot the final that failed once, and the segment ended before it was decoded again', async () => {
    const { captioner, recognizer, told } = setUp();
    captioner.snapshot(range(0, 0), true);
    await settle();
    await recognizer.fail(new Error('failed'));
    captioner.finish(range(0, 0), 'silence');
    await recognizer.answer();
    expect(told).toEqual(['final 0.0: 100 samples']);
    await settle();
    expect(recognizer.running).toEqual([]);
  });

  test('has a snapshot that waits to be decoded again raised to a final when the segment ends', async () => {
    const { captioner, recognizer, dispatcher, told } = setUp();
    captioner.snapshot(range(0, 0), true);
    await settle();
    // Goes first, so that the snapshot waits.
    captioner.finish(range(1, 1), 'silence');
    await recognizer.fail(new Error('failed'));
    expect(recognizer.running).toEqual([[200]]);
    expect(dispatcher.queued).toMatchObject({ final: 0, candidate: 1 });
    captioner.finish(range(0, 0), 'silence');
    expect(dispatcher.queued).toMatchObject({ final: 1, candidate: 0 });
    await recognizer.answer();
    await recognizer.answer();
    expect(told).toEqual(['final 0.0: 100 samples', 'final 1.1: 200 samples']);
    expect(recognizer.running).toEqual([]);
  });

  test('tells a segment as lost at its end when a snapshot of it has failed twice, and goes on', async () => {
    const { captioner, recognizer, dispatcher, told } = setUp();
    captioner.snapshot(range(0, 0));
    await settle();
    await failTwice(recognizer);
    captioner.snapshot(range(0, 1));
    expect(told).toEqual([]);
    captioner.finish(range(0, 2), 'silence');
    expect(told).toEqual(['lost 0']);
    captioner.finish(range(1, 0), 'silence');
    await settle();
    expect(recognizer.running).toEqual([[100]]);
    await recognizer.answer();
    expect(told[1]).toBe('final 1.0: 100 samples');
    expect(dispatcher.suspects).toBe(0);
  });

  test('tells a segment as lost when the queue is full, in its place', async () => {
    const { captioner, recognizer, told } = setUp();
    captioner.snapshot(range(9, 9));
    await settle();
    for (const id of [0, 1, 2]) captioner.finish(range(id, id), 'silence');
    expect(told).toEqual([]);
    for (let i = 0; i < 3; i++) await recognizer.answer();
    expect(told.slice(1)).toEqual(['final 0.0: 100 samples', 'final 1.1: 200 samples', 'lost 2']);
    expect(captioner.pendingFinals).toBe(0);
  });

  test('tells finals in order when threads finish them out of order', async () => {
    const { captioner, recognizer, told } = setUp({ capabilities: { concurrency: 2 } });
    captioner.finish(range(0, 0), 'silence');
    captioner.finish(range(1, 1), 'silence');
    await settle();
    await recognizer.answer(1);
    expect(told).toEqual([]);
    expect(captioner.pendingFinals).toBe(2);
    await recognizer.answer();
    expect(told).toEqual(['final 0.0: 100 samples', 'final 1.1: 200 samples']);
    expect(captioner.pendingFinals).toBe(0);
  });

  test('decodes no snapshots where no partials are wanted, but does so for a marker, and says nothing of it', async () => {
    const { captioner, recognizer, told } = setUp({ partials: false });
    captioner.snapshot(range(0, 0));
    await settle();
    expect(recognizer.running).toEqual([]);
    captioner.snapshot(range(0, 1), false, true);
    await settle();
    await recognizer.answer();
    expect(told).toEqual([]);
    captioner.finish(range(0, 1), 'silence');
    expect(told).toEqual(['final 0.1: 200 samples']);
  });

  test('says that it settled whenever something ended, told or not', async () => {
    const { captioner, recognizer, settled } = setUp({ partials: false });
    captioner.snapshot(range(0, 1), false, true);
    await settle();
    await failTwice(recognizer);
    expect(settled.count).toBe(1);
  });
});

describe('Captioner has reached a marker', () => {
  test('in silence when all segments before it have ended', async () => {
    const { captioner, recognizer } = setUp();
    expect(captioner.hasReached(0, -1)).toBe(true);
    captioner.finish(range(0, 0), 'silence');
    expect(captioner.hasReached(1, -1)).toBe(false);
    await settle();
    await recognizer.answer();
    expect(captioner.hasReached(1, -1)).toBe(true);
  });

  test('in a segment once that is decoded up to its revision, or beyond', async () => {
    const { captioner, recognizer } = setUp();
    captioner.snapshot(range(0, 0));
    await settle();
    captioner.snapshot(range(0, 1));
    await recognizer.answer();
    expect([captioner.hasReached(0, 0), captioner.hasReached(0, 1)]).toEqual([true, false]);
    captioner.snapshot(range(0, 2));
    await recognizer.answer();
    expect([captioner.hasReached(0, 1), captioner.hasReached(0, 2)]).toEqual([true, false]);
    await recognizer.answer();
    expect([captioner.hasReached(0, 1), captioner.hasReached(0, 2)]).toEqual([true, true]);
  });

  test('in a segment once that is final, lost, or its snapshot has failed', async () => {
    const { captioner, recognizer } = setUp();
    captioner.snapshot(range(0, 0));
    await settle();
    expect(captioner.hasReached(0, 0)).toBe(false);
    await recognizer.fail(new Error('failed'));
    expect(captioner.hasReached(0, 0)).toBe(false);
    await recognizer.fail(new Error('failed'));
    expect(captioner.hasReached(0, 0)).toBe(true);
    captioner.finish(range(0, 1), 'silence');
    expect(captioner.hasReached(0, 1)).toBe(true);
    captioner.finish(range(1, 0), 'silence');
    expect(captioner.hasReached(1, 0)).toBe(false);
    await settle();
    await failTwice(recognizer);
    expect(captioner.hasReached(1, 0)).toBe(true);
  });
});
