import { describe, expect, test } from 'vitest';
import type { SegmentRange } from '../server/stream/segmenter.ts';
import { range, setUp } from './support/captioner-rig.ts';
import { settle } from './support/settle.ts';

/** A captioner whose open segment has been spoken up to `now`: what grows, grows to there. */
function setUpSpeaking() {
  const speech = { now: range(0, 0) };
  const rig = setUp({
    grow: (old) => (old.segmentId === speech.now.segmentId ? speech.now : old),
    grownEnd: (old) => (old.segmentId === speech.now.segmentId ? speech.now.endSample : old.endSample),
  });
  /** Takes a snapshot, and speaks on while it waits. */
  const speakOn = (asked: SegmentRange, until: SegmentRange, pause = false) => {
    speech.now = asked;
    rig.captioner.snapshot(asked, pause);
    speech.now = until;
  };

  return { ...rig, speech, speakOn };
}

describe('Captioner grows a snapshot', () => {
  test('until its turn comes, and captions what has been said by then', async () => {
    const { recognizer, told, speech, speakOn } = setUpSpeaking();
    speakOn(range(0, 0), range(0, 4));
    await settle();
    expect(recognizer.running).toEqual([[500]]);
    speech.now = range(0, 9);
    await recognizer.answer();
    expect(told).toEqual(['partial 0.4: 500 samples']);
  });

  test('and says how much there is of it to decode, and how much of that is new', async () => {
    const { captioner, recognizer, dispatcher, speech, speakOn } = setUpSpeaking();
    speakOn(range(0, 0), range(0, 0));
    await settle();
    speakOn(range(0, 1), range(0, 1));
    const backlog = () => dispatcher.backlogMs.total;
    const atFirst = backlog();
    speech.now = range(0, 100);
    expect(backlog()).toBeGreaterThan(atFirst);
    const undrafted = backlog();
    await recognizer.answer();
    await recognizer.answer();
    captioner.snapshot(range(0, 101));
    speech.now = range(0, 200);
    await settle();
    captioner.snapshot(range(0, 201));
    speech.now = range(0, 100);
    expect(backlog()).toBeLessThan(undrafted);
  });

  test('in a pause to the very final, which then costs no decoding', async () => {
    const { captioner, recognizer, told, speakOn } = setUpSpeaking();
    speakOn(range(0, 0), range(0, 3), true);
    await settle();
    await recognizer.answer();
    captioner.finish(range(0, 3), 'silence');
    expect(told).toEqual(['partial 0.3: 400 samples', 'final 0.3: 400 samples']);
    await settle();
    expect(recognizer.running).toEqual([]);
  });

  test('to the very final, which ends while it is decoded', async () => {
    const { captioner, recognizer, told, speakOn } = setUpSpeaking();
    speakOn(range(0, 0), range(0, 3), true);
    await settle();
    captioner.finish(range(0, 3), 'silence');
    await recognizer.answer();
    expect(told).toEqual(['final 0.3: 400 samples']);
    expect(recognizer.running).toEqual([]);
  });

  test('but not a finished segment, whatever is said after it', async () => {
    const { captioner, recognizer, told, speech } = setUpSpeaking();
    captioner.finish(range(0, 2), 'flush');
    speech.now = range(0, 9);
    await settle();
    await recognizer.answer();
    expect(told).toEqual(['final 0.2: 300 samples']);
  });

  test('anew for its second try, unless its segment has ended', async () => {
    for (const ended of [false, true]) {
      const { captioner, recognizer, told, speech, speakOn } = setUpSpeaking();
      speakOn(range(0, 0), range(0, 1), true);
      await settle();
      if (ended) captioner.finish(range(0, 1), 'silence');
      speech.now = range(0, 5);
      await recognizer.fail(new Error('failed'));
      expect(recognizer.running).toEqual([[ended ? 200 : 600]]);
      await recognizer.answer();
      expect(told).toEqual([ended ? 'final 0.1: 200 samples' : 'partial 0.5: 600 samples']);
    }
  });

  test('and has reached a marker that was set before it grew', async () => {
    const { captioner, recognizer, speakOn } = setUpSpeaking();
    speakOn(range(0, 0), range(0, 4));
    await settle();
    expect(captioner.hasReached(0, 0)).toBe(false);
    await recognizer.answer();
    expect([captioner.hasReached(0, 0), captioner.hasReached(0, 4), captioner.hasReached(0, 5)]).toEqual([
      true,
      true,
      true,
    ]);
  });
});

describe('Captioner queues', () => {
  test('snapshots of pauses as candidates, others as partials, and finished segments as finals', async () => {
    const { captioner, dispatcher } = setUp();
    captioner.snapshot(range(9, 0));
    await settle();
    captioner.snapshot(range(0, 0));
    expect(dispatcher.queued).toMatchObject({ final: 0, candidate: 0, partial: 1 });
    captioner.snapshot(range(0, 1), true);
    expect(dispatcher.queued).toMatchObject({ final: 0, candidate: 1, partial: 0 });
    captioner.finish(range(0, 2), 'silence');
    expect(dispatcher.queued).toMatchObject({ final: 1, candidate: 0, partial: 0 });
  });

  test('finals of a stream that is not live in the background, and none of its snapshots', async () => {
    const live = { now: true };
    const { captioner, recognizer, dispatcher, told, timings } = setUp({ isLive: () => live.now });
    captioner.snapshot(range(9, 0));
    await settle();
    live.now = false;
    captioner.snapshot(range(0, 0));
    captioner.finish(range(0, 1), 'silence');
    expect(dispatcher.queued).toEqual({ final: 0, candidate: 0, partial: 0, background: 1 });
    await recognizer.answer();
    await recognizer.answer();
    expect(told.slice(1)).toEqual(['final 0.1: 200 samples']);
    expect(timings.map((timing) => timing?.background)).toEqual([false, true]);
  });

  test('has a snapshot that became the final while it ran decoded again as a final when its batch fails', async () => {
    const { captioner, recognizer, dispatcher, told } = setUp();
    captioner.snapshot(range(0, 3), true);
    captioner.snapshot(range(0, 3), true);
    await settle();
    captioner.finish(range(0, 3), 'silence');
    captioner.finish(range(1, 0), 'silence');
    await recognizer.fail(new Error('out of memory'));
    expect(dispatcher.queued.candidate).toBe(0);
    while (recognizer.running.length > 0) await recognizer.answer();
    expect(told).toEqual(['final 0.3: 400 samples', 'final 1.0: 100 samples']);
  });
});
