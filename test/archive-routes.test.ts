import { once } from 'node:events';
import { connect } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import type { FinalMessage } from '../client-sdk/protocol.ts';
import { ApiKeys } from '../server/admission/api-keys.ts';
import { readConfig } from '../server/config/config.ts';
import { HistoryArchive } from '../server/history/history-archive.ts';
import { MemoryStore } from '../server/history/memory-store.ts';
import { HttpGuard } from '../server/net/http-guard.ts';
import { Listener, type Session } from '../server/net/listener.ts';
import { type Archive, ArchiveRoutes } from '../server/outputs/archive-routes.ts';
import { final, record } from './support/history.ts';
import { ManualClock } from './support/manual-clock.ts';

let close = () => {};

afterEach(() => close());

/** The routes on a real server, over a store in memory. */
async function serve(
  captions: readonly FinalMessage[],
  change: (archive: Archive) => Archive = (archive) => archive,
): Promise<{
  readonly url: string;
  readonly port: number;
  readonly store: MemoryStore;
  readonly faults: unknown[];
}> {
  const store = new MemoryStore();
  await store.write(
    captions.map((caption) => ({ type: 'final', caption })),
    0,
  );
  const archive = new HistoryArchive(store, { dropFinals: () => 0 }, new ManualClock(), {
    searched: () => {},
  });
  const faults: unknown[] = [];
  const recordings = new Set(['seminar']);
  const routes = new ArchiveRoutes(
    change(archive),
    (cause) => faults.push(cause),
    async (meeting) => (recordings.delete(meeting) ? 1 : 0),
  );
  const keys = await ApiKeys.load('none');
  const guard = new HttpGuard(keys, 'self');
  const refuse = (): Session => {
    throw new Error('There are no sessions here.');
  };
  const listener = await Listener.create(
    readConfig({ port: '0', host: '127.0.0.1' }),
    keys,
    { speaker: refuse, viewer: refuse, error: () => {}, partialDropped: () => {} },
    {
      routes: {
        '/v1/meetings': guard.protect(routes.meetings),
        '/v1/search': guard.protect(routes.search),
        '/v1/export': guard.protect(routes.exportFinals),
      },
      deletes: { '/v1/meetings/:meeting': guard.protect(routes.deleteMeeting) },
      ...{ posts: {}, preflight: guard.preflight, mount: () => {}, ports: [] },
    },
  );
  const port = listener.listen();
  close = () => listener.close();

  return { url: `http://127.0.0.1:${port}/v1`, port, store, faults };
}

async function json(
  url: string,
): Promise<{ readonly hits: readonly object[]; readonly next: string | null }> {
  const response = await fetch(url);
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);

  return (await response.json()) as Awaited<ReturnType<typeof json>>;
}

const said = Array.from({ length: 30 }, (_, i) =>
  final(i, { meeting: i % 2 === 0 ? 'stand-up / élan' : 'other', text: `Word number ${i}.` }),
);

describe('Meetings over HTTP', () => {
  test('are listed page by page', async () => {
    const { url } = await serve(said);
    const first = await json(`${url}/meetings?limit=1`);
    expect(first).toEqual({
      meetings: [
        {
          ...{ meeting: 'other', captions: 15, speakers: ['Ada'] },
          ...{ firstSpokenAtMs: 1_700_000_001_000, lastSpokenAtMs: 1_700_000_029_000 },
        },
      ],
      next: '1700000029000:other',
    });
    const next = await json(`${url}/meetings?before=${encodeURIComponent(first.next!)}`);
    expect(next).toMatchObject({ meetings: [{ meeting: 'stand-up / élan', captions: 15 }], next: null });
  });

  test('are deleted, once', async () => {
    const { url, store } = await serve(said);
    await store.write([{ type: 'stream', record: record('s', 1, { meeting: 'other' }) }], 0);
    const one = `${url}/meetings/${encodeURIComponent('stand-up / élan')}`;
    const deleted = await fetch(one, { method: 'DELETE' });
    expect([deleted.status, await deleted.text()]).toEqual([204, '']);
    const again = await fetch(one, { method: 'DELETE' });
    expect([again.status, again.headers.get('roundtable-error')]).toEqual([404, 'unknown-meeting']);
    expect(await json(`${url}/meetings`)).toMatchObject({ meetings: [{ meeting: 'other' }] });
    expect(await store.findStream('hash of s')).not.toBeNull();
    const foreign = await fetch(`${url}/meetings/other`, {
      method: 'DELETE',
      headers: { origin: 'https://evil.example' },
    });
    expect(foreign.status).toBe(403);
    // Nothing of it is in the history, but results of recordings were.
    expect((await fetch(`${url}/meetings/seminar`, { method: 'DELETE' })).status).toBe(204);
    expect((await fetch(`${url}/meetings/%00`, { method: 'DELETE' })).status).toBe(422);
  });
});

