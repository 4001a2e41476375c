import { Client } from 'pg';
import { describe, expect, inject, test } from 'vitest';
import { MIGRATION_LOCK, migratePostgres } from '../../server/history/postgres-migrate.ts';
import { POSTGRES_MIGRATIONS } from '../../server/history/postgres-sql.ts';
import { PostgresStore } from '../../server/history/postgres-store.ts';
import { describeHistoryStore } from '../contract/history-store.contract.ts';
import { final, record } from '../support/history.ts';
import { newDatabase, PASSWORD, PostgresServer, query } from './support/postgres.ts';

const NOW_MS = 1_800_000_000_000;
const url = inject('postgresUrl');

describe.skipIf(!url)('With PostgreSQL', () => {
  const open = async () => PostgresStore.open(await newDatabase(url!));

  describeHistoryStore({ name: 'PostgresStore', create: open });

  describe('PostgresStore', () => {
    test('makes all changes of a write or none', async () => {
      const store = await open();
      const nothing = { ...final(1), endMs: null as unknown as number };
      const stream = { type: 'stream', record: record('stream') } as const;
      await expect(
        store.write(
          [{ type: 'final', caption: final(0) }, stream, { type: 'final', caption: nothing }],
          NOW_MS,
        ),
      ).rejects.toMatchObject({ name: 'PostgresStoreError', code: '23502' });
      expect(await store.finalsOfStream('stream', 0, 1e9)).toEqual([]);
      expect(await store.findStream('hash of stream')).toBeNull();
      await store.write([{ type: 'final', caption: final(0) }], NOW_MS);
      expect(await store.finalsOfStream('stream', 0, 1e9)).toEqual([final(0)]);
      await store.close();
    });

    test('tells nothing of what was said in its errors', async () => {
      const store = await open();
      const caption = { ...final(0, { text: 'Unspeakable.' }), endMs: 'unspeakable' as unknown as number };
      const error = await store.write([{ type: 'final', caption }], NOW_MS).catch((cause: unknown) => cause);
      expect(error).toMatchObject({ code: '22P02' });
      expect(JSON.stringify([error, String(error), (error as Error).cause ?? null])).not.toMatch(
        /unspeakable/i,
      );
      await store.close();
    });

    test('is opened by several at once, of which one takes the steps', async () => {
      const database = await newDatabase(url!);
      const stores = await Promise.all([0, 1, 2].map(() => PostgresStore.open(database)));
      await Promise.all(
        stores.map((store, i) => store.write([{ type: 'final', caption: final(i) }], NOW_MS)),
      );
      expect(await query(database, 'SELECT version FROM roundtable.schema')).toEqual([
        { version: POSTGRES_MIGRATIONS.length },
      ]);
      for (const store of stores) {
        expect(await store.finalsOfStream('stream', 0, 1e9)).toEqual([final(0), final(1), final(2)]);
        await store.close();
      }
    });

    test('waits for another one that takes its steps, for longer than for anything else', async () => {
      const database = await newDatabase(url!);
      const other = new Client({ connectionString: database });
      await other.connect();
      await other.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
      const opening = PostgresStore.open(database, { connectMs: 5000, statementMs: 200, answerMs: 300 });
      const outcome = opening.then(
        () => 'opened',
        (error: unknown) => error,
      );
      const waiters =
        "SELECT count(*)::int AS waiters FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
      while ((await other.query(waiters)).rows[0].waiters === 0);
      await other.query('SELECT pg_sleep(1)');
      await other.end();
      expect(await outcome).toBe('opened');
      await (await opening).close();
    });

    test('is swept by several at once, each final by one of them', async () => {
      const database = await newDatabase(url!);
      const stores = await Promise.all([0, 1, 2].map(() => PostgresStore.open(database)));
      const said = Array.from({ length: 1200 }, (_, i) => final(i));
      await stores[0]!.write(
        said.map((caption) => ({ type: 'final', caption })),
        1000,
      );
      const limits = { finalsMs: 2000, streamsMs: 0 };
      let deleted = 0;
      for (let last = 1; last > 0; ) {
        const counts = await Promise.all(stores.map((store) => store.deleteBefore(limits)));
        last = counts.reduce((sum, count) => sum + count, 0);
        deleted += last;
      }
      expect(deleted).toBe(1200);
      await Promise.all(stores.map((store) => store.close()));
    });

    test('counts age by the database, so that a server with a wrong clock deletes nothing young', async () => {
      const database = await newDatabase(url!);
      const day = 86_400_000;
      for (const wrongByMs of [10 * day, -10 * day]) {
        const wrong = { epochMs: () => Date.now() + wrongByMs };
        const [right, other] = [
          await PostgresStore.open(database),
          await PostgresStore.open(database, undefined, wrong),
        ];
        await right.write([{ type: 'final', caption: final(0) }], Date.now());
        await other.write([{ type: 'final', caption: final(1) }], wrong.epochMs());
        await other.write([{ type: 'stream', record: record('stream') }], wrong.epochMs());
        for (const [store, { epochMs }] of [
          [right, { epochMs: Date.now }],
          [other, wrong],
        ] as const)
          expect(await store.deleteBefore({ finalsMs: epochMs() - day, streamsMs: epochMs() - day })).toBe(0);
        const now = wrong.epochMs() + 5 * 60_000;
        expect(await other.deleteBefore({ finalsMs: now, streamsMs: now })).toBe(3);
        await right.close();
        await other.close();
      }
    });

    test('lets two servers write the same streams at once', async () => {
      const database = await newDatabase(url!);
      const stores = await Promise.all([0, 1].map(() => PostgresStore.open(database)));
      const names = Array.from({ length: 50 }, (_, i) => `stream ${i}`);
      for (let round = 0; round < 20; round++)
        await Promise.all(
          stores.map((store, i) =>
            store.write(
              (i === 0 ? names : names.toReversed()).flatMap((streamId) => [
                { type: 'final', caption: final(round, { streamId }) },
                { type: 'stream', record: record(streamId, round) },
              ]),
              NOW_MS,
            ),
          ),
        );
      expect((await stores[0]!.finalsOfStream('stream 7', 0, 1e9)).length).toBe(20);
      await Promise.all(stores.map((store) => store.close()));
    });

    test('fails what a database does not answer in time, and goes on when it answers again', async () => {
      const server = await PostgresServer.start();
      const store = await PostgresStore.open(server.url, { connectMs: 500, statementMs: 400, answerMs: 500 });
      server.signal('SIGSTOP');
      const writing = store.write([{ type: 'final', caption: final(0) }], NOW_MS);
      const reading = store.findStream('x');
      await expect(writing).rejects.toMatchObject({ name: 'PostgresStoreError' });
      await expect(reading).rejects.toMatchObject({ name: 'PostgresStoreError' });
      server.signal('SIGCONT');
      for (let isWritten = false; !isWritten; )
        isWritten = await store.write([{ type: 'final', caption: final(0) }], NOW_MS).then(
          () => true,
          () => false,
        );
      expect(await store.finalsOfStream('stream', 0, 1e9)).toEqual([final(0)]);
      await store.close();
      await server.remove();
    });

    test('writes, and takes streams up again, while slow searches hold all other connections', async () => {
      const database = await newDatabase(url!);
      const held = new Client({ connectionString: database });
      await held.connect();
      // Searches match in their own time: they wait for a lock.
      await held.query(`
        CREATE FUNCTION public.slowly(tsvector, tsquery) RETURNS boolean LANGUAGE plpgsql AS
          'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN ts_match_vq($1, $2); END';
        CREATE OPERATOR public.@@ (LEFTARG = tsvector, RIGHTARG = tsquery, FUNCTION = public.slowly);
        ALTER DATABASE ${new URL(database).pathname.slice(1)} SET search_path = public, pg_catalog;
        SELECT pg_advisory_lock(1)`);
      const store = await PostgresStore.open(database, {
        ...{ connectMs: 1000, statementMs: 30_000, answerMs: 30_000 },
      });
      const changes = [
        { type: 'final', caption: final(0) },
        { type: 'stream', record: record('stream') },
      ] as const;
      await store.write(changes, NOW_MS);
      const searching = Array.from({ length: 8 }, () => store.search({ text: 'sentence ', limit: 9 }));
      const searches = Promise.allSettled(searching);
      await store.write(changes, NOW_MS);
      expect(await store.findStream('hash of stream')).toEqual(record('stream'));
      expect(await store.finalsOfStream('stream', 0, 1e9)).toEqual([final(0)]);
      await held.end();
      expect((await searching[0]!).hits).toHaveLength(1);
      await searches;
      await store.close();
    });

    test('gives up a statement that takes too long', async () => {
      const database = await newDatabase(url!);
      const store = await PostgresStore.open(database, { connectMs: 5000, statementMs: 100, answerMs: 5000 });
      const locker = new Client({ connectionString: database });
      await locker.connect();
      await locker.query('BEGIN; LOCK TABLE roundtable.finals');
      await expect(store.finalsOfStream('stream', 0, 1e9)).rejects.toMatchObject({ code: '57014' });
      await locker.end();
      expect(await store.finalsOfStream('stream', 0, 1e9)).toEqual([]);
      await store.close();
    });

    test('refuses a database of a newer version, and one that cannot hold every language', async () => {
      const newer = await newDatabase(url!);
      await (await PostgresStore.open(newer)).close();
      await query(newer, 'UPDATE roundtable.schema SET version = 1000');
      await expect(PostgresStore.open(newer)).rejects.toMatchObject({ code: 'NEWER_SCHEMA' });
      const latin = await newDatabase(url!, "ENCODING 'LATIN1' TEMPLATE template0");
      await expect(PostgresStore.open(latin)).rejects.toMatchObject({ code: 'ENCODING' });
    });

    test('says what the database says of a wrong password, and not the password', async () => {
      const wrong = url!.replace(PASSWORD, `${PASSWORD}x`);
      const error = await PostgresStore.open(wrong).catch((cause: unknown) => cause);
      expect(error).toMatchObject({ name: 'PostgresStoreError', code: '28P01' });
      expect(JSON.stringify([error, String(error)])).not.toContain(PASSWORD);
    });
  });

  describe('migratePostgres', () => {
    test('takes the steps that are lacking, all or none', async () => {
      const database = await newDatabase(url!);
      const client = new Client({ connectionString: database });
      await client.connect();
      const steps = ['CREATE TABLE roundtable.a ()', 'CREATE TABLE roundtable.b ()'];
      await migratePostgres(client, steps.slice(0, 1));
      await expect(migratePostgres(client, [...steps, 'CREATE nonsense'])).rejects.toThrow('syntax error');
      expect((await client.query("SELECT to_regclass('roundtable.b') AS b")).rows).toEqual([{ b: null }]);
      await migratePostgres(client, steps);
      await migratePostgres(client, steps);
      expect((await client.query('SELECT version FROM roundtable.schema')).rows).toEqual([{ version: 2 }]);
      await client.end();
    });
  });
});
