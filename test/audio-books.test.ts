import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AudioBooks } from '../server/stream/audio-books.ts';

const entries = fc.array(
  fc.record({
    silence: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 5000 })),
    segment: fc.oneof(fc.integer({ min: 1, max: 50_000 }), fc.constantFrom(8, 24, 8008)),
    as: fc.constantFrom('transcribed' as const, 'dropped' as const),
  }),
  { maxLength: 20 },
);

function write(
  list: readonly { silence: number; segment: number; as: 'transcribed' | 'dropped' }[],
): AudioBooks {
  const books = new AudioBooks();
  for (const { silence, segment, as } of list) {
    books.receive(silence + segment);
    const start = books.settledSample + silence;
    books.settleSegment(start, start + segment, as);
  }

  return books;
}

describe('AudioBooks', () => {
  test('settle a segment and what lies before it, each sample once', () => {
    const books = new AudioBooks();
    books.receive(48_000);
    books.settleSegment(8000, 24_000, 'transcribed');
    expect(books.settledSample).toBe(24_000);
    books.settleSilence(20_000);
    expect(books.settledSample).toBe(24_000);
    books.settleSegment(24_000, 32_000, 'dropped');
    books.settleSilence(40_000);
    expect([books.transcribedSamples, books.silenceSamples, books.droppedSamples]).toEqual([
      16_000, 16_000, 8000,
    ]);
    books.closeRest('dropped');
    expect(books.inMs()).toEqual({ receivedMs: 3000, transcribedMs: 1000, silenceMs: 1000, droppedMs: 1000 });
  });

  test('drop what is not settled, once', () => {
    const books = new AudioBooks();
    books.receive(1000);
    books.settleSilence(400);
    books.closeRest('dropped');
    books.closeRest('dropped');
    expect([books.silenceSamples, books.droppedSamples, books.settledSample]).toEqual([400, 600, 1000]);
  });

  test('balance in samples and in milliseconds, whatever is settled', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const books = write(list);
        expect(books.transcribedSamples + books.silenceSamples + books.droppedSamples).toBe(
          books.receivedSamples,
        );
        const { receivedMs, transcribedMs, silenceMs, droppedMs } = books.inMs();
        expect(transcribedMs + silenceMs + droppedMs).toBe(receivedMs);
      }),
    );
  });

  test('never show less than nothing', () => {
    fc.assert(
      fc.property(entries, (list) => {
        for (const ms of Object.values(write(list).inMs())) expect(ms).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test('show audio under way in none of the columns', () => {
    const books = new AudioBooks();
    books.receive(32_000);
    books.settleSegment(0, 16_000, 'transcribed');
    expect(books.inMs()).toEqual({ receivedMs: 2000, transcribedMs: 1000, silenceMs: 0, droppedMs: 0 });
  });
});
