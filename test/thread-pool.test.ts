import { afterEach, describe, expect, test } from 'vitest';
import { ThreadCrashError, ThreadUnavailableError } from '../inference/threads/thread-errors.ts';
import {
  CommandedPools,
  CRASHES,
  HELD,
  LOAD_FAILURES,
  LOADED,
  STARTS,
  until,
} from './support/commanded-pool.ts';
import { settle } from './support/settle.ts';

const pools = new CommandedPools();

afterEach(() => pools.close());

describe('ThreadPool', () => {
  const rejected = { status: 'rejected', reason: { name: 'ThreadCrashError' } };
  const refused = { status: 'rejected', reason: { name: 'ThreadUnavailableError' } };

  test('runs a task on a thread', async () => {
    const { pool, told } = pools.start();
    expect(await pool.run({ command: 'echo', value: 'hello' })).toBe('hello');
    expect(told.crashes).toBe(0);
  });

  test('warms every thread up', async () => {
    const { pool, shared } = pools.start({ threads: 2 });
    await pool.warmUp({ command: 'echo' });
    expect(pool.threads).toBe(2);
    expect(shared[LOADED]).toBe(2);
  });

  test('gives a task to the first thread that is idle', async () => {
    const { pool, shared, release } = pools.start({ threads: 3 });
    await pool.warmUp({ command: 'echo' });
    expect(await pool.run({ command: 'who are you' })).toBe('thread 0');
    const held = pool.run({ command: 'hold' });
    await until(() => Atomics.load(shared, HELD) === 1);
    expect(await pool.run({ command: 'who are you' })).toBe('thread 1');
    release();
    await held;
    expect(await pool.run({ command: 'who are you' })).toBe('thread 0');
  });

  test.each(['crash by exit', 'crash by exception', 'crash by memory'] as const)(
    'fails the task whose thread dies, without running it again, and replaces the thread: %s',
    async (command) => {
      const { pool, shared, told } = pools.start({ crashes: 1 });
      const runs = new Int32Array(new SharedArrayBuffer(4));
      await expect(pool.run({ command, runs })).rejects.toThrow(ThreadCrashError);
      expect(runs[0]).toBe(1);
      expect(await pool.run({ command: 'echo', value: 'on' })).toBe('on');
      expect(told.crashes).toBe(1);
      expect(shared[STARTS]).toBe(2);
    },
  );

  test('says what the thread died of', async () => {
    const { pool } = pools.start({ crashes: 2 });
    const dying = pool.run({ command: 'crash by memory' });
    await expect(dying).rejects.toMatchObject({ cause: { code: 'ERR_WORKER_OUT_OF_MEMORY' } });
    await expect(pool.run({ command: 'crash by exception' })).rejects.toThrow('thrown outside the task');
  });

  test('hands shared memory to a thread as it is', async () => {
    const { pool } = pools.start();
    const runs = new Int32Array(new SharedArrayBuffer(4));
    await pool.run({ command: 'echo', runs });
    await pool.run({ command: 'echo', runs });
    expect(runs[0]).toBe(2);
  });

  test('loses no task of the other threads when one dies', async () => {
    const { pool, shared, release } = pools.start({ crashes: 1, threads: 2 });
    const held = pool.run({ command: 'hold', value: 'held' });
    await until(() => Atomics.load(shared, HELD) === 1);
    await expect(pool.run({ command: 'crash by exit' })).rejects.toThrow(ThreadCrashError);
    release();
    expect(await held).toBe('held');
  });

  test('passes an exception in a task on as a plain error, and keeps the thread', async () => {
    const { pool, shared, told } = pools.start();
    const failing = pool.run({ command: 'throw', value: 'The batch is no good.' });
    await expect(failing).rejects.toThrow('The batch is no good.');
    await expect(failing).rejects.not.toBeInstanceOf(ThreadCrashError);
    expect(shared[CRASHES]).toBe(1);
    expect(told.crashes).toBe(0);
    expect(shared[STARTS]).toBe(1);
  });

  test('fails a task that cannot be copied to a thread, and keeps the thread', async () => {
    const { pool, shared } = pools.start();
    const uncopied = { command: 'echo', value: () => {} } as never;
    await expect(pool.run(uncopied)).rejects.toThrow('could not be cloned');
    expect(await pool.run({ command: 'echo', value: 'on' })).toBe('on');
    expect(shared[STARTS]).toBe(1);
  });

  test('says why a thread could not load', async () => {
    const { pool } = pools.start({ worker: 'fails-to-load' });
    await expect(pool.warmUp({ command: 'echo' })).rejects.toThrow('The model is no good.');
  });

  test.each(['exception', 'exit'])(
    'fails the tasks that wait for a thread that cannot be replaced, and runs the next on a fresh one: %s',
    async (loadFailure) => {
      const { pool, shared, told } = pools.start({ crashes: 1, loadFailure });
      await pool.warmUp({ command: 'echo' });
      shared[LOAD_FAILURES] = 1;
      const tasks = [pool.run({ command: 'crash by exit' }), pool.run({ command: 'echo' })];
      expect(await Promise.allSettled(tasks)).toMatchObject([rejected, refused]);
      expect(told.crashes).toBe(2);
      expect(await pool.run({ command: 'echo', value: 'on' })).toBe('on');
      expect(shared[STARTS]).toBe(3);
    },
  );

  test('says why the thread could not be replaced', async () => {
    const { pool, shared } = pools.start({ crashes: 1 });
    await pool.warmUp({ command: 'echo' });
    shared[LOAD_FAILURES] = 1;
    const dying = Promise.allSettled([pool.run({ command: 'crash by exit' })]);
    await expect(pool.run({ command: 'echo' })).rejects.toThrow('There is no memory for the model.');
    await dying;
  });

  test('starts one thread for each task while none can load, and runs tasks again when one can', async () => {
    const { pool, shared, told } = pools.start({ crashes: 1 });
    await pool.warmUp({ command: 'echo' });
    shared[LOAD_FAILURES] = 1000;
    await expect(pool.run({ command: 'crash by exit' })).rejects.toThrow(ThreadCrashError);
    await until(() => told.crashes === 2);
    for (const starts of [3, 4, 5]) {
      await expect(pool.run({ command: 'echo' })).rejects.toThrow(ThreadUnavailableError);
      // As long as threads take to start.
      await pools.start().pool.warmUp({ command: 'echo' });
      expect(shared[STARTS]).toBe(starts);
    }
    shared[LOAD_FAILURES] = 0;
    expect(await pool.run({ command: 'echo', value: 'on' })).toBe('on');
    expect(shared[STARTS]).toBe(6);
  });

  test('runs as many tasks at once as before when all its threads could not be replaced', async () => {
    const { pool, shared, told, release } = pools.start({ crashes: 2, threads: 2 });
    await pool.warmUp({ command: 'echo' });
    shared[LOAD_FAILURES] = 1000;
    const tasks = Array.from({ length: 2 }, () => pool.run({ command: 'crash by exit' }));
    expect(await Promise.allSettled(tasks)).toMatchObject([rejected, rejected]);
    await until(() => told.crashes === 4);
    shared[LOAD_FAILURES] = 0;
    const held = ['a', 'b'].map((value) => pool.run({ command: 'hold', value }));
    await until(() => Atomics.load(shared, HELD) === 2);
    release();
    expect(await Promise.all(held)).toEqual(['a', 'b']);
  });

  test('goes on with the threads it has when one cannot be replaced, and has them all again when it can', async () => {
    const { pool, shared, told, release } = pools.start({ crashes: 1, threads: 2 });
    await pool.warmUp({ command: 'echo' });
    shared[LOAD_FAILURES] = 1;
    await expect(pool.run({ command: 'crash by exit' })).rejects.toThrow(ThreadCrashError);
    await until(() => told.crashes === 2);
    expect(await pool.run({ command: 'who are you' })).toBe('thread 1');
    expect(shared[STARTS]).toBe(3);
    const held = ['c', 'd'].map((value) => pool.run({ command: 'hold', value }));
    await until(() => Atomics.load(shared, HELD) === 2);
    release();
    expect(await Promise.all(held)).toEqual(['c', 'd']);
    expect(shared[STARTS]).toBe(4);
  });

  test('replaces its last thread, too, after another could not be replaced', async () => {
    const { pool, shared, told } = pools.start({ crashes: 2, threads: 2 });
    await pool.warmUp({ command: 'echo' });
    shared[LOAD_FAILURES] = 1;
    await expect(pool.run({ command: 'crash by exit' })).rejects.toThrow(ThreadCrashError);
    await until(() => told.crashes === 2);
    await expect(pool.run({ command: 'crash by exit' })).rejects.toThrow(ThreadCrashError);
    expect(await pool.run({ command: 'who are you' })).toBe('thread 1');
    expect(told.crashes).toBe(3);
  });

  test('keeps as many tasks waiting as it runs, and refuses the next', async () => {
    const { pool, told, release } = pools.start();
    const taken = ['a', 'b'].map((value) => pool.run({ command: 'hold', value }));
    const refused = pool.run({ command: 'echo' });
    await expect(refused).rejects.toThrow('takes 2 tasks at once');
    await expect(refused).rejects.not.toBeInstanceOf(ThreadCrashError);
    release();
    expect(await Promise.all(taken)).toEqual(['a', 'b']);
    expect(told.crashes).toBe(0);
  });
});

