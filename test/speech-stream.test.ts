import { describe, expect, test } from 'vitest';
import { LevelVad } from '../inference/doubles/level-vad.ts';
import { ScriptedRecognizer } from '../inference/doubles/scripted-recognizer.ts';
import type { SpeechSegment } from '../inference/recognizer.ts';
import { StreamError } from '../server/errors.ts';
import type { SpeechStreamOptions } from '../server/stream/speech-stream-terms.ts';
import { GatedRecognizer } from './support/gated-recognizer.ts';
import { createEars, hiss, lengthAsText, Rig, speech } from './support/speech-stream-rig.ts';

const WINDOW = 512;

function instant(options: Partial<SpeechStreamOptions> = {}): Rig {
  return new Rig(createEars(new ScriptedRecognizer({ script: lengthAsText })), options);
}

function gated(options: Partial<SpeechStreamOptions> = {}) {
  const recognizer = new GatedRecognizer();

  return { recognizer, rig: new Rig(createEars(recognizer), options) };
}

function codeOf(action: () => void): string | null {
  try {
    action();
  } catch (error) {
    if (error instanceof StreamError) return error.code;
    throw error;
  }

  return null;
}

describe('SpeechStream', () => {
  test('captions speech between silences, and its books say where the audio went', async () => {
    const rig = instant();
    for (const audio of [hiss(20 * WINDOW), speech(20 * WINDOW), hiss(40 * WINDOW)]) rig.stream.write(audio);
    rig.stream.stop();
    await rig.run();
    expect(rig.told[0]).toBe(`speech 0 at ${16 * WINDOW}`);
    expect(rig.of('final')).toEqual([`final 0: ${16 * WINDOW}-${48 * WINDOW}`]);
    expect(rig.told.slice(-2)).toEqual([
      `acknowledged ${80 * WINDOW}`,
      'done {"receivedMs":2560,"transcribedMs":1024,"droppedMs":0,"silenceMs":1536}',
    ]);
    expect(rig.stream.bufferedSamples).toBe(0);
  });

  test('gives the same finals whatever pieces the audio comes in', async () => {
    const whole = Float32Array.of(...hiss(5000), ...speech(9000), ...hiss(15_000), ...speech(7777));
    const finals: string[][] = [];
    for (const piece of [whole.length, 1600, 511, 37]) {
      const rig = instant();
      for (let at = 0; at < whole.length; at += piece) rig.stream.write(whole.subarray(at, at + piece));
      rig.stream.stop();
      await rig.run();
      finals.push(rig.of('final'));
    }
    expect(finals[0]).toHaveLength(2);
    expect(new Set(finals.map((each) => each.join())).size).toBe(1);
  });

  test('hands the recogniser exactly the audio of the segment', async () => {
    const heard: Float32Array[] = [];
    const script = ({ samples }: { samples: Float32Array }) => `${heard.push(samples)}`;
    const rig = new Rig(createEars(new ScriptedRecognizer({ script })), { partials: false });
    const audio = speech(5000).map((sample, i) => sample + i / 1e6);
    rig.stream.write(audio);
    rig.stream.stop();
    await rig.run();
    expect(heard).toEqual([audio]);
  });

  test('hands the recogniser no more than the longest segment, in shared memory, and drafts across a cut', async () => {
    const taken: { readonly from: number; readonly heard: string; readonly draft: string }[] = [];
    // A character for every 10 windows, by where in the stream they lie.
    const script = ({ samples, draft = [] }: SpeechSegment) => {
      expect(samples.length).toBeLessThanOrEqual(6400 * 16);
      expect(samples.buffer).toBeInstanceOf(SharedArrayBuffer);
      const positions = Array.from(samples, (sample) => Math.round((Math.abs(sample) - 0.3) * 1e6));
      const marks = positions.filter((position) => position % 5120 === 0);
      const heard = String.fromCodePoint(...marks.map((position) => 0x4e00 + position / 5120));
      taken.push({ from: marks[0]!, heard, draft: String.fromCodePoint(...draft) });

      return heard;
    };
    const rig = new Rig(createEars(new ScriptedRecognizer({ script })));
    const audio = speech(210 * WINDOW).map((sample, i) => sample + (Math.sign(sample) * i) / 1e6);
    // The quietest point of the last 30 %.
    audio.fill(0.1, 170 * WINDOW, 173 * WINDOW);
    for (let at = 0; at < audio.length; at += WINDOW) {
      rig.stream.write(audio.subarray(at, at + WINDOW));
      await rig.run();
    }
    const cutAt = 172 * WINDOW;
    const before = taken.filter(({ from }) => from === 0).at(-2)!;
    const after = taken.find(({ from }) => from > 0)!;
    expect(rig.of('final')).toEqual([`final 0: 0-${cutAt}`]);
    expect(after.draft).not.toBe('');
    expect(before.heard.endsWith(after.draft)).toBe(true);
    expect(after.heard.startsWith(after.draft)).toBe(true);
  });

  test('ends the open segment at a flush and goes on from there', async () => {
    const rig = instant();
    rig.stream.write(speech(10_100));
    rig.stream.flush();
    rig.stream.write(speech(6000));
    rig.stream.stop();
    await rig.run();
    expect(rig.of('final')).toEqual(['final 0: 0-10100', 'final 1: 10100-16100']);
    expect(rig.of('done')[0]).toContain('"silenceMs":0');
  });

  test('tells of a lost segment as dropped audio, and goes on', async () => {
    const { rig, recognizer } = gated({ partials: false });
    rig.stream.write(speech(16_000));
    rig.stream.flush();
    await rig.run();
    for (let i = 0; i < 2; i++) await recognizer.fail(new Error('failed'));
    rig.stream.write(speech(16_000));
    rig.stream.stop();
    await rig.run();
    await recognizer.answer();
    expect(rig.of('lost')).toEqual(['lost 0: 0-16000']);
    expect(rig.told.at(-1)).toBe(
      'done {"receivedMs":2000,"transcribedMs":1000,"droppedMs":1000,"silenceMs":0}',
    );
  });

  test('is done at once when it is stopped without audio, and once however often it is stopped', async () => {
    const rig = instant();
    rig.stream.stop();
    rig.stream.stop();
    await rig.run();
    expect(rig.of('done')).toHaveLength(1);
  });

  test('takes nothing after its stop', () => {
    const { rig } = gated();
    rig.stream.write(speech(5000));
    rig.stream.stop();
    const codes = [() => rig.stream.write(speech(1)), () => rig.stream.flush(), () => rig.stream.mark(1)].map(
      codeOf,
    );
    expect(codes).toEqual(['already-stopped', 'already-stopped', 'already-stopped']);
  });

  test('takes audio up to its bound and refuses one sample more, then takes on as audio becomes final', async () => {
    const { rig, recognizer } = gated({ maxBufferedSamples: 20_000, partials: false });
    rig.stream.write(speech(19_000));
    expect(codeOf(() => rig.stream.write(speech(1001)))).toBe('audio-overrun');
    rig.stream.write(speech(1000));
    expect(codeOf(() => rig.stream.write(speech(1)))).toBe('audio-overrun');
    expect(rig.stream.bufferedSamples).toBe(20_000);
    rig.stream.flush();
    await rig.run();
    expect(codeOf(() => rig.stream.write(speech(1)))).toBe('audio-overrun');
    await recognizer.answer();
    rig.stream.write(speech(20_000));
    expect(rig.stream.books.receivedSamples).toBe(40_000);
  });

  test('ends as failed, with its audio dropped, when voice detection fails', async () => {
    const vad = new LevelVad();
    await vad.close();
    const rig = new Rig(createEars(new ScriptedRecognizer({ script: lengthAsText }), vad));
    rig.stream.write(speech(5000));
    await rig.run();
    expect(rig.told).toEqual(['failed internal']);
    expect(rig.stream.books.droppedSamples).toBe(5000);
    expect(codeOf(() => rig.stream.write(speech(1)))).toBe('already-stopped');
  });
});

