import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BufferedRecorder, type RecorderBounds } from '../server/history/buffered-recorder.ts';
import type { HistoryChange } from '../server/history/history-store.ts';
import { MemoryStore } from '../server/history/memory-store.ts';
import { final, record, UnsteadyStore } from './support/history.ts';
import { ManualClock } from './support/manual-clock.ts';
import { settle } from './support/settle.ts';

function setUp(bounds?: RecorderBounds) {
  const clock = new ManualClock();
  const store = new UnsteadyStore();
  const told = { finals: 0, failures: [] as number[], recoveries: 0, givenUp: 0, faults: [] as unknown[] };
  const recorder = new BufferedRecorder(
    store,
    clock,
    {
      written: (finals) => {
        told.finals += finals;
      },
      failed: (_, __, retryAfterMs) => told.failures.push(retryAfterMs),
      recovered: () => told.recoveries++,
      gaveUp: () => told.givenUp++,
      faulted: (error) => told.faults.push(error),
    },
    bounds,
  );
  const acks: string[] = [];
  /** Keeps a record, and notes under a name when and whether it is kept. */
  const keep = (streamId: string, nextSegmentId = 0, name = `${streamId} ${nextSegmentId}`) =>
    recorder.stream(record(streamId, nextSegmentId), (kept) =>
      acks.push(`${name}${kept ? '' : ' is not kept'}`),
    );

  /** Lets it write as often as it has to. */
  const run = async () => {
    do {
      clock.advance(50);
      await settle();
    } while (recorder.queuedChanges > 0 && !store.away);
  };

  return { clock, store, told, recorder, acks, keep, run };
}

/** The shape of a change, for people. */
function describeChange(change: HistoryChange): string {
  if (change.type === 'final') return change.caption.captionId;
  if (change.type === 'forget') return `forget ${change.streamId}`;

  return `${change.record.streamId} at ${change.record.checkpoint.nextSegmentId}`;
}