describe('ThreadPool tells how many tasks it could take', () => {
  test('none while its threads load, and each as it has loaded', async () => {
    const { pool, shared, told, release } = pools.start({ threads: 2, holdLoading: true });
    await until(() => Atomics.load(shared, STARTS) === 2);
    expect(pool.idle).toBe(0);
    expect(told.idle).toEqual([]);
    release();
    await until(() => pool.idle === 2);
    expect(told.idle).toEqual([1, 2]);
  });

  test('fewer as soon as a task is given to it, and again as many when the task is done', async () => {
    const { pool, shared, told, release } = pools.start({ threads: 2 });
    await pool.warmUp({ command: 'echo' });
    expect(pool.idle).toBe(2);
    told.idle.length = 0;
    const tasks = ['a', 'b', 'c'].map((value) => {
      const task = pool.run({ command: 'hold', value });

      return { task, idle: pool.idle };
    });
    expect(tasks.map(({ idle }) => idle)).toEqual([1, 0, 0]);
    await until(() => Atomics.load(shared, HELD) === 2);
    release();
    await Promise.all(tasks.map(({ task }) => task));
    expect(pool.idle).toBe(2);
    // The first place to come free goes to the third task.
    expect(told.idle).toEqual([1, 2]);
  });

  test('none in the place of a thread that died, until the new one has loaded', async () => {
    const { pool, told } = pools.start({ crashes: 1 });
    await pool.warmUp({ command: 'echo' });
    await expect(pool.run({ command: 'crash by exit' })).rejects.toThrow(ThreadCrashError);
    expect(pool.idle).toBe(0);
    told.idle.length = 0;
    await until(() => pool.idle === 1);
    expect(told.idle).toEqual([1]);
  });

  test('none while no thread can load, and one as soon as one has', async () => {
    const { pool, shared, told, deadlines } = pools.start({ crashes: 1 });
    await pool.warmUp({ command: 'echo' });
    shared[LOAD_FAILURES] = 9;
    await expect(pool.run({ command: 'crash by exit' })).rejects.toThrow(ThreadCrashError);
    told.idle.length = 0;
    const delays: number[] = [];
    for (let tries = 1; tries <= 9; tries++) {
      await until(() => told.crashes === tries + 1);
      expect(pool.idle).toBe(0);
      const [retry] = deadlines.splice(0);
      delays.push(retry!.ms);
      retry!.pass();
    }
    expect(delays).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    await until(() => pool.idle === 1);
    expect(told.idle).toEqual([1]);
    expect(deadlines).toEqual([]);
  });

  test('none when it is closed', async () => {
    const { pool } = pools.start();
    await pool.warmUp({ command: 'echo' });
    const closing = pool.close();
    expect(pool.idle).toBe(0);
    await closing;
  });
});

