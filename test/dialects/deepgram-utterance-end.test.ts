import { describe, expect, it } from 'vitest';
import { DeepgramRig, LINEAR16, type Told } from './deepgram-rig.ts';

const QUERY = `${LINEAR16}&interim_results=true&utterance_end_ms=1000`;

/** A stream in which one word was spoken, of 1 s. */
function spoken(): DeepgramRig {
  const rig = new DeepgramRig(QUERY);
  rig.audio(1500);
  rig.partial('hello');
  rig.final('hello', { endMs: 1000 });

  return rig;
}

function utteranceEnds(rig: DeepgramRig): readonly Told[] {
  return rig.told.filter(({ type }) => type === 'UtteranceEnd');
}

describe('UtteranceEnd', () => {
  it('comes once, when no word follows the last for as long as was asked', () => {
    const rig = spoken();
    rig.audio(499);
    expect(rig.native.heard).not.toContain('marker 1');
    rig.audio(1);
    rig.answerMarkers();
    expect(rig.last).toEqual({ type: 'UtteranceEnd', channel: [0, 1], last_word_end: 1 });
    rig.audio(5000);
    rig.answerMarkers();
    expect(utteranceEnds(rig)).toHaveLength(1);
  });

  it('comes also when its audio had come before the words were final', () => {
    const rig = new DeepgramRig(QUERY);
    rig.audio(3000);
    rig.final('hello', { endMs: 1000 });
    rig.answerMarkers();
    expect(utteranceEnds(rig)).toHaveLength(1);
  });

  it('comes before the next words where both were sent at once', () => {
    const rig = new DeepgramRig(QUERY);
    rig.audio(9000);
    rig.final('hello', { endMs: 1000 });
    rig.partial('again', { segmentId: 1, startMs: 2000, endMs: 2600 });
    rig.final('again', { segmentId: 1, startMs: 2000, endMs: 3000 });
    rig.final('at once', { segmentId: 2, startMs: 3999, endMs: 5000 });
    rig.answerMarkers();
    expect(rig.types).toEqual([
      ...['Results', 'UtteranceEnd', 'Results', 'Results', 'Results', 'UtteranceEnd'],
    ]);
    expect(utteranceEnds(rig).map((end) => end.last_word_end)).toEqual([1, 5]);
  });

  it('comes again behind the next words', () => {
    const rig = spoken();
    rig.audio(500);
    rig.answerMarkers();
    rig.final('again', { segmentId: 1, startMs: 3000, endMs: 3400 });
    rig.audio(2400);
    rig.answerMarkers();
    expect(utteranceEnds(rig)).toEqual([
      expect.objectContaining({ last_word_end: 1 }),
      expect.objectContaining({ last_word_end: 3.4 }),
    ]);
  });

  it('waits while words are heard, and begins anew behind them', () => {
    const rig = spoken();
    rig.audio(400);
    rig.partial('and', { segmentId: 1, startMs: 1500 });
    rig.audio(3000);
    rig.answerMarkers();
    expect(utteranceEnds(rig)).toEqual([]);
    rig.final('and on', { segmentId: 1, endMs: 4800 });
    rig.audio(900);
    rig.answerMarkers();
    expect(utteranceEnds(rig)).toEqual([expect.objectContaining({ last_word_end: 4.8 })]);
  });

  it('does not come when words are found before it is sure', () => {
    const rig = spoken();
    rig.audio(500);
    rig.partial('and', { segmentId: 1, startMs: 1400 });
    rig.answerMarkers();
    expect(utteranceEnds(rig)).toEqual([]);
  });

  it.each([
    ['a final without words', (rig: DeepgramRig) => rig.final('', { segmentId: 1, endMs: 2000 })],
    [
      'no final at all',
      (rig: DeepgramRig) => {
        rig.say({ type: 'speech-started', segmentId: 1, atMs: 1200 });
        rig.say({ type: 'ack', acknowledgedMs: 2400 });
      },
    ],
  ])('is not held up by noise that is taken back by %s', (_, takeBack) => {
    const rig = spoken();
    rig.partial('mm', { segmentId: 1, startMs: 1200 });
    rig.audio(1000);
    takeBack(rig);
    rig.audio(100);
    rig.answerMarkers();
    expect(utteranceEnds(rig)).toEqual([expect.objectContaining({ last_word_end: 1 })]);
  });

  it('is not brought on by the end of noise while words are heard', () => {
    const rig = spoken();
    rig.say({ type: 'speech-started', segmentId: 1, atMs: 1200 });
    rig.say({ type: 'speech-started', segmentId: 2, atMs: 1950 });
    rig.partial('and', { segmentId: 2, startMs: 1950 });
    rig.say({ type: 'ack', acknowledgedMs: 1900 });
    rig.audio(3000);
    rig.answerMarkers();
    expect(utteranceEnds(rig)).toEqual([]);
  });

  it('does not come to those who do not ask', () => {
    const rig = new DeepgramRig(`${LINEAR16}&interim_results=true`);
    rig.final('hello');
    rig.audio(60_000);
    rig.answerMarkers();
    expect(rig.types).toEqual(['Results']);
  });
});