describe('SpeechStream answers a marker', () => {
  test('at once in silence, though its last samples fill no window', async () => {
    const rig = instant();
    rig.stream.mark(1);
    expect(rig.told).toEqual(['marker 1']);
    rig.stream.write(hiss(1000));
    rig.stream.mark(2);
    await rig.run();
    expect(rig.of('marker')).toEqual(['marker 1', 'marker 2']);
  });

  test('in the middle of speech once all audio before it is decoded and told', async () => {
    const { rig, recognizer } = gated();
    rig.stream.write(speech(5 * WINDOW + 100));
    rig.stream.mark(7);
    await rig.run();
    expect(recognizer.running).toEqual([[5 * WINDOW + 100]]);
    expect(rig.of('marker')).toEqual([]);
    await recognizer.answer();
    expect(rig.told).toEqual(['speech 0 at 0', `partial 0: 0-${5 * WINDOW + 100}`, 'marker 7']);
  });

  test('after the final before it, even where no partials are wanted', async () => {
    const { rig, recognizer } = gated({ partials: false });
    rig.stream.write(speech(5000));
    rig.stream.flush();
    rig.stream.mark(1);
    rig.stream.write(speech(5000));
    rig.stream.mark(2);
    await rig.run();
    expect(rig.of('marker')).toEqual([]);
    await recognizer.answer();
    await rig.run();
    expect(rig.told.slice(-2)).toEqual(['final 0: 0-5000', 'marker 1']);
    await recognizer.answer();
    expect(rig.told.at(-1)).toBe('marker 2');
    expect(rig.of('partial')).toEqual([]);
  });

  test('in the order they came, and all before it is done', async () => {
    const rig = instant();
    for (const id of [3, 1, 2]) {
      rig.stream.write(speech(3000));
      rig.stream.mark(id);
    }
    rig.stream.stop();
    await rig.run();
    expect(rig.of('marker')).toEqual(['marker 3', 'marker 1', 'marker 2']);
    expect(rig.told.at(-1)).toMatch(/^done/);
  });

  test('although the segment it stands in is lost', async () => {
    const { rig, recognizer } = gated();
    rig.stream.write(speech(5000));
    rig.stream.mark(1);
    rig.stream.flush();
    await rig.run();
    while (recognizer.running.length > 0) await recognizer.fail(new Error('failed'));
    expect(rig.told.slice(-2)).toEqual(['lost 0: 0-5000', 'marker 1']);
  });

  test('unless there are too many that wait, flushes among them', async () => {
    const { rig, recognizer } = gated({ maxFences: 3 });
    rig.stream.write(speech(5000));
    rig.stream.mark(1);
    rig.stream.flush();
    rig.stream.mark(2);
    for (const action of [() => rig.stream.mark(3), () => rig.stream.flush()]) {
      expect(codeOf(action)).toBe('too-many-fences');
    }
    await rig.run();
    while (recognizer.running.length > 0) await recognizer.answer();
    expect(rig.of('marker')).toEqual(['marker 1', 'marker 2']);
    expect(codeOf(() => rig.stream.mark(3))).toBeNull();
  });

  test('unless there are too many that wait for their audio to be decoded', async () => {
    const { rig, recognizer } = gated({ maxFences: 2 });
    rig.stream.write(speech(5000));
    rig.stream.mark(1);
    await rig.run();
    rig.stream.mark(2);
    expect(codeOf(() => rig.stream.mark(3))).toBe('too-many-fences');
    while (recognizer.running.length > 0) await recognizer.answer();
    expect(codeOf(() => rig.stream.mark(3))).toBeNull();
  });
});
