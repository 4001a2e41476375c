import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readTranscript } from '../server/transcript/read-transcript.ts';
import { finalAt } from './support/finals.ts';
import { ToldFinals } from './support/told-finals.ts';

const ORIGIN_MS = finalAt(0, '').spokenAtMs;

async function read(atMs: readonly number[], range: Parameters<typeof readTranscript>[2] = {}) {
  const told = await ToldFinals.of(...atMs.map((ms) => finalAt(ms, `At ${ms}.`)));
  const transcript = await readTranscript(told, 'standup', range);

  return transcript && { texts: transcript.captions.map(({ text }) => text), more: transcript.more };
}

describe('A transcript that is read', () => {
  test('is in the order it was spoken, whatever the order it became final in', async () => {
    expect(await read([5000, 1000, 3000])).toEqual({
      texts: ['At 1000.', 'At 3000.', 'At 5000.'],
      more: false,
    });
  });

  test('is of a stretch of time, from and with its beginning, up to and without its end', async () => {
    const range = { fromMs: ORIGIN_MS + 2000, untilMs: ORIGIN_MS + 3000 };
    expect(await read([1000, 2000, 3000], range)).toEqual({ texts: ['At 2000.'], more: false });
  });

  test('goes back to the beginning, page by page, and loses none of those spoken at once', async () => {
    const spoken = fc.array(fc.tuple(fc.nat(3), fc.nat(9)), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(spoken, async (drawn) => {
        const finals = drawn.map(([stream, atMs], i) =>
          finalAt(atMs, `${i}`, { streamId: `${stream}`, segmentId: i }),
        );
        const told = await ToldFinals.of(...finals);
        const inPages = {
          finals: (meeting: string, query: Parameters<typeof told.finals>[1]) =>
            told.finals(meeting, { ...query, limit: Math.min(query.limit, 3) }),
        };
        const paged = await readTranscript(inPages, 'standup', {});
        expect(paged).toEqual(await readTranscript(told, 'standup', {}));
        expect(paged!.captions).toHaveLength(finals.length);
      }),
    );
    expect((await read(Array.from({ length: 2500 }, (_, i) => i * 10)))!.texts).toHaveLength(2500);
  });

  test('leaves out what was taken back', async () => {
    const told = await ToldFinals.of(finalAt(1000, 'Said.'), finalAt(2000, ''));
    expect((await readTranscript(told, 'standup', {}))!.captions).toMatchObject([{ text: 'Said.' }]);
  });

  test('is none for a meeting of which nothing is known, and empty where nothing was said in the time', async () => {
    expect(await readTranscript(new ToldFinals(), 'standup', {})).toBeNull();
    expect(await read([1000], { fromMs: ORIGIN_MS + 60_000 })).toEqual({ texts: [], more: false });
  });
});