describe('BufferedRecorder', () => {
  test('tells that a record is kept once the store has it and all before it', async () => {
    const { store, recorder, acks, keep, told } = setUp();
    const release = store.hold();
    recorder.final(final(0));
    keep('stream', 1);
    await settle();
    expect(acks).toEqual([]);
    release();
    await settle();
    expect(acks).toEqual(['stream 1']);
    expect(store.writes.map((changes) => changes.map(describeChange))).toEqual([['stream:0', 'stream at 1']]);
    expect(told.finals).toBe(1);
    expect(recorder.queuedChanges).toBe(0);
  });

  test('tells that a record is not kept where another process has taken the stream up', async () => {
    const { store, recorder, acks, keep, run } = setUp();
    const elsewhere = record('stream', 5, { resumptions: 1 });
    await store.write([{ type: 'stream', record: elsewhere }], 0);
    keep('stream', 3);
    keep('other', 1);
    await settle();
    expect(acks).toEqual(['stream 3 is not kept', 'other 1']);
    recorder.forget('stream', 0);
    expect(await recorder.find('hash of stream')).toEqual(elsewhere);
    await run();
    expect(await recorder.find('hash of stream')).toEqual(elsewhere);
  });

  test('writes with the next group what comes while one is written, or soon after', async () => {
    const { clock, store, recorder, keep } = setUp();
    const release = store.hold();
    keep('a');
    await settle();
    keep('b');
    recorder.final(final(0));
    keep('c');
    expect(recorder.queuedChanges).toBe(4);
    release();
    await settle();
    keep('d');
    clock.advance(49);
    await settle();
    expect(store.writes).toHaveLength(1);
    clock.advance(1);
    await settle();
    expect(store.writes.map((changes) => changes.map(describeChange))).toEqual([
      ['a at 0'],
      ['b at 0', 'stream:0', 'c at 0', 'd at 0'],
    ]);
    clock.advance(50);
    keep('e');
    await settle();
    expect(store.writes).toHaveLength(3);
    expect(clock.pendingTimers).toBe(0);
  });

  test('writes no more at once than it may', async () => {
    const { store, recorder, run } = setUp({ maxChangesPerWrite: 4, maxChanges: 100 });
    for (let segment = 0; segment < 10; segment++) recorder.final(final(segment));
    await run();
    expect(store.writes.map(({ length }) => length)).toEqual([4, 4, 2]);
  });

  test('puts the newest record of a stream in the place of the one that waits, behind what came between', async () => {
    const { store, recorder, acks, keep } = setUp();
    keep('stream', 1);
    recorder.final(final(1));
    keep('stream', 2);
    await settle();
    expect(store.writes.map((changes) => changes.map(describeChange))).toEqual([['stream:1', 'stream at 2']]);
    expect(acks).toEqual(['stream 1', 'stream 2']);
  });

  test('tells the newest only where many records of a stream wait', async () => {
    const { store, acks, keep } = setUp();
    store.away = true;
    for (let segment = 0; segment < 1000; segment++) keep('stream', segment);
    store.away = false;
    await settle();
    expect(acks.length).toBeLessThan(100);
    expect(acks.at(-1)).toBe('stream 999');
  });

  test('keeps everything while the store is away, and writes it once when it is back', async () => {
    const { clock, store, told, recorder, acks, keep } = setUp();
    store.away = true;
    recorder.final(final(0));
    keep('stream', 1);
    await settle();
    for (const retryAfterMs of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      expect(told.failures.at(-1)).toBe(retryAfterMs);
      clock.advance(retryAfterMs - 1);
      await settle();
      expect(told.failures.at(-1)).toBe(retryAfterMs);
      clock.advance(1);
      await settle();
    }
    recorder.final(final(1));
    keep('stream', 2);
    recorder.final(final(0, { text: 'The same once more.' }));
    await settle();
    expect(store.failures).toBe(8);
    expect({ acks, writes: store.writes }).toEqual({ acks: [], writes: [] });
    store.away = false;
    clock.advance(30_000);
    await settle();
    expect(store.writes.map((changes) => changes.map(describeChange))).toEqual([
      ['stream:0', 'stream:1', 'stream at 2'],
    ]);
    expect(acks).toEqual(['stream 1', 'stream 2']);
    expect(told).toMatchObject({ finals: 2, recoveries: 1 });
    expect((await recorder.finals('stream', 0, 800))[0]!.text).toBe('The same once more.');
    expect(clock.pendingTimers).toBe(0);
  });

  test('says that a recording is kept once all of it is stored', async () => {
    const { clock, store, recorder, run } = setUp();
    store.away = true;
    const answers: boolean[] = [];
    void recorder.keep([final(0), final(1)]).then((isKept) => answers.push(isKept));
    await settle();
    expect(answers).toEqual([]);
    store.away = false;
    clock.advance(1000);
    await run();
    expect(answers).toEqual([true]);
    expect(await store.finalsOfStream('stream', 0, 1e9)).toHaveLength(2);
    expect(await recorder.keep([])).toBe(true);
  });

  test('waits for a recording no longer whose meeting is deleted', async () => {
    const { store, recorder } = setUp();
    store.away = true;
    const kept = recorder.keep([final(0), final(1)]);
    await settle();
    expect(recorder.dropFinals('meeting')).toBe(2);
    expect(await kept).toBe(true);
  });

  test('tells readers what waits, in the place of what is kept', async () => {
    const { store, recorder, keep } = setUp();
    for (const segment of [0, 1, 2]) recorder.final(final(segment));
    keep('stream', 1);
    await settle();
    store.away = true;
    recorder.final(final(1, { text: 'Newer.' }));
    recorder.final(final(3));
    recorder.final(final(3, { meeting: 'another', streamId: 'another' }));
    keep('stream', 4);
    await settle();
    const said = [final(0), final(1, { text: 'Newer.' }), final(2), final(3)];
    expect(await recorder.finals('stream', 800, 3800)).toEqual(said.slice(1));
    expect(await recorder.finals('stream', 0, 2800)).toEqual(said.slice(0, 3));
    expect(await recorder.finalsOfMeeting('meeting', { limit: 2 })).toEqual({
      captions: said.slice(2),
      more: true,
    });
    expect(await recorder.finalsOfMeeting('meeting', { limit: 9, before: said[3]! })).toEqual({
      captions: said.slice(0, 3),
      more: false,
    });
    expect(await recorder.find('hash of stream')).toEqual(record('stream', 4));
  });

  test('takes out of a meeting what waits to be taken back', async () => {
    const { store, recorder } = setUp();
    recorder.final(final(0));
    recorder.final(final(1));
    await settle();
    store.away = true;
    recorder.final(final(1, { text: '' }));
    await settle();
    expect((await recorder.finalsOfMeeting('meeting', { limit: 9 })).captions).toEqual([final(0)]);
    expect(await recorder.finals('stream', 800, 1800)).toEqual([final(1, { text: '' })]);
  });

  test('tells readers what is being written as they ask', async () => {
    const { store, recorder, keep } = setUp();
    const release = store.hold();
    recorder.final(final(0));
    keep('stream', 1);
    await settle();
    const found = recorder.find('hash of stream');
    const finals = recorder.finals('stream', 0, 1e9);
    release();
    expect(await found).toEqual(record('stream', 1));
    expect(await finals).toEqual([final(0)]);
  });

  test('finds no stream that is to be forgotten', async () => {
    const { store, recorder, keep } = setUp();
    keep('kept');
    await settle();
    store.away = true;
    keep('waiting');
    recorder.forget('waiting', 0);
    recorder.forget('kept', 0);
    await settle();
    expect(await recorder.find('hash of waiting')).toBeNull();
    expect(await recorder.find('hash of kept')).toBeNull();
  });

  test('goes on when somebody who is told throws', async () => {
    const { recorder, told, acks, keep } = setUp();
    const fault = new Error('not now');
    recorder.stream(record('faulty'), () => {
      throw fault;
    });
    keep('sound');
    await settle();
    expect(told.faults).toEqual([fault]);
    expect(acks).toEqual(['sound 0']);
  });

  describe('without room', () => {
    const bounds = { maxChangesPerWrite: 2, maxChanges: 10 };

    test('gives up the stream that has most waiting, and keeps all of the others', async () => {
      const { clock, store, told, recorder, acks, keep, run } = setUp(bounds);
      store.away = true;
      recorder.final(final(0, { streamId: 'modest' }));
      keep('modest', 1);
      for (let segment = 0; segment < 7; segment++) recorder.final(final(segment, { streamId: 'loud' }));
      keep('loud', 7);
      await settle();
      expect({ acks, givenUp: told.givenUp }).toEqual({ acks: [], givenUp: 0 });
      recorder.final(final(1, { streamId: 'modest' }));
      await settle();
      expect({ acks, givenUp: told.givenUp }).toEqual({ acks: ['loud 7 is not kept'], givenUp: 1 });
      expect(recorder.queuedChanges).toBe(3);
      store.away = false;
      clock.advance(1000);
      await run();
      expect(acks).toEqual(['loud 7 is not kept', 'modest 1']);
      expect(await store.finalsOfStream('modest', 0, 1e9)).toHaveLength(2);
      expect(await store.finalsOfStream('loud', 0, 1e9)).toEqual([]);
    });

    test('says that there is none for a recording, and takes it when there is', async () => {
      const { clock, store, recorder, run } = setUp(bounds);
      const recording = Array.from({ length: 8 }, (_, segment) => final(segment, { streamId: 'recording' }));
      store.away = true;
      for (let segment = 0; segment < 3; segment++) recorder.final(final(segment));
      expect(await recorder.keep(recording)).toBe(false);
      store.away = false;
      clock.advance(1000);
      await run();
      const kept = recorder.keep(recording);
      await run();
      expect(await kept).toBe(true);
      expect(await store.finalsOfStream('recording', 0, 1e9)).toHaveLength(8);
    });

    test('keeps nothing more of a stream that was given up, until it is forgotten', async () => {
      const { store, recorder, acks, keep, run } = setUp(bounds);
      for (let segment = 0; segment <= 10; segment++) recorder.final(final(segment));
      await run();
      recorder.final(final(11));
      keep('stream', 12);
      expect(acks).toEqual([]);
      await settle();
      expect(acks).toEqual(['stream 12 is not kept']);
      expect(await recorder.finals('stream', 9000, 1e9)).toEqual([]);
      recorder.forget('stream', 0);
      keep('stream', 13);
      await run();
      expect(acks.at(-1)).toBe('stream 13');
      expect(store.writes.flat().map(describeChange)).toEqual(['stream at 13']);
    });
  });

  describe('as it closes', () => {
    test('writes what waits', async () => {
      const { clock, store, recorder, acks, keep } = setUp();
      const release = store.hold();
      keep('a');
      await settle();
      keep('b');
      const closed = recorder.close(5000);
      keep('late');
      release();
      expect(await closed).toBe(0);
      await settle();
      expect(acks).toEqual(['a 0', 'b 0']);
      expect(clock.pendingTimers).toBe(0);
    });

    test('asks a store that is away once a second, for as long as it may', async () => {
      const { clock, store, recorder, keep } = setUp();
      store.away = true;
      keep('a');
      await settle();
      const closed = recorder.close(5000);
      await settle();
      expect(store.failures).toBe(2);
      for (let second = 1; second < 5; second++) {
        clock.advance(1000);
        await settle();
        expect(store.failures).toBe(2 + second);
      }
      keep('late');
      clock.advance(1000);
      expect(await closed).toBe(1);
      expect(await recorder.close(5000)).toBe(1);
      store.away = false;
      clock.advance(60_000);
      await settle();
      expect(store.writes).toEqual([]);
    });

    test('is done at once when nothing waits', async () => {
      const { recorder } = setUp();
      expect(await recorder.close(5000)).toBe(0);
    });
  });
});

