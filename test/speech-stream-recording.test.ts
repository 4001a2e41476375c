import { describe, expect, test } from 'vitest';
import { join } from './support/audio.ts';
import { GatedRecognizer } from './support/gated-recognizer.ts';
import { createEars, hiss, Rig, speech } from './support/speech-stream-rig.ts';

const SECOND = 16_000;

function setUp() {
  const recognizer = new GatedRecognizer();
  const ears = createEars(recognizer);

  return { recognizer, ears, recording: new Rig(ears, { streamId: 'recording', meeting: 'recording' }) };
}

/** Speech of so many seconds, with a pause at its end. */
const sentence = (seconds: number) => join(speech(seconds * SECOND), hiss(SECOND));

async function answerAll(recognizer: GatedRecognizer, rig: Rig): Promise<void> {
  while (recognizer.running.length > 0) {
    await recognizer.answer();
    await rig.run();
  }
}

describe('SpeechStream that is more than 10 s ahead of what can have been spoken', () => {
  test('gets finals and no partials', async () => {
    const { recognizer, recording } = setUp();
    for (let i = 0; i < 3; i++) recording.stream.write(sentence(4));
    await recording.run();
    await answerAll(recognizer, recording);
    expect(recording.of('final')).toHaveLength(3);
    expect(recording.of('partial')).toEqual([]);
    expect(recording.timings.every(({ timing }) => timing.background)).toBe(true);
  });

  test('has its finals decoded after those of everybody else', async () => {
    const { recognizer, ears, recording } = setUp();
    for (let i = 0; i < 3; i++) recording.stream.write(sentence(4));
    await recording.run();
    expect(ears.dispatcher.queued.background).toBeGreaterThan(0);
    const live = new Rig(ears, { streamId: 'live', meeting: 'live' });
    live.stream.write(sentence(2));
    await live.run();
    await recognizer.answer();
    while (live.of('final').length === 0) await recognizer.answer();
    expect(recording.of('final').length).toBeLessThan(3);
    await answerAll(recognizer, recording);
    expect(recording.of('final')).toHaveLength(3);
  });

  test('has its markers answered all the same', async () => {
    const { recognizer, recording } = setUp();
    recording.stream.write(speech(11 * SECOND));
    recording.stream.mark(7);
    await recording.run();
    await answerAll(recognizer, recording);
    expect(recording.of('marker')).toEqual(['marker 7']);
  });

  test('gets partials again when time has caught up', async () => {
    const { recognizer, ears, recording } = setUp();
    recording.stream.write(join(sentence(4), sentence(4), hiss(2 * SECOND)));
    await recording.run();
    await answerAll(recognizer, recording);
    expect(recording.of('partial')).toEqual([]);
    ears.clock.advance(10_000);
    recording.stream.write(speech(2 * SECOND));
    await recording.run();
    await answerAll(recognizer, recording);
    expect(recording.of('partial').length).toBeGreaterThan(0);
  });
});

describe('SpeechStream that is sent at once what was held back', () => {
  test('gets partials of what can have been spoken since it connected', async () => {
    const recognizer = new GatedRecognizer();
    const ears = createEars(recognizer);
    ears.clock.advance(15_000);
    const waited = new Rig(ears, { connectedAtMs: 0 });
    for (let i = 0; i < 3; i++) waited.stream.write(sentence(4));
    await waited.run();
    await answerAll(recognizer, waited);
    expect(waited.of('final')).toHaveLength(3);
    expect(waited.of('partial').length).toBeGreaterThan(0);
    expect(waited.timings.some(({ timing }) => timing.background)).toBe(false);
  });
});
