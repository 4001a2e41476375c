import { describe, expect, it } from 'vitest';
import type { FinalMessage } from '../client-sdk/protocol.ts';
import { transcriptFile } from '../web/recordings/transcript-files.ts';

function final(startMs: number, endMs: number, text: string): FinalMessage {
  return {
    ...{
      type: 'final',
      meeting: 'm',
      streamId: 's',
      speaker: 'talk',
      captionId: 's:0',
      segmentId: 0,
      revision: 1,
    },
    ...{ startMs, endMs, spokenAtMs: 0, text, endpoint: 'silence', language: 'en', model: 'model' },
  } as FinalMessage;
}

describe('The files of a recording', () => {
  const said = [final(1250, 2500, 'Salt & <pepper>.'), final(3_723_004, 3_724_000, 'An hour later.')];

  it('have the times of the recording, with the marks each format wants', () => {
    expect(transcriptFile('srt', said)).toBe(
      '1\n00:00:01,250 --> 00:00:02,500\nSalt & <pepper>.\n\n2\n01:02:03,004 --> 01:02:04,000\nAn hour later.\n',
    );
    expect(transcriptFile('vtt', said)).toBe(
      'WEBVTT\n\n00:00:01.250 --> 00:00:02.500\nSalt &amp; &lt;pepper&gt;.\n\n01:02:03.004 --> 01:02:04.000\nAn hour later.\n',
    );
    expect(transcriptFile('txt', said)).toBe('Salt & <pepper>.\nAn hour later.\n');
    expect(JSON.parse(transcriptFile('json', said))[1]).toEqual({
      startMs: 3_723_004,
      endMs: 3_724_000,
      text: 'An hour later.',
      language: 'en',
    });
  });

  it('divide a long caption into cues that follow one another in its time', () => {
    const text = Array.from({ length: 60 }, (_, i) => `word${i}`).join(' ');
    const lines = transcriptFile('srt', [final(0, 20_000, text)]).split('\n');
    const times = lines.filter((line) => line.includes('-->')).map((line) => line.split(' --> '));
    expect(times.length).toBeGreaterThan(3);
    expect(times[0]![0]).toBe('00:00:00,000');
    expect(times.at(-1)![1]).toBe('00:00:20,000');
    for (const [index, [start, end]] of times.entries()) {
      expect(start! < end!).toBe(true);
      if (index > 0) expect(start! >= times[index - 1]![1]!).toBe(true);
    }
  });
});
