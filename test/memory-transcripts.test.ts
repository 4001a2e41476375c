import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryTranscripts } from '../server/history/memory-transcripts.ts';
import { readTranscript } from '../server/transcript/read-transcript.ts';
import { finalAt } from './support/finals.ts';

function remember(...atMs: readonly number[]): MemoryTranscripts {
  const transcripts = new MemoryTranscripts();
  for (const ms of atMs) transcripts.recorder.final(finalAt(ms, `At ${ms}.`));

  return transcripts;
}

const ORIGIN_MS = finalAt(0, '').spokenAtMs;
const textsOf = (found: { captions: readonly { text: string }[] }) => found.captions.map(({ text }) => text);

describe('Transcripts in memory', () => {
  test('come in the order they were spoken, whatever the order they became final in', async () => {
    const found = await remember(5000, 1000, 3000).finals('standup', { limit: 10 });
    expect(textsOf(found)).toEqual(['At 1000.', 'At 3000.', 'At 5000.']);
    expect(found.more).toBe(false);
  });

  test('come newest first where not all are wanted, and say that there are more', async () => {
    const found = await remember(1000, 2000, 3000).finals('standup', { limit: 2 });
    expect(textsOf(found)).toEqual(['At 2000.', 'At 3000.']);
    expect(found.more).toBe(true);
  });

  test('are found by time, from and with the beginning, up to and without the end', async () => {
    const transcripts = remember(1000, 2000, 3000);
    const range = { fromMs: ORIGIN_MS + 2000, untilMs: ORIGIN_MS + 3000 };
    expect(await readTranscript(transcripts, 'standup', range)).toMatchObject({
      captions: [{ text: 'At 2000.' }],
      more: false,
    });
  });

  test('hold each caption once, as it was told last, and none that was taken back', async () => {
    const transcripts = remember(1000, 2000);
    transcripts.recorder.final(finalAt(1000, 'Again.'));
    transcripts.recorder.final(finalAt(2000, ''));
    expect(textsOf(await transcripts.finals('standup', { limit: 9 }))).toEqual(['Again.']);
  });

  test('know nothing of other meetings', async () => {
    expect(await remember(1000).finals('retro', { limit: 9 })).toEqual({ captions: [], more: false });
    expect(await readTranscript(remember(1000), 'retro', {})).toBeNull();
  });

  test('forget those first that came first, when there are too many', async () => {
    const transcripts = new MemoryTranscripts(2);
    for (const ms of [3000, 1000, 2000]) transcripts.recorder.final(finalAt(ms, `At ${ms}.`));
    expect(textsOf(await transcripts.finals('standup', { limit: 9 }))).toEqual(['At 1000.', 'At 2000.']);
  });

  test('come page by page without one lost or twice, also where two were spoken at once', async () => {
    const streams = fc.array(fc.tuple(fc.nat(20), fc.constantFrom('a', 'b', 'c')), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(streams, fc.integer({ min: 1, max: 7 }), async (spoken, limit) => {
        const transcripts = new MemoryTranscripts();
        for (const [atMs, streamId] of spoken) transcripts.recorder.final(finalAt(atMs, 'x', { streamId }));
        const whole = await transcripts.finals('standup', { limit: 1000 });
        const pages: (typeof whole)['captions'][number][] = [];
        for (let more = true; more; ) {
          const page = await transcripts.finals('standup', { limit, ...(pages[0] && { before: pages[0] }) });
          pages.unshift(...page.captions);
          more = page.more;
        }
        expect(pages).toEqual(whole.captions);
      }),
    );
  });
});

describe('readTranscript', () => {
  test('reads a meeting to its beginning', async () => {
    const transcripts = remember(...Array.from({ length: 2500 }, (_, i) => i * 10));
    const transcript = await readTranscript(transcripts, 'standup', {});
    expect(transcript!.captions).toHaveLength(2500);
    expect(transcript!.captions[0]!.text).toBe('At 0.');
    expect(transcript!.more).toBe(false);
  });

  test('is of nothing, not of an unknown meeting, where nothing was said in the time', async () => {
    const range = { fromMs: ORIGIN_MS + 60_000 };
    expect(await readTranscript(remember(1000), 'standup', range)).toMatchObject({ captions: [] });
  });
});
