import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Failure } from '../server/failure.ts';
import { defaultDataDirectory } from '../server/history/data-directory.ts';
import { explainOpening } from '../server/history/explain-opening.ts';
import { type History, type HistoryConfig, openHistory } from '../server/history/open-history.ts';
import { sweepRegularly } from '../server/history/retention.ts';
import { MIGRATIONS } from '../server/history/sql.ts';
import { HistoryMetrics } from '../server/history-metrics.ts';
import { migrate, NewerSchemaError } from '../server/sqlite/migrate.ts';
import { final, record, SQLITE_THREAD, UnsteadyStore } from './support/history.ts';
import { ManualClock } from './support/manual-clock.ts';
import { settle } from './support/settle.ts';

const HOUR_MS = 3_600_000;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roundtable-history-'));
});

afterAll(() => rm(folder, { recursive: true }));

function open(
  config: Partial<HistoryConfig>,
  clock = new ManualClock(),
  registry = new Registry(),
): Promise<History> {
  const defaults = {
    dataDir: 'none',
    databaseUrl: 'none',
    keepTranscriptsMs: 24 * HOUR_MS,
    resumeWindowMs: 120_000,
  };
  const log = pino({ level: 'silent' });

  return openHistory({ ...defaults, ...config }, clock, new HistoryMetrics(registry), log, SQLITE_THREAD);
}

/** Fulfilled when what was handed over before is stored. */
function stored({ recorder }: History): Promise<void> {
  return new Promise((resolve) => recorder.stream(record('fence'), () => resolve()));
}

describe('openHistory', () => {
  test('makes the data folder, for nobody else to look into, and finds there what was said before', async () => {
    const dataDir = join(folder, 'new', 'folder');
    const first = await open({ dataDir });
    first.recorder.final(final(0));
    await first.close();
    await first.close();
    if (process.platform !== 'win32') expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
    const second = await open({ dataDir });
    expect((await second.recorder.finalsOfMeeting('meeting', { limit: 9 })).captions).toEqual([final(0)]);
    await second.close();
    expect(second.abandonedThreads).toBe(0);
  });

  test('keeps everything in memory when told to', async () => {
    const history = await open({ dataDir: 'none' });
    history.recorder.final(final(0));
    await stored(history);
    expect(await history.recorder.finals('stream', 0, 1e9)).toEqual([final(0)]);
    await history.close();
  });

  test('deletes as it opens, and every minute, what has been kept long enough', async () => {
    const clock = new ManualClock();
    const dataDir = join(folder, 'aging');
    const said = async (history: History) =>
      (await history.recorder.finalsOfMeeting('meeting', { limit: 9 })).captions.length;
    const first = await open({ dataDir, keepTranscriptsMs: HOUR_MS }, clock);
    first.recorder.final(final(0));
    await stored(first);
    await first.close();
    clock.advance(HOUR_MS - 60_000);
    const second = await open({ dataDir, keepTranscriptsMs: HOUR_MS }, clock);
    second.recorder.final(final(1));
    await stored(second);
    expect(await said(second)).toBe(2);
    clock.advance(60_000);
    await stored(second);
    clock.advance(60_000);
    await stored(second);
    expect(await said(second)).toBe(1);
    await second.close();
    clock.advance(HOUR_MS);
    const third = await open({ dataDir, keepTranscriptsMs: HOUR_MS }, clock);
    expect(await said(third)).toBe(0);
    expect(await third.recorder.find('hash of fence')).not.toBeNull();
    await third.close();
    clock.advance(24 * HOUR_MS);
    const fourth = await open({ dataDir, keepTranscriptsMs: HOUR_MS }, clock);
    expect(await fourth.recorder.find('hash of fence')).toBeNull();
    await fourth.close();
  });

  test('keeps finals for as long as their streams can be taken up at once, even if transcripts are not kept', async () => {
    const clock = new ManualClock();
    const dataDir = join(folder, 'fleeting');
    const config = { dataDir, keepTranscriptsMs: 0, resumeWindowMs: 120_000 };
    const first = await open(config, clock);
    first.recorder.final(final(0));
    await first.close();
    clock.advance(120_000);
    const second = await open(config, clock);
    expect(await second.recorder.finals('stream', 0, 1e9)).toHaveLength(1);
    await second.close();
    clock.advance(1);
    const third = await open(config, clock);
    expect(await third.recorder.finals('stream', 0, 1e9)).toHaveLength(0);
    await third.close();
  });

  test('counts what it stores', async () => {
    const registry = new Registry();
    const history = await open({}, new ManualClock(), registry);
    const value = async (name: string) =>
      (await registry.getSingleMetric(`roundtable_${name}`)!.get()).values[0]?.value;
    history.recorder.final(final(0));
    history.recorder.final(final(1));
    expect(await value('history_queue_changes')).toBe(2);
    await settle();
    expect(await value('history_queue_changes')).toBe(0);
    expect(await value('stored_finals_total')).toBe(2);
    expect(await value('history_write_failures_total')).toBe(0);
    expect(await value('history_streams_given_up_total')).toBe(0);
    await history.close();
  });

  test('says what to do when the data folder is a file', async () => {
    const dataDir = join(folder, 'file');
    await writeFile(dataDir, '');
    await expect(open({ dataDir })).rejects.toThrow(
      `The data folder ${dataDir} is a file, or would lie in one. Move the file away, or name another folder with --data-dir`,
    );
    await expect(open({ dataDir: join(dataDir, 'below') })).rejects.toThrow('is a file, or would lie in one');
  });

  test('says what to do when something else is in the way of the file', async () => {
    const dataDir = join(folder, 'occupied');
    await mkdir(join(dataDir, 'history.db'), { recursive: true });
    await expect(open({ dataDir })).rejects.toThrow('is damaged, or not Roundtable');
    await rm(dataDir, { recursive: true });
  });

  // Nobody may make folders there, not even the superuser.
  test.runIf(process.platform === 'linux')('says what to do when the folder cannot be written', async () => {
    await expect(open({ dataDir: '/sys/roundtable' })).rejects.toThrow(
      /^The data folder \/sys\/roundtable cannot be written \(E[A-Z]+\)\. Let the user that runs the server write there, or/,
    );
  });

  test('says what to do when a newer version has written the file', async () => {
    const dataDir = join(folder, 'newer');
    await (await open({ dataDir })).close();
    const database = new Database(join(dataDir, 'history.db'));
    database.exec('PRAGMA user_version = 1000');
    database.close();
    await expect(open({ dataDir })).rejects.toThrow(
      `has a history.db that a newer version of Roundtable has written. Its schema has version 1000, and this one knows up to ${MIGRATIONS.length}. Run that version, or`,
    );
  });
});

