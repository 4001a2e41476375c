import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import Database from 'libsql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HistoryChange } from '../server/history/history-store.ts';
import { readSearch } from '../server/history/search.ts';
import { MIGRATIONS } from '../server/history/sql.ts';
import { SqliteDatabase } from '../server/history/sqlite-database.ts';
import { FINALS_PER_STEP, NAMES_PER_STEP } from '../server/history/sqlite-meetings.ts';
import { SqliteStore } from '../server/history/sqlite-store.ts';
import { migrate } from '../server/sqlite/migrate.ts';
import { describeHistoryStore } from './contract/history-store.contract.ts';
import { final, record, SQLITE_THREAD } from './support/history.ts';

const NOW_MS = 1_800_000_000_000;

let folder: string;
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roundtable-history-'));
});

afterAll(() => rm(folder, { recursive: true }));

function newFile(): string {
  return join(folder, `${files++}.db`);
}

function open(file = newFile(), workerUrl = SQLITE_THREAD): Promise<SqliteStore> {
  return SqliteStore.open({ workerUrl, file, busyTimeoutMs: 200 });
}

/** How often something stands in a file, or in its journal. */
async function tracesIn(file: string, what: RegExp): Promise<number> {
  const texts = await Promise.all([file, `${file}-wal`].map((name) => readFile(name, 'latin1')));

  return texts.reduce((count, text) => count + (text.match(what) ?? []).length, 0);
}

/** Starts a script of `fixtures/history`, which gets its arguments as JSON. */
function start(name: string, ...args: readonly (string | object)[]): ChildProcess {
  const script = fileURLToPath(new URL(`fixtures/history/${name}`, import.meta.url));
  const texts = args.map((arg) => (typeof arg === 'string' ? arg : JSON.stringify(arg)));

  return spawn(process.execPath, [script, ...texts], { stdio: ['pipe', 'pipe', 'inherit'] });
}

describeHistoryStore({ name: 'SqliteStore', create: () => open() });

