import { describe, expect, test } from 'vitest';
import { FUNASR } from '../../server/dialects/funasr/funasr.ts';
import { ConversationRig } from '../support/conversation-rig.ts';
import { beginFunasr as begin, FIRST, type FunasrTold, passMarkers, shortly } from '../support/funasr-rig.ts';

describe("An utterance of FunASR's", () => {
  test.each([
    { is_speaking: false },
    { is_finished: true },
    { is_speaking: false, mode: '2pass', wav_name: 'demo' },
  ])('ends the utterance with %j, and marks its last message', (end) => {
    const rig = begin();
    rig.final('One.');
    rig.text(end);
    rig.final('Two.');
    rig.final('Three.');
    expect(rig.sent.map(shortly)).toEqual([
      ['2pass-offline', 'One.', false],
      ['2pass-offline', ' Two.', false],
    ]);
    passMarkers(rig);
    expect(shortly(rig.last!)).toEqual(['2pass-offline', ' Three.', true]);
    expect(rig.sent).toHaveLength(3);
    expect(rig.closes).toEqual([]);
  });

  test('marks an empty message when nothing is left to say, or nothing was said', () => {
    const rig = begin();
    rig.final('One.');
    rig.text({ is_speaking: false });
    passMarkers(rig);
    expect(rig.last).toEqual({ text: '', wav_name: 'demo', is_final: true });
    const silent = new ConversationRig<FunasrTold>(FUNASR);
    silent.text({ is_speaking: false });
    silent.native.ready();
    passMarkers(silent);
    expect(silent.sent).toEqual([{ text: '', wav_name: 'wav-default-id', is_final: true }]);
  });

  test('answers is_end behind all results', () => {
    const rig = begin();
    rig.text({ is_speaking: false, is_end: true });
    rig.final('One.');
    passMarkers(rig);
    expect(rig.sent.map(shortly)).toEqual([
      ['2pass-offline', 'One.', true],
      ['2pass', undefined, true],
    ]);
    expect(rig.last).toEqual({ mode: '2pass', wav_name: 'demo', is_final: true, is_end: true });
  });

  test('goes on with another utterance on the same connection, whose times and names are its own', () => {
    const rig = begin();
    rig.text({ is_speaking: false });
    rig.text({ ...FIRST, wav_name: 'second' });
    rig.binary(64_000);
    rig.partial('Two', { startMs: 1100, endMs: 1500, segmentId: 1, stableChars: 3 });
    rig.final('One.', { startMs: 0, endMs: 900, segmentId: 0 });
    passMarkers(rig);
    rig.final('Two.', { startMs: 1100, endMs: 1900, segmentId: 1 });
    rig.text({ is_speaking: false });
    passMarkers(rig);
    expect(rig.sent).toMatchObject([
      { text: 'One.', wav_name: 'demo', is_final: true, start_time: 0, index: 0 },
      { text: 'Two.', wav_name: 'second', is_final: false, start_time: 100, end_time: 900, index: 0 },
      { text: '', wav_name: 'second', is_final: true },
    ]);
  });

  test('lets no half sample of one utterance tear the next', () => {
    const rig = begin();
    rig.binary(1);
    rig.text({ is_speaking: false });
    rig.binary(Uint8Array.of(1, 2));
    expect(rig.native.heard).toEqual(['start', 32_000, 2, 'flush', 'marker 0', 2]);
    expect(rig.native.audio.slice(-4)).toEqual([0, 0, 1, 2]);
  });

  test('takes no other rate on the same connection', () => {
    const rig = begin();
    rig.text({ is_speaking: false });
    rig.text({ ...FIRST, audio_fs: 8000 });
    rig.binary(2);
    expect(rig.closes).toEqual([{ code: 4422, reason: 'out-of-range' }]);
  });

  test('says that it takes PCM only, where FunASR says it: at the end', () => {
    const rig = new ConversationRig<FunasrTold>(FUNASR);
    rig.text({ ...FIRST, wav_format: 'mp3' });
    rig.binary(1001);
    rig.text({ is_speaking: false, is_end: true });
    rig.native.ready();
    expect(rig.native.audio).toEqual([]);
    passMarkers(rig);
    const text = 'ERROR. Real-time transcription service ONLY SUPPORT PCM stream.';
    expect(rig.sent).toEqual([
      { text, wav_name: 'demo', is_final: true },
      { mode: '2pass', wav_name: 'demo', is_final: false, is_end: true, error: text },
    ]);
    const capital = new ConversationRig<FunasrTold>(FUNASR);
    capital.text({ ...FIRST, wav_format: 'PCM' });
    capital.binary(2);
    expect(capital.native.start).not.toBeNull();
  });
});
