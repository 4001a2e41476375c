import { afterEach, describe, expect, test } from 'vitest';
import { ThreadCrashError, ThreadPool } from '../inference/threads/thread-pool.ts';
import { settle } from './support/settle.ts';

interface Task {
  readonly command: 'echo' | 'crash by exit' | 'crash by exception' | 'throw' | 'hold';
  readonly value?: string;
  /** Counts the threads that ran the task. */
  readonly runs?: Int32Array;
}

/** Where `commanded.mjs` counts. */
const [CRASHES, LOAD_FAILURES, STARTS, HELD, RELEASED, LOADED] = [0, 1, 2, 3, 4, 5] as const;

function fixture(name: string): URL {
  return new URL(`./fixtures/threads/${name}.mjs`, import.meta.url);
}

describe('ThreadPool', () => {
  const pools: ThreadPool<Task, string>[] = [];

  afterEach(async () => {
    await Promise.all(pools.splice(0).map((pool) => pool.close()));
  });

  function start({
    crashes = 0,
    threads = 1,
    worker = 'commanded',
    loadFailure = 'exception',
    holdLoading = false,
  } = {}) {
    const shared = new Int32Array(new SharedArrayBuffer(24));
    shared[CRASHES] = crashes;
    const told = { crashes: 0 };
    const pool = new ThreadPool<Task, string>({
      workerUrl: fixture(worker),
      workerData: { shared: shared.buffer, loadFailure, holdLoading },
      threads,
      onCrash: () => told.crashes++,
    });
    pools.push(pool);
    const release = () => {
      Atomics.store(shared, RELEASED, 1);
      Atomics.notify(shared, RELEASED);
    };

    return { pool, shared, told, release };
  }

  const until = async (condition: () => boolean) => {
    while (!condition()) await settle();
  };

  test('runs a task on a thread', async () => {
    const { pool, told } = start();
    expect(await pool.run({ command: 'echo', value: 'hello' })).toBe('hello');
    expect(told.crashes).toBe(0);
  });

  test('warms every thread up', async () => {
    const { pool } = start({ threads: 2 });
    await pool.warmUp({ command: 'echo' });
    expect(pool.threads).toBe(2);
  });

  test.each(['crash by exit', 'crash by exception'] as const)(
    'runs a task again, on a new thread, when its thread dies: %s',
    async (command) => {
      const { pool, told } = start({ crashes: 1 });
      expect(await pool.run({ command, value: 'survived' })).toBe('survived');
      expect(told.crashes).toBe(1);
    },
  );

  test('hands shared memory to a thread as it is, and to the one that runs the task again', async () => {
    const { pool } = start({ crashes: 1 });
    const runs = new Int32Array(new SharedArrayBuffer(4));
    await pool.run({ command: 'crash by exit', runs });
    expect(runs[0]).toBe(2);
  });

  test.each(['crash by exit', 'crash by exception'] as const)(
    'gives a task up that kills two threads, and runs the next: %s',
    async (command) => {
      const { pool, told } = start({ crashes: 2 });
      await expect(pool.run({ command })).rejects.toThrow(ThreadCrashError);
      expect(told.crashes).toBe(2);
      expect(await pool.run({ command: 'echo', value: 'on' })).toBe('on');
    },
  );

  test('loses no task of the other threads when one dies', async () => {
    const { pool } = start({ crashes: 1, threads: 2 });
    const values = await Promise.all([
      pool.run({ command: 'crash by exit', value: 'a' }),
      pool.run({ command: 'echo', value: 'b' }),
    ]);
    expect(values).toEqual(['a', 'b']);
  });

  test('passes an exception in a task on as a plain error, without running it again', async () => {
    const { pool, shared, told } = start();
    const failing = pool.run({ command: 'throw', value: 'The batch is no good.' });
    await expect(failing).rejects.toThrow('The batch is no good.');
    await expect(failing).rejects.not.toBeInstanceOf(ThreadCrashError);
    expect(shared[CRASHES]).toBe(1);
    expect(told.crashes).toBe(0);
  });

  test('says why a thread could not load', async () => {
    const { pool } = start({ worker: 'fails-to-load' });
    await expect(pool.warmUp({ command: 'echo' })).rejects.toThrow('The model is no good.');
  });

  test.each(['exception', 'exit'])(
    'gives a task up whose thread cannot be replaced, and runs the next on a fresh thread: %s',
    async (loadFailure) => {
      const { pool, shared, told } = start({ crashes: 1, loadFailure });
      await pool.warmUp({ command: 'echo' });
      shared[LOAD_FAILURES] = 1;
      await expect(pool.run({ command: 'crash by exit' })).rejects.toThrow(ThreadCrashError);
      expect(told.crashes).toBe(2);
      expect(await pool.run({ command: 'echo', value: 'on' })).toBe('on');
      expect(shared[STARTS]).toBe(3);
    },
  );

  test('says why the thread could not be replaced', async () => {
    const { pool, shared } = start({ crashes: 1 });
    await pool.warmUp({ command: 'echo' });
    shared[LOAD_FAILURES] = 1;
    await expect(pool.run({ command: 'crash by exit' })).rejects.toThrow('There is no memory for the model.');
  });

  test('starts threads for tasks only while none can load, and runs tasks again when one can', async () => {
    const { pool, shared } = start({ crashes: 1 });
    await pool.warmUp({ command: 'echo' });
    shared[LOAD_FAILURES] = 1000;
    for (const starts of [2, 4, 6]) {
      await expect(pool.run({ command: 'crash by exit' })).rejects.toThrow(ThreadCrashError);
      // As long as threads take to start.
      await start().pool.warmUp({ command: 'echo' });
      expect(shared[STARTS]).toBe(starts);
    }
    shared[LOAD_FAILURES] = 0;
    expect(await pool.run({ command: 'echo', value: 'on' })).toBe('on');
    expect(shared[STARTS]).toBe(7);
  });

  test('gives the tasks of all its threads up when none can be replaced, and then runs as many again', async () => {
    const { pool, shared, release } = start({ crashes: 4, threads: 2 });
    await pool.warmUp({ command: 'echo' });
    shared[LOAD_FAILURES] = 1000;
    const tasks = Array.from({ length: 2 }, () => pool.run({ command: 'crash by exit' }));
    const rejected = { status: 'rejected', reason: { name: 'ThreadCrashError' } };
    expect(await Promise.allSettled(tasks)).toMatchObject([rejected, rejected]);
    shared[LOAD_FAILURES] = 0;
    const held = ['a', 'b'].map((value) => pool.run({ command: 'hold', value }));
    await until(() => Atomics.load(shared, HELD) === 2);
    release();
    expect(await Promise.all(held)).toEqual(['a', 'b']);
  });

  test('goes on with the threads it has when one cannot be replaced, and has them all again when it can', async () => {
    const { pool, shared, told, release } = start({ crashes: 1, threads: 2 });
    await pool.warmUp({ command: 'echo' });
    shared[LOAD_FAILURES] = 1;
    expect(await pool.run({ command: 'crash by exit', value: 'a' })).toBe('a');
    await until(() => told.crashes === 2);
    expect(await pool.run({ command: 'echo', value: 'b' })).toBe('b');
    expect(shared[STARTS]).toBe(3);
    const held = ['c', 'd'].map((value) => pool.run({ command: 'hold', value }));
    await until(() => Atomics.load(shared, HELD) === 2);
    release();
    expect(await Promise.all(held)).toEqual(['c', 'd']);
    expect(shared[STARTS]).toBe(4);
  });

  test('replaces its last thread, too, after another could not be replaced', async () => {
    const { pool, shared, told } = start({ crashes: 1, threads: 2 });
    await pool.warmUp({ command: 'echo' });
    shared[LOAD_FAILURES] = 1;
    await pool.run({ command: 'crash by exit' });
    await until(() => told.crashes === 2);
    shared[CRASHES] = 1;
    expect(await pool.run({ command: 'crash by exit', value: 'survived' })).toBe('survived');
    expect(told.crashes).toBe(3);
  });

  test('closes while a task waits for a thread that cannot load', async () => {
    const { pool, shared, told } = start({ crashes: 1 });
    await pool.warmUp({ command: 'echo' });
    shared[LOAD_FAILURES] = 1000;
    const waiting = Promise.allSettled([pool.run({ command: 'crash by exit' })]);
    await until(() => told.crashes === 1);
    await pool.close();
    expect(await waiting).toMatchObject([{ status: 'rejected', reason: { name: 'ThreadCrashError' } }]);
    expect(shared[STARTS]).toBe(2);
  });

  test('lets a thread load before it ends it', async () => {
    const { pool, shared, release } = start({ holdLoading: true });
    await until(() => Atomics.load(shared, STARTS) === 1);
    const closing = pool.close();
    await settle();
    release();
    await closing;
    expect(shared[LOADED]).toBe(1);
  });

  test('keeps as many tasks waiting as it runs, and refuses the next', async () => {
    const { pool, told, release } = start();
    const taken = ['a', 'b'].map((value) => pool.run({ command: 'hold', value }));
    const refused = pool.run({ command: 'echo' });
    await expect(refused).rejects.toThrow('takes 2 tasks at once');
    await expect(refused).rejects.not.toBeInstanceOf(ThreadCrashError);
    release();
    expect(await Promise.all(taken)).toEqual(['a', 'b']);
    expect(told.crashes).toBe(0);
  });

  test('settles the task that runs when it is closed, and is closed once', async () => {
    const { pool, shared, told, release } = start();
    const running = Promise.allSettled([pool.run({ command: 'hold', value: 'held' })]);
    await until(() => Atomics.load(shared, HELD) === 1);
    expect(pool.closed).toBe(false);
    const closing = pool.close();
    expect(pool.closed).toBe(true);
    expect(pool.close()).toBe(closing);
    release();
    await Promise.all([running, closing]);
    expect(told.crashes).toBe(0);
  });

  test('runs nothing once it is closed', async () => {
    const { pool, shared } = start();
    await pool.close();
    const starts = shared[STARTS];
    await expect(pool.run({ command: 'echo' })).rejects.toThrow('closed');
    expect(shared[STARTS]).toBe(starts);
  });
});
