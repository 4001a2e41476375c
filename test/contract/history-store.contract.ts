import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FinalMessage } from '../../client-sdk/protocol.ts';
import { compareNames, MAX_MEETINGS_PER_PAGE } from '../../server/history/archive.ts';
import {
  type HistoryChange,
  type HistoryStore,
  MAX_DELETED_AT_ONCE,
  MAX_FINALS_PER_PAGE,
} from '../../server/history/history-store.ts';
import { MAX_HITS_PER_PAGE } from '../../server/history/search.ts';
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
      await store.write([...changes, { type: 'forget', streamId: 'forgotten', resumptions: 0 }], NOW_MS);
      expect(await store.findStream('hash of forgotten')).toBeNull();
      expect(await store.finalsOfStream('forgotten', 0, 1e9)).toHaveLength(1);
    });

    test('makes the changes of a write in their order', async () => {
      await store.write(
        [
          { type: 'forget', streamId: 'ordered', resumptions: 0 },
          { type: 'stream', record: record('ordered', 1) },
          { type: 'stream', record: record('ordered', 2) },
        ],
        NOW_MS,
      );
      expect(await store.findStream('hash of ordered')).toEqual(record('ordered', 2));
    });

    test('lets whoever took a stream up last have the say in it', async () => {
      const streamId = 'taken up';
      const told = (segment: number, revision: number, text: string) =>
        final(segment, { streamId, meeting: streamId, revision, text });
      const mine = record(streamId, 1, { resumptions: 1 });
      const whole = told(7, 10_002, 'The whole sentence.');
      await store.write(
        [...finals(told(6, 3, 'Before.')), { type: 'stream', record: record(streamId) }],
        NOW_MS,
      );
      expect(await store.write([...finals(whole), { type: 'stream', record: mine }], NOW_MS)).toEqual([]);
      // What the one before comes with, once it ends the stream that nobody came back to.
      const late: HistoryChange[] = [
        ...finals(told(7, 9999, 'The who'), told(6, 4, 'Before, better.')),
        { type: 'stream', record: record(streamId, 2) },
        { type: 'stream', record: record('of its own') },
      ];
      expect(await store.write(late, NOW_MS + 1)).toEqual([streamId]);
      await store.write([{ type: 'forget', streamId, resumptions: 0 }], NOW_MS + 2);
      expect(await store.findStream(mine.tokenHash)).toEqual(mine);
      expect(await store.findStream('hash of of its own')).not.toBeNull();
      const stored = await store.finalsOfStream(streamId, 0, 1e9);
      expect(stored.map(({ text }) => text)).toEqual(['Before, better.', 'The whole sentence.']);
      expect((await store.finalsOfMeeting(streamId, { limit: 9 })).captions).toEqual(stored);
      expect((await store.search({ text: 'whole ', limit: 9, meeting: streamId })).hits).toHaveLength(1);
      const own = [...finals(told(7, 10_002, 'Anew.')), { type: 'stream', record: mine } as const];
      expect(await store.write([...own, { type: 'forget', streamId, resumptions: 1 }], NOW_MS)).toEqual([]);
      expect(await store.findStream(mine.tokenHash)).toBeNull();
      expect((await store.finalsOfStream(streamId, 7000, 1e9))[0]!.text).toBe('Anew.');
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

  describe(`${name} as a history store that is searched`, () => {
    let store: HistoryStore;
    let meetings = 0;

    beforeAll(async () => {
      store = await create();
    });

    afterAll(() => store.close());

    /** Stores texts, each as a final of a meeting of their own. */
    async function say(...texts: readonly string[]): Promise<string> {
      const meeting = `searched ${meetings++}`;
      await store.write(
        finals(...texts.map((text, i) => final(i, { streamId: meeting, meeting, text }))),
        NOW_MS,
      );

      return meeting;
    }

    /** Texts that a search finds in a meeting. */
    async function find(meeting: string, text: string): Promise<string[]> {
      const { hits } = await store.search({ text, meeting, limit: 100 });

      return hits.map(({ caption }) => caption.text);
    }

    test('finds finals by any of their words, and nothing else', async () => {
      const words = [
        'Ada',
        'über',
        'ÜBERALL',
        'naïve',
        'o2',
        'it',
        "it's",
        'Straße',
        'ΟΔΟΣ',
        '東',
        '京',
        'ガス',
        'กา',
      ];
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.uniqueArray(fc.constantFrom(...words), { minLength: 1, maxLength: 5 }), {
            minLength: 1,
            maxLength: 12,
          }),
          fc.constantFrom(' ', ', ', ' – ', '. '),
          async (said, divider) => {
            const meeting = await say(...said.map((each) => each.join(divider)));
            for (const word of words) {
              // "it's" is "it" and "s", side by side.
              const has = (each: readonly string[]) =>
                each.includes(word) || (word === 'it' && each.includes("it's"));
              const expected = said.filter(has).map((each) => each.join(divider));
              expect(await find(meeting, `${word} `)).toEqual(expected.toReversed());
            }
            expect(await find(meeting, 'unsaid')).toEqual([]);
          },
        ),
        { numRuns: 25 },
      );
    });

    test('tells neither cases nor compatibility forms apart, but accents', async () => {
      const meeting = await say('Ｃａｆé ㍿ ﬁne', 'STRASSE', 'cafe');
      expect(await find(meeting, 'CAFÉ ')).toEqual(['Ｃａｆé ㍿ ﬁne']);
      expect(await find(meeting, 'cafe\u0301 ')).toEqual(['Ｃａｆé ㍿ ﬁne']);
      expect(await find(meeting, '株式会社 FINE ')).toEqual(['Ｃａｆé ㍿ ﬁne']);
      expect(await find(meeting, 'straße ')).toEqual(['STRASSE']);
      expect(await find(meeting, 'cafe ')).toEqual(['cafe']);
    });

    test('finds texts that have all the words, in whatever order, and phrases as they stand', async () => {
      const meeting = await say(
        'Good morning, everyone.',
        'A morning that is good.',
        '会議の資料',
        '資料の会議',
      );
      expect(await find(meeting, 'good morning ')).toHaveLength(2);
      expect(await find(meeting, '"good morning"')).toEqual(['Good morning, everyone.']);
      expect(await find(meeting, 'good everyone "morning')).toEqual(['Good morning, everyone.']);
      expect(await find(meeting, '会議の')).toEqual(['会議の資料']);
      expect(await find(meeting, '会議 資料')).toHaveLength(2);
      expect(await find(meeting, '議会')).toEqual([]);
    });

    test('takes the last word for the beginning of one, until something follows it', async () => {
      const meeting = await say('She presented it.', 'The present is here.', 'A p.');
      expect(await find(meeting, 'presen')).toHaveLength(2);
      expect(await find(meeting, 'present')).toHaveLength(2);
      expect(await find(meeting, 'present ')).toEqual(['The present is here.']);
      expect(await find(meeting, '"present"')).toEqual(['The present is here.']);
      expect(await find(meeting, 'presen it')).toEqual([]);
      expect(await find(meeting, 'p')).toEqual(['A p.']);
    });

    test('finds nothing by nothing, and takes no mark for more than it is', async () => {
      const meeting = await say('Yes AND no', "O'Neill \\ (50%) & Söhne:*");
      for (const text of ['', ' ', '"', '""', '?!', '*', ')(']) expect(await find(meeting, text)).toEqual([]);
      expect(await find(meeting, 'yes OR no ')).toEqual([]);
      expect(await find(meeting, "o'neill \\ söhne:* 50% ")).toHaveLength(1);
      expect(await find(meeting, 'terms:yes ')).toEqual([]);
      expect(await find(meeting, '-no ^yes ')).toEqual(['Yes AND no']);
    });

    test('tells where the hits are, in the text as it is', async () => {
      const meeting = await say('Über ﬁnal: final, 会議の会議。');
      const marksOf = async (text: string) =>
        (await store.search({ text, meeting, limit: 9 })).hits.map(({ caption, marks }) =>
          marks.map(([start, end]) => caption.text.slice(start, end)),
        );
      expect(await marksOf('final')).toEqual([['ﬁnal', 'final']]);
      expect(await marksOf('über 会議')).toEqual([['Über', '会議', '会議']]);
      expect(await marksOf('会議の の会')).toEqual([['会議の会']]);
    });

    test('finds what a final says now, not what it said before', async () => {
      const meeting = await say('First draft.', 'Untouched.');
      await store.write(finals(final(0, { streamId: meeting, meeting, text: 'Second try.' })), NOW_MS);
      expect(await find(meeting, 'draft')).toEqual([]);
      expect(await find(meeting, 'second')).toEqual(['Second try.']);
      await store.write(finals(final(0, { streamId: meeting, meeting, text: '' })), NOW_MS);
      expect(await find(meeting, 'second')).toEqual([]);
      expect(await find(meeting, 'untouched')).toEqual(['Untouched.']);
    });

    test('finds in all meetings where none is named, what was stored last first', async () => {
      const [a, b] = [await say('Everywhere one'), await say('Everywhere two')];
      await store.write(finals(final(0, { streamId: a, meeting: a, text: 'Everywhere three' })), NOW_MS);
      const { hits } = await store.search({ text: 'everywhere ', limit: 9 });
      expect(hits.map(({ caption }) => caption.meeting)).toEqual([b, a]);
      expect(await find('nobody', 'everywhere')).toEqual([]);
    });

    test('is searched page by page without a gap or a repeat', async () => {
      const texts = Array.from({ length: MAX_HITS_PER_PAGE + 3 }, (_, i) => `Page ${i}`);
      const meeting = await say(...texts);
      const first = await store.search({ text: 'page ', meeting, limit: 1e6 });
      expect(first.hits).toHaveLength(MAX_HITS_PER_PAGE);
      for (const limit of [1, 2, 3, 4]) {
        const found: string[] = [];
        for (let after = first.next; after !== null; ) {
          const page = await store.search({ text: 'page ', meeting, limit, after });
          found.push(...page.hits.map(({ caption }) => caption.text));
          after = page.next;
        }
        expect(found).toEqual(['Page 2', 'Page 1', 'Page 0']);
      }
    });

    test('finds a final of any length', async () => {
      const long = 'a'.repeat(5000);
      const meeting = await say(`${long} ${'word '.repeat(3000)}end`);
      for (const text of [`${long} `, 'end ', 'word word ', long.slice(0, 100)])
        expect(await find(meeting, text)).toHaveLength(1);
    });
  });

  describe(`${name} as a history store that is looked through`, () => {
    test('lists meetings, those in which somebody spoke last first', async () => {
      const store = await create();
      const said = (meeting: string, segment: number, speaker: string, text = 'Yes.') =>
        final(segment, { streamId: `${meeting} of ${speaker}`, meeting, speaker, text });
      await store.write(
        finals(
          ...[said('a', 3, 'Grace'), said('a', 5, 'Ada'), said('a', 4, 'Ada'), said('b', 1, 'Ada')],
          ...[said('ｂ', 1, 'Ada'), said('𝔟', 1, 'Ada'), said('taken back', 9, 'Ada', '')],
          said('b', 9, 'Nobody', ''),
        ),
        NOW_MS,
      );
      const one = (meeting: string) => ({
        ...{ meeting, captions: 1, speakers: ['Ada'] },
        ...{ firstSpokenAtMs: 1_700_000_001_000, lastSpokenAtMs: 1_700_000_001_000 },
      });
      const all = [
        {
          ...{ meeting: 'a', captions: 3, speakers: ['Ada', 'Grace'] },
          ...{ firstSpokenAtMs: 1_700_000_003_000, lastSpokenAtMs: 1_700_000_005_000 },
        },
        // By their characters: the one beyond 16 bits is the highest.
        ...[one('𝔟'), one('ｂ'), one('b')],
      ];
      expect(await store.meetings({ limit: 9 })).toEqual({ meetings: all, more: false });
      expect(await store.meetings({ limit: 2 })).toEqual({ meetings: all.slice(0, 2), more: true });
      for (const [i, before] of all.entries())
        expect(await store.meetings({ limit: 9, before })).toEqual({
          meetings: all.slice(i + 1),
          more: false,
        });
      await store.close();
    });

    test('lists no more meetings at once than a page holds, and none where there are none', async () => {
      const store = await create();
      expect(await store.meetings({ limit: 1 })).toEqual({ meetings: [], more: false });
      expect(await store.exportFinals({ limit: 1 })).toEqual({ captions: [], more: false });
      const said = Array.from({ length: MAX_MEETINGS_PER_PAGE + 1 }, (_, i) =>
        final(i, { meeting: `meeting ${i}` }),
      );
      await store.write(finals(...said), NOW_MS);
      const { meetings, more } = await store.meetings({ limit: 1e6 });
      expect([meetings.length, more]).toEqual([MAX_MEETINGS_PER_PAGE, true]);
      await store.close();
    });

    test('exports the finals of one meeting or of all, page by page, in their order', async () => {
      const store = await create();
      const names = ['b', 'a', '𝔟', 'ｂ'];
      const said = names.flatMap((meeting) =>
        [2, 0, 1, 1].map((segment, i) =>
          final(segment, { streamId: `${meeting}${i}`, meeting, spokenAtMs: Math.floor(segment / 2) }),
        ),
      );
      const nothing = final(5, { meeting: 'a', text: '' });
      await store.write(finals(...said, nothing), NOW_MS);
      const ordered = said.toSorted((a, b) => compareNames(a.meeting, b.meeting) || comparePlaces(a, b));
      for (const meeting of [undefined, 'a', 'nobody'])
        for (const limit of [1, 3, 1e6]) {
          const read: FinalMessage[] = [];
          for (let more = true; more; ) {
            const after = read.at(-1);
            const page = await store.exportFinals({
              limit,
              ...(meeting !== undefined && { meeting }),
              ...(after && { after }),
            });
            read.push(...page.captions);
            more = page.more;
          }
          expect(read).toEqual(ordered.filter((each) => meeting === undefined || each.meeting === meeting));
        }
      await store.close();
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

    test('deletes a meeting: its finals, by whatever they were found, and the records of its streams', async () => {
      const store = await create();
      const gone = [0, 1].map((segment) => final(segment, { meeting: 'gone', text: 'Gone words.' }));
      const stays = final(7, { streamId: 'stays', meeting: 'stays', text: 'Other words.' });
      const streams = ['gone', 'stays'].map(
        (meeting) => ({ type: 'stream', record: record(meeting, 1, { meeting }) }) as const,
      );
      await store.write([...finals(...gone, stays), ...streams], NOW_MS);
      expect(await store.deleteMeeting('gone')).toBe(3);
      expect(await store.deleteMeeting('gone')).toBe(0);
      expect((await store.finalsOfMeeting('gone', { limit: 9 })).captions).toEqual([]);
      expect(await store.finalsOfStream('stream', 0, 1e9)).toEqual([]);
      expect(await store.findStream('hash of gone')).toBeNull();
      expect(await store.findStream('hash of stays')).not.toBeNull();
      expect((await store.search({ text: 'words', limit: 9 })).hits.map(({ caption }) => caption)).toEqual([
        stays,
      ]);
      expect((await store.meetings({ limit: 9 })).meetings.map(({ meeting }) => meeting)).toEqual(['stays']);
      expect((await store.exportFinals({ limit: 9 })).captions).toEqual([stays]);
      // As when it goes on.
      await store.write(finals(gone[1]!), NOW_MS);
      expect((await store.finalsOfMeeting('gone', { limit: 9 })).captions).toEqual([gone[1]]);
      await store.close();
    });

    test('finds nothing by the words of what was deleted for its age', async () => {
      const store = await create();
      await store.write(finals(final(0, { text: 'Old words.' })), 1000);
      await store.write(finals(final(1, { text: 'New words.' })), 2000);
      await store.deleteBefore({ finalsMs: 2000, streamsMs: 0 });
      const { hits } = await store.search({ text: 'words', limit: 9 });
      expect(hits.map(({ caption }) => caption.text)).toEqual(['New words.']);
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
      await store.write(
        finals(...Array.from({ length: MAX_DELETED_AT_ONCE + 1 }, (_, i) => final(i))),
        NOW_MS,
      );
      expect(await store.deleteMeeting('meeting')).toBe(MAX_DELETED_AT_ONCE);
      expect(await store.deleteMeeting('meeting')).toBe(1);
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
      await expect(store.search({ text: 'x', limit: 1 })).rejects.toThrow('has been closed');
      await expect(store.meetings({ limit: 1 })).rejects.toThrow('has been closed');
      await expect(store.exportFinals({ limit: 1 })).rejects.toThrow('has been closed');
      await expect(store.deleteMeeting('x')).rejects.toThrow('has been closed');
    });
  });
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('hex');
}
