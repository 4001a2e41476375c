import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FinalMessage } from '../../client-sdk/protocol.ts';
import {
  type HistoryChange,
  type HistoryStore,
  MAX_DELETED_AT_ONCE,
  MAX_FINALS_PER_PAGE,
} from '../../server/history/history-store.ts';
import { comparePlaces } from '../../server/history/transcript-source.ts';
import { final, record, records } from '../support/history.ts';

/** One store that has to keep the contract. */
export interface HistoryStoreUnderTest {
  readonly name: string;
  /** Opens a new and empty one, which the tests close. */
  create(): Promise<HistoryStore>;
}

const NOW_MS = 1_800_000_000_000;

function finals(...captions: readonly FinalMessage[]): HistoryChange[] {
  return captions.map((caption) => ({ type: 'final', caption }));
}

function ids(captions: readonly FinalMessage[]): string[] {
  return captions.map(({ captionId }) => captionId);
}

/** What every store of the history keeps. */
export function describeHistoryStore({ name, create }: HistoryStoreUnderTest): void {
  describe(`${name} as a history store`, () => {
    let store: HistoryStore;
    let meetings = 0;
    /** One that nobody has been in. */
    const newMeeting = () => `meeting ${meetings++}`;

    beforeAll(async () => {
      store = await create();
    });

    afterAll(() => store.close());

    test('tells the finals of a stream that end in a stretch of it, in their order', async () => {
      const said = [3, 1, 2, 0].map((segment) => final(segment, { streamId: 'stretch' }));
      await store.write(finals(...said, final(1, { streamId: 'other' })), NOW_MS);
      expect(ids(await store.finalsOfStream('stretch', 800, 2800))).toEqual(['stretch:1', 'stretch:2']);
      expect(await store.finalsOfStream('stretch', 799, 2799)).toEqual([
        final(0, { streamId: 'stretch' }),
        final(1, { streamId: 'stretch' }),
      ]);
      expect(await store.finalsOfStream('nobody', 0, 1e9)).toEqual([]);
    });

    test('keeps one final of an id, the newest', async () => {
      const meeting = newMeeting();
      const first = final(0, { streamId: 'twice', meeting });
      const second = { ...first, text: 'Better.', spokenAtMs: first.spokenAtMs + 5 };
      await store.write(finals(first, first), NOW_MS);
      await store.write(finals(second), NOW_MS);
      expect(await store.finalsOfStream('twice', 0, 1e9)).toEqual([second]);
      expect((await store.finalsOfMeeting(meeting, { limit: 9 })).captions).toEqual([second]);
    });

    test('finds a stream by its token hash, as it was written last', async () => {
      await store.write([{ type: 'stream', record: record('found', 1) }], NOW_MS);
      await store.write([{ type: 'stream', record: record('found', 2) }], NOW_MS);
      expect(await store.findStream('hash of found')).toEqual(record('found', 2));
      expect(await store.findStream('hash of nobody')).toBeNull();
    });

    test('finds no stream that is forgotten, and keeps what was said in it', async () => {
      const changes: HistoryChange[] = [
        ...finals(final(0, { streamId: 'forgotten' })),
        { type: 'stream', record: record('forgotten') },
      ];
      await store.write([...changes, { type: 'forget', streamId: 'forgotten' }], NOW_MS);
      expect(await store.findStream('hash of forgotten')).toBeNull();
      expect(await store.finalsOfStream('forgotten', 0, 1e9)).toHaveLength(1);
    });

    test('makes the changes of a write in their order', async () => {
      await store.write(
        [
          { type: 'forget', streamId: 'ordered' },
          { type: 'stream', record: record('ordered', 1) },
          { type: 'stream', record: record('ordered', 2) },
        ],
        NOW_MS,
      );
      expect(await store.findStream('hash of ordered')).toEqual(record('ordered', 2));
    });

    test('gives a record back bit for bit', async () => {
      let streams = 0;
      await fc.assert(
        fc.asyncProperty(records, async (any) => {
          const streamId = `bits ${streams++}`;
          const written = { ...any, streamId, tokenHash: `${any.tokenHash} ${streamId}` };
          await store.write([{ type: 'stream', record: written }], NOW_MS);
          const found = await store.findStream(written.tokenHash);
          expect(found).toEqual(written);
          const { state } = found!.checkpoint.hearing;
          // NaN may have other bits, which toEqual does not see.
          expect(state && bytesOf(state)).toEqual(
            written.checkpoint.hearing.state && bytesOf(written.checkpoint.hearing.state),
          );
        }),
        { numRuns: 40 },
      );
    });

    test('answers in the order of the calls, without being waited for', async () => {
      const writing = store.write([{ type: 'stream', record: record('at once') }], NOW_MS);
      expect(await store.findStream('hash of at once')).toEqual(record('at once'));
      await writing;
    });

    test('tells the newest finals of a meeting, in the order they were spoken', async () => {
      const meeting = newMeeting();
      const said = [2, 0, 3, 1].map((segment) => final(segment, { streamId: meeting, meeting }));
      await store.write(finals(...said, final(4, { meeting: newMeeting() })), NOW_MS);
      expect(await store.finalsOfMeeting(meeting, { limit: 2 })).toEqual({
        captions: [final(2, { streamId: meeting, meeting }), final(3, { streamId: meeting, meeting })],
        more: true,
      });
      expect((await store.finalsOfMeeting(meeting, { limit: 4 })).more).toBe(false);
      expect(await store.finalsOfMeeting('nobody', { limit: 4 })).toEqual({ captions: [], more: false });
    });

    test('puts in the order of their ids what was spoken at the same time', async () => {
      const meeting = newMeeting();
      const spokenAtMs = 5;
      const said = ['c', 'a', 'b'].map((streamId) =>
        final(0, { streamId: `${meeting}${streamId}`, meeting, spokenAtMs }),
      );
      await store.write(finals(...said), NOW_MS);
      const { captions } = await store.finalsOfMeeting(meeting, { limit: 9 });
      expect(ids(captions)).toEqual([`${meeting}a:0`, `${meeting}b:0`, `${meeting}c:0`]);
      const page = await store.finalsOfMeeting(meeting, { limit: 9, before: captions[1]! });
      expect(ids(page.captions)).toEqual([`${meeting}a:0`]);
    });

    test('tells finals of a meeting since a time', async () => {
      const meeting = newMeeting();
      const said = [0, 1, 2].map((segment) => final(segment, { streamId: meeting, meeting }));
      await store.write(finals(...said), NOW_MS);
      const since = await store.finalsOfMeeting(meeting, { limit: 9, sinceMs: said[1]!.spokenAtMs });
      expect(since).toEqual({ captions: said.slice(1), more: false });
      const later = await store.finalsOfMeeting(meeting, { limit: 9, sinceMs: said[2]!.spokenAtMs + 1 });
      expect(later).toEqual({ captions: [], more: false });
      const newest = await store.finalsOfMeeting(meeting, { limit: 1, sinceMs: said[1]!.spokenAtMs });
      expect(newest).toEqual({ captions: said.slice(2), more: true });
    });

    test('leaves out of a meeting what was taken back, and keeps it for its stream', async () => {
      const meeting = newMeeting();
      const said = [0, 1, 2].map((segment) => final(segment, { streamId: meeting, meeting }));
      await store.write(finals(...said), NOW_MS);
      const nothing = { ...said[1]!, text: '' };
      await store.write(finals(nothing), NOW_MS);
      expect(await store.finalsOfMeeting(meeting, { limit: 2 })).toEqual({
        captions: [said[0], said[2]],
        more: false,
      });
      expect(await store.finalsOfStream(meeting, 800, 1800)).toEqual([nothing]);
      await store.write(finals(said[1]!), NOW_MS);
      expect((await store.finalsOfMeeting(meeting, { limit: 9 })).captions).toEqual(said);
    });

    test('is leafed through backwards without a gap or a repeat', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(fc.nat({ max: 500 }), { minLength: 1, maxLength: 40 }),
          fc.integer({ min: 1, max: 12 }),
          async (segments, limit) => {
            const meeting = newMeeting();
            // Several at the same time.
            const said = segments.map((segment) =>
              final(segment, { streamId: meeting, meeting, spokenAtMs: Math.floor(segment / 4) }),
            );
            await store.write(finals(...said), NOW_MS);
            let read: FinalMessage[] = [];
            for (let more = true; more; ) {
              const before = read[0];
              const page = await store.finalsOfMeeting(meeting, { limit, ...(before && { before }) });
              expect(page.captions.length).toBeLessThanOrEqual(limit);
              read = [...page.captions, ...read];
              more = page.more;
            }
            expect(read).toEqual(said.toSorted(comparePlaces));
          },
        ),
        { numRuns: 25 },
      );
    });

    test('tells no more at once than a page holds', async () => {
      const meeting = newMeeting();
      const said = Array.from({ length: MAX_FINALS_PER_PAGE + 1 }, (_, i) =>
        final(i, { streamId: meeting, meeting }),
      );
      await store.write(finals(...said), NOW_MS);
      const { captions, more } = await store.finalsOfMeeting(meeting, { limit: 1e6 });
      expect(captions).toEqual(said.slice(1));
      expect(more).toBe(true);
    });
  });

  describe(`${name} as a history store that forgets`, () => {
    test('deletes finals and records by when they were written last', async () => {
      const store = await create();
      const keep = (name: string, atMs: number) =>
        store.write(
          [...finals(final(0, { streamId: name })), { type: 'stream', record: record(name) }],
          atMs,
        );
      await keep('old', 1000);
      await keep('renewed', 1000);
      await keep('young', 2000);
      await keep('renewed', 2000);
      expect(await store.deleteBefore({ finalsMs: 1000, streamsMs: 1000 })).toBe(0);
      expect(await store.deleteBefore({ finalsMs: 2000, streamsMs: 0 })).toBe(1);
      const { captions } = await store.finalsOfMeeting('meeting', { limit: 9 });
      expect(ids(captions)).toEqual(['renewed:0', 'young:0']);
      expect(await store.findStream('hash of old')).toEqual(record('old'));
      expect(await store.deleteBefore({ finalsMs: 0, streamsMs: 2000 })).toBe(1);
      expect(await store.findStream('hash of old')).toBeNull();
      expect(await store.findStream('hash of renewed')).toEqual(record('renewed'));
      expect(await store.deleteBefore({ finalsMs: 2001, streamsMs: 2001 })).toBe(4);
      expect(await store.finalsOfMeeting('meeting', { limit: 9 })).toEqual({ captions: [], more: false });
      await store.close();
    });

    test('deletes in steps', async () => {
      const store = await create();
      await store.write(
        finals(...Array.from({ length: MAX_DELETED_AT_ONCE + 1 }, (_, i) => final(i))),
        NOW_MS,
      );
      const limits = { finalsMs: NOW_MS + 1, streamsMs: 0 };
      expect(await store.deleteBefore(limits)).toBe(MAX_DELETED_AT_ONCE);
      expect(await store.deleteBefore(limits)).toBe(1);
      expect(await store.deleteBefore(limits)).toBe(0);
      await store.close();
    });

    test('refuses everything once it is closed', async () => {
      const store = await create();
      const last = store.write([{ type: 'stream', record: record('last') }], NOW_MS);
      await Promise.all([store.close(), store.close()]);
      await last;
      await expect(store.write([], NOW_MS)).rejects.toThrow('has been closed');
      await expect(store.findStream('x')).rejects.toThrow('has been closed');
      await expect(store.finalsOfStream('x', 0, 1)).rejects.toThrow('has been closed');
      await expect(store.finalsOfMeeting('x', { limit: 1 })).rejects.toThrow('has been closed');
      await expect(store.deleteBefore({ finalsMs: 0, streamsMs: 0 })).rejects.toThrow('has been closed');
    });
  });
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('hex');
}