describe('explainOpening', () => {
  const full = new Database(':memory:');
  full.exec('PRAGMA max_page_count = 2; CREATE TABLE t (x)');
  const fill = () => full.exec('INSERT INTO t VALUES (zeroblob(100000))');

  test('says of a full disk what SQLite says of it', () => {
    let error: unknown;
    try {
      fill();
    } catch (thrown) {
      error = thrown;
    }
    expect(explainOpening('/data', error).message).toBe(
      'The data folder /data is on a disk that is full (SQLITE_FULL). Make room, or name another folder with --data-dir, or keep everything in memory only with --data-dir none.',
    );
  });

  test.each([
    ['EACCES', 'cannot be written (EACCES)'],
    ['EROFS', 'cannot be written (EROFS)'],
    ['SQLITE_READONLY_DBMOVED', 'cannot be written (SQLITE_READONLY_DBMOVED)'],
    ['ENOENT', 'cannot be made (ENOENT)'],
    ['ENOSPC', 'is on a disk that is full (ENOSPC)'],
    ['SQLITE_IOERR_WRITE', 'is on a disk that fails or is full (SQLITE_IOERR_WRITE)'],
    ['SQLITE_NOTADB', 'has a history.db that is damaged'],
    ['SQLITE_BUSY', 'has a history.db that another program keeps locked'],
  ])('has a sentence for %s', (code, words) => {
    const failure = explainOpening('/data', Object.assign(new Error('…'), { code }));
    expect(failure).toBeInstanceOf(Failure);
    expect(failure.message).toContain(`The data folder /data ${words}`);
    expect(failure.message).toMatch(/^[^\n]+\.$/);
  });

  test('says the first line of what it does not know', () => {
    const { message } = explainOpening(
      '/data',
      new Error("Cannot find module 'libsql'\nRequire stack:\n- x"),
    );
    expect(message).toContain("cannot be opened (Cannot find module 'libsql').");
    expect(message).not.toContain('\n');
  });
});

describe('migrate', () => {
  const steps = [
    'CREATE TABLE a (x)',
    'ALTER TABLE a ADD COLUMN y',
    'CREATE TABLE b (x); INSERT INTO b VALUES (7)',
  ];
  const versionOf = (database: Database.Database) => database.prepare('PRAGMA user_version').get();

  test('takes the steps that a file lacks, each once, and keeps what is in it', () => {
    const database = new Database(':memory:');
    migrate(database, steps.slice(0, 1));
    database.exec('INSERT INTO a VALUES (1)');
    migrate(database, steps);
    migrate(database, steps);
    expect(database.prepare('SELECT x, y FROM a').all()).toEqual([{ x: 1, y: null }]);
    expect(database.prepare('SELECT x FROM b').all()).toEqual([{ x: 7 }]);
    expect(versionOf(database)).toMatchObject({ user_version: 3 });
  });

  test('takes all steps or none', () => {
    const database = new Database(':memory:');
    expect(() => migrate(database, [...steps, 'CREATE TABLE a (x)'])).toThrow('already exists');
    expect(versionOf(database)).toMatchObject({ user_version: 0 });
    expect(database.prepare('SELECT name FROM sqlite_master').all()).toEqual([]);
    migrate(database, steps);
    expect(versionOf(database)).toMatchObject({ user_version: 3 });
  });

  test('refuses a file of a newer version', () => {
    const database = new Database(':memory:');
    migrate(database, steps);
    expect(() => migrate(database, steps.slice(0, 2))).toThrow(NewerSchemaError);
    expect(versionOf(database)).toMatchObject({ user_version: 3 });
  });
});

describe('sweepRegularly', () => {
  test('goes on after a sweep that failed, and ends when told', async () => {
    const clock = new ManualClock();
    const store = new UnsteadyStore();
    await store.write([{ type: 'final', caption: final(0) }], clock.epochMs());
    const failures: unknown[] = [];
    const stop = sweepRegularly(store, clock, { finalsMs: 0, streamsMs: 0 }, (error) => failures.push(error));
    await store.close();
    clock.advance(60_000);
    await settle();
    clock.advance(60_000);
    await settle();
    expect(failures).toHaveLength(2);
    stop();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('The data folder', () => {
  test('is where each platform has its users keep data', () => {
    expect(defaultDataDirectory('linux', { XDG_DATA_HOME: '/d' })).toBe('/d/roundtable');
    expect(defaultDataDirectory('linux', {})).toMatch(/\/\.local\/share\/roundtable$/);
    expect(defaultDataDirectory('darwin', {})).toMatch(/\/Library\/Application Support\/roundtable$/);
    expect(defaultDataDirectory('win32', { LOCALAPPDATA: '/local' })).toBe('/local/roundtable');
  });
});