describe('BufferedRecorder, whatever comes and however often the store is away,', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('final' as const), stream: fc.nat({ max: 2 }) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('record' as const), stream: fc.nat({ max: 2 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const), stream: fc.nat({ max: 2 }) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('leave', 'return', 'settle', 'wait') }) },
  );

  test('acknowledges what is stored with all before it, and stores everything in the end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { clock, store, recorder, run } = setUp({ maxChangesPerWrite: 3, maxChanges: 1000 });
        const all = new MemoryStore();
        const segments = [0, 0, 0];
        const checks: Promise<void>[] = [];
        for (const step of steps) {
          const streamId = 'stream' in step ? `s${step.stream}` : '';
          if (step.do === 'final') {
            const caption = final(segments['stream' in step ? step.stream : 0]!++, { streamId });
            recorder.final(caption);
            await all.write([{ type: 'final', caption }], 0);
          } else if (step.do === 'record') {
            const before = [...segments];
            const standing = record(streamId, segments['stream' in step ? step.stream : 0]);
            recorder.stream(standing, (kept) => {
              expect(kept).toBe(true);
              checks.push(
                Promise.all(before.map((_, i) => store.finalsOfStream(`s${i}`, 0, 1e9))).then((kept) => {
                  for (const [i, finals] of kept.entries())
                    expect(finals.length).toBeGreaterThanOrEqual(before[i]!);
                }),
              );
            });
            await all.write([{ type: 'stream', record: standing }], 0);
          } else if (step.do === 'forget') {
            recorder.forget(streamId, 0);
            await all.write([{ type: 'forget', streamId, resumptions: 0 }], 0);
          } else if (step.do === 'settle') await settle();
          else if (step.do === 'wait') clock.advance(1500);
          else store.away = step.do === 'leave';
          // Readers see all of it, wherever it is.
          for (const [i, count] of segments.entries())
            expect(await recorder.finals(`s${i}`, 0, 1e9)).toHaveLength(count);
        }
        store.away = false;
        clock.advance(60_000);
        await run();
        await Promise.all(checks);
        expect(recorder.queuedChanges).toBe(0);
        for (const [i] of segments.entries()) {
          expect(await store.finalsOfStream(`s${i}`, 0, 1e9)).toEqual(
            await all.finalsOfStream(`s${i}`, 0, 1e9),
          );
          expect(await store.findStream(`hash of s${i}`)).toEqual(await all.findStream(`hash of s${i}`));
        }
      }),
      { numRuns: 150 },
    );
  });
});
