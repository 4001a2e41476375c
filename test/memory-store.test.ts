import { describe, expect, test } from 'vitest';
import { MemoryStore } from '../server/history/memory-store.ts';
import { describeHistoryStore } from './contract/history-store.contract.ts';
import { final, record } from './support/history.ts';

describeHistoryStore({ name: 'MemoryStore', create: async () => new MemoryStore() });

describe('MemoryStore', () => {
  test('lets the finals go that were written longest ago when it is full', async () => {
    const store = new MemoryStore({ maxFinals: 2, maxStreams: 9 });
    for (const segment of [2, 0, 1]) await store.write([{ type: 'final', caption: final(segment) }], 0);
    const { captions } = await store.finalsOfMeeting('meeting', { limit: 9 });
    expect(captions.map(({ segmentId }) => segmentId)).toEqual([0, 1]);
    expect(await store.finalsOfStream('stream', 0, 1e9)).toHaveLength(2);
  });

  test('is searched in steps, between which others get their turn', async () => {
    const store = new MemoryStore();
    const said = Array.from({ length: 10_000 }, (_, i) => final(i));
    await store.write(
      said.map((caption) => ({ type: 'final', caption })),
      0,
    );
    let isDone = false;
    const searching = store.search({ text: '"sentence 0"', limit: 1 }).then(({ hits }) => {
      isDone = true;

      return hits;
    });
    let turns = 0;
    for (; !isDone; turns++) await new Promise<void>((resolve) => setImmediate(resolve));
    expect(turns).toBeGreaterThan(3);
    expect((await searching).map(({ caption }) => caption)).toEqual([final(0)]);
  });

  test('lets the streams go that changed longest ago when it is full', async () => {
    const store = new MemoryStore({ maxFinals: 9, maxStreams: 2 });
    for (const name of ['a', 'b', 'a', 'c']) await store.write([{ type: 'stream', record: record(name) }], 0);
    expect(await store.findStream('hash of b')).toBeNull();
    expect(await store.findStream('hash of a')).not.toBeNull();
    expect(await store.findStream('hash of c')).not.toBeNull();
  });
});