describe('SqliteStore', () => {
  test('outlives the process that wrote it', async () => {
    const file = newFile();
    const first = await open(file);
    await first.write(
      [
        { type: 'final', caption: final(0) },
        { type: 'stream', record: record('stream', 1) },
      ],
      NOW_MS,
    );
    await first.close();
    const second = await open(file);
    expect(await second.finalsOfStream('stream', 0, 1e9)).toEqual([final(0)]);
    expect(await second.findStream('hash of stream')).toEqual(record('stream', 1));
    await second.close();
  });

  test('makes all changes of a write or none', async () => {
    const store = await open();
    const nothing = { ...final(1), endMs: null as unknown as number };
    await expect(
      store.write(
        [
          { type: 'final', caption: final(0) },
          { type: 'final', caption: nothing },
        ],
        NOW_MS,
      ),
    ).rejects.toMatchObject({ code: expect.stringMatching(/^SQLITE_CONSTRAINT/) });
    expect(await store.finalsOfStream('stream', 0, 1e9)).toEqual([]);
    await store.write([{ type: 'final', caption: final(0) }], NOW_MS);
    expect(await store.finalsOfStream('stream', 0, 1e9)).toEqual([final(0)]);
    await store.close();
  });

  test('writes again as soon as another program lets it, and is read meanwhile', async () => {
    const file = newFile();
    const store = await open(file);
    await store.write([{ type: 'final', caption: final(0) }], NOW_MS);
    const other = new Database(file);
    other.exec('BEGIN IMMEDIATE');
    for (let tries = 0; tries < 3; tries++)
      await expect(store.write([{ type: 'final', caption: final(1) }], NOW_MS)).rejects.toMatchObject({
        code: 'SQLITE_BUSY',
      });
    expect(await store.finalsOfStream('stream', 0, 1e9)).toEqual([final(0)]);
    other.exec('COMMIT');
    await store.write([{ type: 'final', caption: final(1) }], NOW_MS);
    expect(await store.finalsOfStream('stream', 0, 1e9)).toEqual([final(0), final(1)]);
    await store.close();
    other.close();
  });

  test('replaces a thread that dies, and fails what that was asked', async () => {
    const store = await open(newFile(), new URL('fixtures/history/mortal-thread.mjs', import.meta.url));
    await store.write([{ type: 'final', caption: final(0) }], NOW_MS);
    const dying = store.findStream('die');
    await expect(store.finalsOfStream('stream', 0, 1e9)).rejects.toThrow("The history's thread died");
    await expect(dying).rejects.toThrow("The history's thread died");
    expect(await store.finalsOfStream('stream', 0, 1e9)).toEqual([final(0)]);
    await store.close();
  });

  test.runIf(process.platform !== 'win32')('lets nobody else read the file', async () => {
    const file = newFile();
    const store = await open(file);
    await store.write([{ type: 'final', caption: final(0) }], NOW_MS);
    for (const name of [file, `${file}-wal`]) expect((await stat(name)).mode & 0o777).toBe(0o600);
    await store.close();
  });

  test('leaves nothing in its files of what it deletes for its age, while it is open', async () => {
    const file = newFile();
    const store = await open(file);
    const traces = () => tracesIn(file, /unrepeatable/gi);
    const caption = final(0, { text: 'Unrepeatable.' });
    await store.write([{ type: 'final', caption }], NOW_MS);
    expect(await traces()).not.toBe(0);
    const limits = { finalsMs: NOW_MS + 1, streamsMs: 0 };
    while ((await store.deleteBefore(limits)) > 0);
    expect(await traces()).toBe(0);
    await store.close();
  });

  test('clears its journal with the next sweep where another program was reading it', async () => {
    const file = newFile();
    const store = await open(file);
    const caption = final(0, { meeting: 'secret', text: 'Unrepeatable.' });
    await store.write([{ type: 'final', caption }], NOW_MS);
    const reader = new Database(file);
    reader.exec('BEGIN');
    expect(reader.prepare('SELECT count(*) AS count FROM finals').get()).toMatchObject({ count: 1 });
    while ((await store.deleteMeeting('secret')) > 0);
    expect(await tracesIn(file, /unrepeatable/gi)).not.toBe(0);
    reader.exec('COMMIT');
    reader.close();
    await store.deleteBefore({ finalsMs: 0, streamsMs: 0 });
    expect(await tracesIn(file, /unrepeatable/gi)).toBe(0);
    await store.close();
  });

  test('clears a journal that a process which was killed has left', async () => {
    const file = newFile();
    const left = new SqliteDatabase(file, 200);
    left.write([{ type: 'final', caption: final(0, { text: 'Unrepeatable.' }) }], NOW_MS);
    expect(left.deleteBefore({ finalsMs: NOW_MS + 1, streamsMs: 0 })).toBe(1);
    const next = await open(file);
    await next.deleteBefore({ finalsMs: 0, streamsMs: 0 });
    expect(await tracesIn(file, /unrepeatable/gi)).toBe(0);
    await next.close();
    left.close();
  });

  test('leaves nothing of a meeting that it deletes in its files, while it is open and among others', async () => {
    const file = newFile();
    const store = await open(file);
    const said = Array.from({ length: 1500 }, (_, i): HistoryChange => {
      const gone = i % 3 === 0;
      const text = `${gone ? 'unrepeatable' : 'ordinary'}${i} words, ${i * 7919} of them`;

      return { type: 'final', caption: final(i, { meeting: gone ? 'secret' : 'open', text }) };
    });
    for (let at = 0; at < said.length; at += 100) await store.write(said.slice(at, at + 100), NOW_MS);
    await store.write(
      [{ type: 'stream', record: record('s', 1, { meeting: 'secret', speaker: 'Unrepeatable' }) }],
      NOW_MS,
    );
    while ((await store.deleteMeeting('secret')) > 0);
    expect(await tracesIn(file, /repeatable\d*/gi)).toBe(0);
    expect((await store.search({ text: 'ordinary1000 ', limit: 9 })).hits).toHaveLength(1);
    await store.close();
  });

  test('finds what is far behind others that have the same words in another order', async () => {
    const store = await open();
    const texts = ['first last', ...Array.from({ length: 1500 }, () => 'last first')];
    await store.write(
      texts.map((text, i) => ({ type: 'final', caption: final(i, { text }) })),
      NOW_MS,
    );
    const page = await store.search({ text: '"first last"', limit: 5 });
    expect(page).toMatchObject({ hits: [{ caption: { segmentId: 0 }, marks: [[0, 10]] }], next: null });
    await store.close();
  });

  test('is searched in steps, none of which leaves anything out', () => {
    const database = new SqliteDatabase(newFile(), 200);
    const texts = Array.from({ length: 40 }, (_, i) => (i % 7 === 0 ? 'seldom said' : 'often said'));
    database.write(
      texts.map((text, i) => ({ type: 'final', caption: final(i, { text }) })),
      NOW_MS,
    );
    for (const [text, expected] of [
      ['seldom ', 6],
      ['sel', 6],
      ['said seld', 6],
      ['sa', 40],
    ] as const)
      for (const span of [1, 3, 1000]) {
        const found: number[] = [];
        let beforeId: number | null = null;
        do {
          const step = database.search({ search: readSearch(text), meeting: null, beforeId, span, limit: 4 });
          found.push(...step.found.map(({ hit }) => hit.caption.segmentId));
          beforeId = step.beforeId;
        } while (beforeId !== null);
        expect(found).toHaveLength(expected);
        expect(found).toEqual(found.toSorted((a, b) => b - a));
      }
    database.close();
  });

  test('lists meetings in steps, none of which leaves anything out, and others have their turn between them', async () => {
    const store = await open();
    const long = Array.from({ length: 2 * FINALS_PER_STEP + 1 }, (_, i) => {
      const speaker = i === 1 ? 'Bob' : 'Ada';
      const text = i % 2 === 0 ? 'Yes.' : '';

      // Several at the same time.
      return final(i, {
        meeting: 'long',
        speaker,
        spokenAtMs: 10 + Math.floor(i / 3),
        text: i === 1 ? 'No.' : text,
      });
    });
    const short = Array.from({ length: 2 * NAMES_PER_STEP + 1 }, (_, i) =>
      final(0, { streamId: `of ${i}`, meeting: `short ${i}`, spokenAtMs: i % 5 }),
    );
    await store.write(
      [...long, ...short].map((caption) => ({ type: 'final', caption })),
      NOW_MS,
    );
    const order: string[] = [];
    const listing = store.meetings({ limit: 1 }).then((page) => {
      order.push('listed');

      return page;
    });
    await store.findStream('x').then(() => order.push('found'));
    expect(await listing).toEqual({
      meetings: [
        {
          ...{ meeting: 'long', firstSpokenAtMs: 10, lastSpokenAtMs: long.at(-1)!.spokenAtMs },
          ...{ captions: FINALS_PER_STEP + 2, speakers: ['Ada', 'Bob'] },
        },
      ],
      more: true,
    });
    expect(order).toEqual(['found', 'listed']);
    const listed: string[] = [];
    for (let page = await listing; page.more; ) {
      page = await store.meetings({ limit: 100, before: page.meetings.at(-1)! });
      listed.push(...page.meetings.map(({ meeting }) => meeting));
    }
    expect(new Set(listed).size).toBe(short.length);
    expect(listed).toHaveLength(short.length);
    await store.close();
  });

  test('makes searchable, piece by piece, what an older version has stored', async () => {
    const file = newFile();
    const older = new Database(file);
    migrate(older, MIGRATIONS.slice(0, 1));
    const insert = older.prepare(
      'INSERT INTO finals (caption_id, stream_id, meeting, end_ms, spoken_at_ms, stored_at_ms, caption) VALUES (?, ?, ?, ?, ?, ?, ?)',
    );
    older.exec('BEGIN');
    for (let i = 0; i < 350; i++)
      insert.run(`stream:${i}`, 'stream', 'meeting', i * 1000 + 800, i, NOW_MS, JSON.stringify(final(i)));
    older.exec('COMMIT');
    older.close();
    const database = new SqliteDatabase(file, 200);
    database.open();
    const search = readSearch('sentence');
    const newest = () =>
      database.search({ search, meeting: null, beforeId: null, span: 9999, limit: 1 }).found[0]?.hit.caption;
    expect(newest()).toBeUndefined();
    expect(database.indexSome()).toBe(true);
    expect(newest()).toEqual(final(349));
    // What is changed or deleted before its turn stays so.
    database.write([{ type: 'final', caption: final(20, { text: 'Replaced.' }) }], NOW_MS + 1);
    database.close();
    const store = await open(file);
    await store.deleteBefore({ finalsMs: 0, streamsMs: 0 });
    for (let hits = 0; hits === 0; )
      hits = (await store.search({ text: '"sentence 0"', limit: 1 })).hits.length;
    expect((await store.search({ text: '"sentence 20"', limit: 9 })).hits).toEqual([]);
    expect((await store.search({ text: 'replaced', limit: 9 })).hits).toHaveLength(1);
    expect((await store.search({ text: '"sentence 21"', limit: 9 })).hits).toHaveLength(1);
    await store.close();
  });

  test('says that a file is no database, and leaves it as it is', async () => {
    const file = newFile();
    const text = 'Minutes of the meeting, in a file of that name. '.repeat(30);
    await writeFile(file, text);
    await expect(open(file)).rejects.toMatchObject({ code: 'SQLITE_NOTADB' });
    expect(await readFile(file, 'utf8')).toBe(text);
  });

  test('says that a file is of a newer version, and leaves it as it is', async () => {
    const file = newFile();
    const newer = new Database(file);
    newer.exec('PRAGMA user_version = 1000');
    newer.close();
    await expect(open(file)).rejects.toMatchObject({ code: 'NEWER_SCHEMA' });
    const after = new Database(file);
    expect(after.prepare('PRAGMA user_version').get()).toMatchObject({ user_version: 1000 });
    after.close();
  });

  test('says what the operating system says of a folder that is not there', async () => {
    await expect(open(join(folder, 'missing', 'history.db'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('A history that several processes open at once', () => {
  test('is made once, and takes what all of them write', async () => {
    const file = newFile();
    const names = ['a', 'b', 'c', 'd'];
    const children = names.map((streamId) => start('opens-at.mjs', file, final(0, { streamId })));
    const exits = children.map((child) => once(child, 'exit'));
    await Promise.all(children.map((child) => once(child.stdout!, 'data')));
    for (const child of children) child.stdin!.end('now');
    for (const exit of exits) expect((await exit)[0]).toBe(0);
    const store = await open(file);
    const { captions } = await store.finalsOfMeeting('meeting', { limit: 9 });
    expect(captions.map(({ streamId }) => streamId)).toEqual(names);
    await store.close();
  });
});

describe('A history whose process is killed in the middle of writing', () => {
  test('has lost nothing that was acknowledged', async () => {
    const file = newFile();
    const { checkpoint, ...fields } = record('any');
    // JSON has no floats of 32 bits.
    const plain = { ...fields, checkpoint: { ...checkpoint, hearing: { quietWindows: 0, state: null } } };
    const child = start('writes-until-killed.mjs', file, { final: final(0), record: plain });
    const acknowledged = new Map<string, number>();
    let lines = 0;
    for await (const line of createInterface({ input: child.stdout! })) {
      const [streamId, captions] = line.split(':');
      acknowledged.set(streamId!, Number(captions));
      if (++lines === 300) child.kill('SIGKILL');
    }
    const store = await open(file);
    expect(acknowledged.size).toBe(20);
    for (const [streamId, captions] of acknowledged) {
      expect(captions).toBeGreaterThan(5);
      const kept = await store.finalsOfStream(streamId, 0, 1e9);
      expect(kept.length).toBeGreaterThanOrEqual(captions);
      expect(kept.map(({ segmentId }) => segmentId)).toEqual(kept.map((_, i) => i));
      // Written with the final before it.
      expect((await store.findStream(streamId))!.captions).toBe(kept.length);
    }
    await store.close();
  });
});