describe('ThreadPool, closed,', () => {
  test('settles the tasks that wait for a thread that cannot load', async () => {
    const { pool, shared } = pools.start({ crashes: 1 });
    await pool.warmUp({ command: 'echo' });
    shared[LOAD_FAILURES] = 1000;
    const tasks = [pool.run({ command: 'crash by exit' }), pool.run({ command: 'echo' })];
    const waiting = Promise.allSettled(tasks);
    await Promise.allSettled([tasks[0]]);
    await pool.close();
    expect(await waiting).toMatchObject([
      { status: 'rejected', reason: { name: 'ThreadCrashError' } },
      { status: 'rejected', reason: { name: 'ThreadUnavailableError' } },
    ]);
    expect(shared[STARTS]).toBe(2);
  });

  test('lets a thread load before it ends it', async () => {
    const { pool, shared, release } = pools.start({ holdLoading: true });
    await until(() => Atomics.load(shared, STARTS) === 1);
    const closing = pool.close();
    await settle();
    release();
    await closing;
    expect(shared[LOADED]).toBe(1);
  });

  test('settles the task that runs, and is closed once', async () => {
    const { pool, shared, told, release } = pools.start();
    const running = Promise.allSettled([pool.run({ command: 'hold', value: 'held' })]);
    await until(() => Atomics.load(shared, HELD) === 1);
    expect(pool.closed).toBe(false);
    const closing = pool.close();
    expect(pool.closed).toBe(true);
    expect(pool.close()).toBe(closing);
    release();
    await closing;
    expect(await running).toEqual([{ status: 'fulfilled', value: 'held' }]);
    expect(told.crashes).toBe(0);
  });

  test('replaces no thread that dies, and tells of none', async () => {
    const { pool, shared, told } = pools.start({ crashes: 1 });
    await pool.warmUp({ command: 'echo' });
    const dying = Promise.allSettled([pool.run({ command: 'crash by exit' })]);
    await pool.close();
    expect(await dying).toMatchObject([{ status: 'rejected' }]);
    expect(shared[STARTS]).toBe(1);
    expect(told.crashes).toBe(0);
  });

  test('runs nothing', async () => {
    const { pool, shared } = pools.start();
    await pool.close();
    const starts = shared[STARTS];
    await expect(pool.run({ command: 'echo' })).rejects.toThrow('closed');
    expect(shared[STARTS]).toBe(starts);
  });
});
