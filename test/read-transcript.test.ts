import { describe, expect, test } from 'vitest';
import { readTranscript } from '../server/transcript/read-transcript.ts';
import { finalAt, transcriptsOf } from './support/finals.ts';

const ORIGIN_MS = finalAt(0, '').spokenAtMs;
const spoken = (...atMs: readonly number[]) => transcriptsOf(...atMs.map((ms) => finalAt(ms, `At ${ms}.`)));

describe('readTranscript', () => {
  test('reads a meeting to its beginning', async () => {
    const transcripts = await spoken(...Array.from({ length: 2500 }, (_, i) => i * 10));
    const transcript = await readTranscript(transcripts, 'standup', {});
    expect(transcript!.captions).toHaveLength(2500);
    expect(transcript!.captions[0]!.text).toBe('At 0.');
    expect(transcript!.more).toBe(false);
  });

  test('reads what was said in a time, from and with the beginning, up to and without the end', async () => {
    const range = { fromMs: ORIGIN_MS + 2000, untilMs: ORIGIN_MS + 3000 };
    expect(await readTranscript(await spoken(1000, 2000, 3000), 'standup', range)).toMatchObject({
      captions: [{ text: 'At 2000.' }],
      more: false,
    });
  });

  test('is of nothing, not of an unknown meeting, where nothing was said in the time', async () => {
    const transcripts = await spoken(1000);
    const range = { fromMs: ORIGIN_MS + 60_000 };
    expect(await readTranscript(transcripts, 'standup', range)).toMatchObject({ captions: [] });
    expect(await readTranscript(transcripts, 'retro', {})).toBeNull();
  });
});
