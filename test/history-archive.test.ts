import { describe, expect, test } from 'vitest';
import { BufferedRecorder } from '../server/history/buffered-recorder.ts';
import { HistoryArchive } from '../server/history/history-archive.ts';
import { final, record, UNOBSERVED, UnsteadyStore } from './support/history.ts';
import { ManualClock } from './support/manual-clock.ts';
import { settle } from './support/settle.ts';

function setUp() {
  const clock = new ManualClock();
  const store = new UnsteadyStore();
  const recorder = new BufferedRecorder(store, clock, UNOBSERVED);
  const durations: number[] = [];
  const archive = new HistoryArchive(store, recorder, clock, { searched: (ms) => durations.push(ms) });
  /** Lets it write. */
  const run = async () => {
    clock.advance(30_000);
    await settle();
  };
  const said = async (meeting: string) =>
    (await recorder.finalsOfMeeting(meeting, { limit: 99 })).captions.map(({ segmentId }) => segmentId);

  return { clock, store, recorder, archive, durations, run, said };
}

describe('HistoryArchive', () => {
  test('deletes what waits to be stored with what is stored, and tells whether there was anything', async () => {
    const { store, recorder, archive, run, said } = setUp();
    recorder.final(final(0, { meeting: 'gone' }));
    await run();
    const release = store.hold();
    recorder.final(final(1, { meeting: 'gone' }));
    await settle();
    recorder.final(final(2, { meeting: 'gone' }));
    recorder.final(final(3, { meeting: 'stays' }));
    const deleting = archive.deleteMeeting('gone');
    release();
    expect(await deleting).toBe(true);
    await run();
    expect(await said('gone')).toEqual([]);
    expect(await said('stays')).toEqual([3]);
    expect(await archive.deleteMeeting('gone')).toBe(false);
  });

  test('does not store what was on its way to a store that could not take it', async () => {
    const { store, recorder, archive, run, said } = setUp();
    store.away = true;
    recorder.final(final(0, { meeting: 'gone' }));
    recorder.final(final(1, { meeting: 'stays' }));
    const release = store.hold();
    await settle();
    const deleting = archive.deleteMeeting('gone');
    release();
    await expect(deleting).rejects.toThrow('The store is away.');
    store.away = false;
    await run();
    expect(await said('gone')).toEqual([]);
    expect(await said('stays')).toEqual([1]);
  });

  test('leaves live streams as they are: what they keep from then on is kept, and acknowledged', async () => {
    const { recorder, archive, run, said } = setUp();
    const kept: boolean[] = [];
    recorder.final(final(0, { meeting: 'live' }));
    recorder.stream(record('live', 1, { meeting: 'live' }), (isKept) => kept.push(isKept));
    expect(await archive.deleteMeeting('live')).toBe(true);
    recorder.final(final(1, { meeting: 'live' }));
    recorder.stream(record('live', 2, { meeting: 'live' }), (isKept) => kept.push(isKept));
    await run();
    expect(kept).toContain(true);
    expect(kept).not.toContain(false);
    expect(await said('live')).toEqual([1]);
    expect(await recorder.find('hash of live')).toEqual(record('live', 2, { meeting: 'live' }));
  });

  test('tells how long searching took', async () => {
    const { archive, durations } = setUp();
    await archive.search({ text: 'x', limit: 1 });
    expect(durations).toEqual([0]);
  });
});
