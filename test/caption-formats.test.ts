import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FinalMessage } from '../client-sdk/protocol.ts';
import { type Captions, formatCaptions } from '../server/transcribe/caption-formats.ts';
import { readSrt, readVtt } from './support/subtitles.ts';

function final(text: string, startMs = 0, endMs = 1000, more: Partial<FinalMessage> = {}): FinalMessage {
  return {
    type: 'final',
    meeting: 'm',
    streamId: 's',
    speaker: 'Speaker 1',
    captionId: 's:0',
    segmentId: 0,
    revision: 0,
    startMs,
    endMs,
    spokenAtMs: 0,
    text,
    endpoint: 'silence',
    language: 'en',
    model: 'model@0123456789ab',
    ...more,
  };
}

function captions(...finals: FinalMessage[]): Captions {
  const books = { receivedMs: 5000, transcribedMs: 3000, silenceMs: 2000, droppedMs: 0 };

  return {
    recording: 'talk.wav',
    finals,
    done: { type: 'done', streamId: 's', captions: finals.length, ...books },
  };
}

/** Cues as a player sees them: blocks between empty lines. */
function blocks(file: string): string[] {
  return file.split(/(?:\r\n|\r|\n){2,}/).filter((block) => block.trim() !== '');
}

const two = captions(final('Good day.', 320, 1500), final('So <long> & farewell.', 3_723_004, 3_725_999));

describe('Caption formats', () => {
  test('write plain text with a line for each caption', () => {
    expect(formatCaptions(two, 'txt')).toBe('Good day.\nSo <long> & farewell.\n');
  });

  test('write SubRip with numbers and commas', () => {
    expect(formatCaptions(two, 'srt')).toBe(
      '1\n00:00:00,320 --> 00:00:01,500\nGood day.\n\n2\n01:02:03,004 --> 01:02:05,999\nSo <long> & farewell.\n',
    );
  });

  test('write WebVTT with its signature, points, and escaped marks', () => {
    expect(formatCaptions(two, 'vtt')).toBe(
      'WEBVTT\n\n00:00:00.320 --> 00:00:01.500\nGood day.\n\n' +
        '01:02:03.004 --> 01:02:05.999\nSo &lt;long&gt; &amp; farewell.\n',
    );
  });

  test('write JSON with the times, the whole text, the books and the model', () => {
    const some = captions(
      final('Good day.', 0, 1000, { confidence: 0.9 }),
      final('No no no', 1000, 2000, { cut: 'repetition', endpoint: 'flush' }),
    );
    expect(JSON.parse(formatCaptions(some, 'json'))).toEqual({
      recording: 'talk.wav',
      text: 'Good day. No no no',
      captions: [
        { startMs: 0, endMs: 1000, text: 'Good day.', language: 'en', confidence: 0.9, endpoint: 'silence' },
        {
          ...{ startMs: 1000, endMs: 2000, text: 'No no no', language: 'en' },
          ...{ cut: 'repetition', endpoint: 'flush' },
        },
      ],
      audio: { receivedMs: 5000, transcribedMs: 3000, silenceMs: 2000, droppedMs: 0 },
      model: 'model@0123456789ab',
    });
  });

  test('write JSON with what the model tells besides, where it does', () => {
    const words = [{ text: '好', startMs: 60, endMs: 240, confidence: 0.9 }];
    const told = { language: 'zh', emotion: 'happy', event: 'laughter', words } as const;
    const [caption] = JSON.parse(formatCaptions(captions(final('好', 0, 1000, told)), 'json')).captions;
    expect(caption).toEqual({ startMs: 0, endMs: 1000, text: '好', endpoint: 'silence', ...told });
  });

  test('leave out captions that say nothing, and number the rest without a gap', () => {
    const some = captions(final(''), final('One'), final(''), final('Two'));
    expect(blocks(formatCaptions(some, 'srt')).map((block) => block.split('\n')[0])).toEqual(['1', '2']);
    expect(blocks(formatCaptions(some, 'vtt'))).toHaveLength(3);
    expect(formatCaptions(some, 'txt')).toBe('One\nTwo\n');
    expect(JSON.parse(formatCaptions(some, 'json'))).toMatchObject({ captions: { length: 2 } });
  });

  test('are whole files even when nothing was said', () => {
    const none = captions();
    expect(formatCaptions(none, 'txt')).toBe('');
    expect(formatCaptions(none, 'srt')).toBe('');
    expect(formatCaptions(none, 'vtt')).toBe('WEBVTT\n');
    expect(JSON.parse(formatCaptions(none, 'json'))).toMatchObject({ text: '', captions: [] });
  });

  test('go beyond a hundred hours', () => {
    expect(formatCaptions(captions(final('x', 360_000_000, 360_000_001)), 'vtt')).toContain(
      '100:00:00.000 -->',
    );
  });

  test('divide long captions into cues of two lines', () => {
    const long = final(`${'Nobody has said so much at once before, '.repeat(6)}I think.`, 0, 18_000);
    for (const cue of readSrt(formatCaptions(captions(long), 'srt'))) {
      expect(cue.lines.length).toBeLessThanOrEqual(2);
      for (const line of cue.lines) expect(line.length).toBeLessThanOrEqual(40);
    }
  });

  test.each(['srt', 'vtt'] as const)('are valid %s whatever is said', (format) => {
    const signs = fc.constantFrom('\n', '\r', '-->', '--', '>', '<', '&', ' ', 'word', '\t');
    const text = fc.array(signs, { minLength: 1, maxLength: 12 }).map((list) => `a${list.join('')}z`);
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (texts) => {
        const file = formatCaptions(captions(...texts.map((each) => final(each))), format);
        expect((format === 'srt' ? readSrt : readVtt)(file).length).toBeGreaterThanOrEqual(texts.length);
      }),
    );
  });
});