describe('A search over HTTP', () => {
  test('tells hits and where they are, page by page', async () => {
    const { url } = await serve(said);
    const first = await json(`${url}/search?q=word&limit=10&meeting=other`);
    expect(first.hits).toHaveLength(10);
    expect(first.hits[0]).toEqual({ caption: said[29], marks: [[0, 4]] });
    const next = await json(`${url}/search?q=word&meeting=other&after=${first.next}`);
    expect([next.hits.length, next.next]).toEqual([5, null]);
    expect((await json(`${url}/search?q=${encodeURIComponent('number 7 ')}`)).hits).toHaveLength(1);
  });

  test.each([
    ['search', 'q has to be 1 to 200 characters'],
    [`search?q=${'x'.repeat(201)}`, 'q has to be 1 to 200 characters'],
    ['search?q=x&limit=0', 'limit has to be a whole number from 1 to 100'],
    ['search?q=x&limit=101', 'limit has to be a whole number from 1 to 100'],
    ['search?q=x&after=x', 'after has to be what next was'],
    ['search?q=x&meeting=', 'meeting has to be 1 to 128 characters'],
    ['meetings?limit=ten', 'limit has to be a whole number from 1 to 100'],
    ['meetings?before=yesterday', 'before has to be what next was'],
    ['export?meeting=%0A', 'meeting has to be 1 to 128 characters'],
  ])('says what is wrong with %s', async (path, sentence) => {
    const { url } = await serve([]);
    const response = await fetch(`${url}/${path}`);
    expect(response.status).toBe(422);
    expect(await response.text()).toContain(sentence);
  });

  test('is refused while too many are under way, and when the store is away', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { url, faults } = await serve(said, (archive) => ({
      meetings: (query) => archive.meetings(query),
      search: (query) => held.then(() => archive.search(query)),
      exportFinals: () => Promise.reject(new Error('The store is away.')),
      deleteMeeting: () => Promise.reject(new Error('The store is away.')),
    }));
    const waiting = Array.from({ length: 8 }, () => fetch(`${url}/search?q=word`));
    let refused = await fetch(`${url}/meetings`);
    // The eight may still be on their way.
    while (refused.status === 200) refused = await fetch(`${url}/meetings`);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    release();
    for (const answer of waiting) expect((await answer).status).toBe(200);
    for (const away of [fetch(`${url}/export`), fetch(`${url}/meetings/other`, { method: 'DELETE' })]) {
      expect([(await away).status, (await away).headers.get('retry-after')]).toEqual([503, '5']);
    }
    expect(faults).toHaveLength(2);
    expect((await fetch(`${url}/meetings`)).status).toBe(200);
  });
});

describe('An export over HTTP', () => {
  const many = Array.from({ length: 3000 }, (_, i) =>
    final(i, { meeting: `meeting ${i % 3}`, text: 'Long words. '.repeat(200) }),
  );

  test('is every final as a line of JSON, in the order of meetings and places', async () => {
    const { url } = await serve(said);
    const response = await fetch(`${url}/export`);
    expect(response.headers.get('content-type')).toBe('application/jsonl');
    const lines = (await response.text()).trimEnd().split('\n');
    const [other, standup] = [said.filter((_, i) => i % 2 === 1), said.filter((_, i) => i % 2 === 0)];
    expect(lines.map((line) => JSON.parse(line))).toEqual([...other, ...standup]);
    expect((await (await fetch(`${url}/export?meeting=other`)).text()).trimEnd().split('\n')).toHaveLength(
      15,
    );
    expect(await (await fetch(`${url}/export?meeting=nobody`)).text()).toBe('');
  });

  test('waits for a client that reads slowly, and holds a page of it', async () => {
    let reads = 0;
    const { port } = await serve(many, (archive) => ({
      ...plain(archive),
      exportFinals: (query) => {
        reads++;

        return archive.exportFinals(query);
      },
    }));
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /v1/export HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
    await once(socket, 'readable');
    // What comes meanwhile is answered: the export waits.
    for (let i = 0; i < 20; i++) await fetch(`http://127.0.0.1:${port}/v1/meetings`);
    // Of seven pages of more than a megabyte the buffers of the network hold some.
    expect(reads).toBeLessThan(7);
    const body = await readText(socket);
    expect(body.match(/"captionId"/g)).toHaveLength(3000);
    const lines = body.split('\n').filter((line) => line.trimStart().startsWith('{'));
    for (const line of lines) JSON.parse(line);
    expect(lines.length).toBe(3000);
  });

  test('holds up no search, however many read slowly, but further exports', async () => {
    const { url, port } = await serve(many);
    const sockets = Array.from({ length: 8 }, () => connect(port, '127.0.0.1'));
    for (const socket of sockets) {
      socket.write('GET /v1/export HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
      await once(socket, 'readable');
    }
    expect((await fetch(`${url}/search?q=word`)).status).toBe(200);
    expect((await fetch(`${url}/meetings`)).status).toBe(200);
    const refused = await fetch(`${url}/export`);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    for (const socket of sockets) socket.destroy();
    while ((await fetch(`${url}/export?meeting=nobody`)).status === 503);
  });

  test('breaks off when the store fails on the way, so that nobody takes it for whole', async () => {
    let reads = 0;
    const { url, faults } = await serve(many, (archive) => ({
      ...plain(archive),
      exportFinals: (query) =>
        reads++ === 0 ? archive.exportFinals(query) : Promise.reject(new Error('The store is away.')),
    }));
    await expect(fetch(`${url}/export`).then((response) => response.text())).rejects.toThrow();
    expect(faults).toHaveLength(1);
  });

  test('has no body for HEAD, and leaves nothing under way', async () => {
    const { url } = await serve(said);
    for (let i = 0; i < 20; i++) {
      const head = await fetch(`${url}/export`, { method: 'HEAD' });
      expect([head.status, await head.text()]).toEqual([200, '']);
    }
    expect((await fetch(`${url}/export`)).status).toBe(200);
  });
});

function plain(archive: Archive): Archive {
  return {
    search: (query) => archive.search(query),
    meetings: (query) => archive.meetings(query),
    exportFinals: (query) => archive.exportFinals(query),
    deleteMeeting: (meeting) => archive.deleteMeeting(meeting),
  };
}
