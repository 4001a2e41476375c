import { afterEach, describe, expect, test } from 'vitest';
import { ThreadCrashError, ThreadPool } from '../inference/threads/thread-pool.ts';
import { settle } from './support/settle.ts';

interface Task {
  readonly command: 'echo' | 'crash by exit' | 'crash by exception' | 'throw' | 'hold';
  readonly value?: string;
}

function fixture(name: string): URL {
  return new URL(`./fixtures/threads/${name}.mjs`, import.meta.url);
}

describe('ThreadPool', () => {
  const pools: ThreadPool<Task, string>[] = [];

  afterEach(async () => {
    await Promise.all(pools.splice(0).map((pool) => pool.close()));
  });

  function start({ crashes = 0, threads = 1, worker = 'commanded' } = {}) {
    const shared = new Int32Array(new SharedArrayBuffer(8));
    shared[0] = crashes;
    const told = { crashes: 0 };
    const pool = new ThreadPool<Task, string>({
      workerUrl: fixture(worker),
      workerData: { shared: shared.buffer },
      threads,
      onCrash: () => told.crashes++,
    });
    pools.push(pool);

    return { pool, shared, told };
  }

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
    expect(shared[0]).toBe(1);
    expect(told.crashes).toBe(0);
  });

  test('says why a thread could not load', async () => {
    const { pool } = start({ worker: 'fails-to-load' });
    await expect(pool.warmUp({ command: 'echo' })).rejects.toThrow('The model is no good.');
  });

  test('settles the task that runs when it is closed, and is closed once', async () => {
    const { pool, shared, told } = start();
    const running = Promise.allSettled([pool.run({ command: 'hold', value: 'held' })]);
    while (Atomics.load(shared, 1) === 0) await settle();
    expect(pool.closed).toBe(false);
    const closing = pool.close();
    expect(pool.closed).toBe(true);
    expect(pool.close()).toBe(closing);
    Atomics.store(shared, 1, 2);
    Atomics.notify(shared, 1);
    await Promise.all([running, closing]);
    expect(told.crashes).toBe(0);
  });
});
