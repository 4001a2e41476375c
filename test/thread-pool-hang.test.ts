import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import { systemAfter } from '../inference/threads/after.ts';
import { ThreadHangError, ThreadUnavailableError } from '../inference/threads/thread-errors.ts';
import {
  type Commanded,
  CommandedPools,
  HELD,
  LEAVING,
  LOAD_DEADLINE_MS,
  RELEASED,
  STARTS,
  until,
} from './support/commanded-pool.ts';

const linux = process.platform === 'linux';
const pools = new CommandedPools();

afterEach(() => pools.close());

/** Has a thread hang, and its deadline pass. */
async function hang({ pool, shared, deadlines }: Commanded, command: 'spin' | 'hang in native code') {
  const held = Atomics.load(shared, HELD);
  const task = pool.run({ command }, 1000);
  await until(() => Atomics.load(shared, HELD) === held + 1);
  passAll(deadlines, 1000);

  return task;
}

/** Passes the deadlines of so many milliseconds. */
function passAll(deadlines: Commanded['deadlines'], ofMs: number): void {
  for (const deadline of deadlines.filter(({ ms }) => ms === ofMs)) {
    deadlines.splice(deadlines.indexOf(deadline), 1);
    deadline.pass();
  }
}

describe('ThreadPool gives a thread up', () => {
  test('that does not answer by the deadline, and runs the next task on another', async () => {
    const commanded = pools.start();
    const { pool, told } = commanded;
    const hanging = hang(commanded, 'spin');
    await expect(hanging).rejects.toThrow(ThreadHangError);
    await expect(hanging).rejects.toThrow('not answered within 1000 ms');
    expect(await pool.run({ command: 'echo', value: 'on' })).toBe('on');
    expect(told).toMatchObject({ hangs: 1, crashes: 0, exhausted: 0 });
  });

  test.runIf(linux)('and ends it, where it runs no native code', async () => {
    const commanded = pools.start();
    const { pool } = commanded;
    await pool.warmUp({ command: 'echo' });
    const [id] = pool.osThreadIds;
    await expect(hang(commanded, 'spin')).rejects.toThrow(ThreadHangError);
    expect(pool.abandoned).toBe(0);
    await until(() => !existsSync(`/proc/self/task/${id}`));
  });

  test('and lets it come out of native code, where it ends by itself', async () => {
    const commanded = pools.start({ threads: 2 });
    const { pool, shared, told, release } = commanded;
    await expect(hang(commanded, 'hang in native code')).rejects.toThrow(ThreadHangError);
    expect(pool.abandoned).toBe(1);
    await pool.warmUp({ command: 'echo' });
    expect(shared[STARTS]).toBe(3);
    expect(shared[LEAVING]).toBe(0);
    release();
    await until(() => pool.abandoned === 0);
    expect(shared[LEAVING]).toBe(1);
    expect(told).toMatchObject({ hangs: 1, crashes: 0, exhausted: 0 });
    expect(shared[STARTS]).toBe(3);
  });

  test('but none whose task was answered in time', async () => {
    const { pool, told, deadlines } = pools.start();
    const task = pool.run({ command: 'echo', value: 'soon' }, 1000);
    await pool.warmUp({ command: 'echo' });
    expect(await task).toBe('soon');
    expect(deadlines).toEqual([]);
    expect(told.hangs).toBe(0);
  });

  test('but counts the time from when it has the task', async () => {
    const { pool, shared, deadlines, release } = pools.start();
    const tasks = [pool.run({ command: 'hold' }, 1000), pool.run({ command: 'hold' }, 2000)];
    await until(() => Atomics.load(shared, HELD) === 1);
    expect(deadlines.map(({ ms }) => ms)).toEqual([1000]);
    release();
    await Promise.all(tasks);
  });

  test('even as it is closed', async () => {
    const commanded = pools.start();
    const { pool, shared, deadlines } = commanded;
    const task = Promise.allSettled([pool.run({ command: 'hang in native code' }, 1000)]);
    await until(() => Atomics.load(shared, HELD) === 1);
    const closing = pool.close();
    passAll(deadlines, 1000);
    await closing;
    expect(await task).toMatchObject([{ status: 'rejected', reason: { name: 'ThreadHangError' } }]);
    expect(pool.abandoned).toBe(1);
    expect(shared[STARTS]).toBe(1);
  });
});

describe('ThreadPool of one thread', () => {
  test('replaces the first that hangs in native code, and runs the task that waits', async () => {
    const commanded = pools.start();
    const { pool, shared, told } = commanded;
    const hanging = hang(commanded, 'hang in native code');
    const waiting = pool.run({ command: 'echo', value: 'on' });
    await expect(hanging).rejects.toThrow(ThreadHangError);
    expect(await waiting).toBe('on');
    expect([pool.abandoned, pool.exhausted]).toEqual([1, false]);
    expect(shared[STARTS]).toBe(2);
    expect(told).toMatchObject({ hangs: 1, exhausted: 0 });
  });
});

describe('ThreadPool, with more threads living on than it has,', () => {
  test('starts no more, takes nothing, and refuses at once what is handed to it', async () => {
    const commanded = pools.start();
    const { pool, shared, told } = commanded;
    await expect(hang(commanded, 'hang in native code')).rejects.toThrow(ThreadHangError);
    const hanging = hang(commanded, 'hang in native code');
    const waiting = Promise.allSettled([pool.run({ command: 'echo' })]);
    await expect(hanging).rejects.toThrow(ThreadHangError);
    expect(await waiting).toMatchObject([{ status: 'rejected', reason: { name: 'ThreadUnavailableError' } }]);
    expect(pool.exhausted).toBe(true);
    expect(pool.idle).toBe(0);
    const refused = pool.run({ command: 'echo' });
    await expect(refused).rejects.toThrow(ThreadUnavailableError);
    await expect(refused).rejects.toThrow('No thread is left: 2 have not answered and cannot be ended');
    expect(shared[STARTS]).toBe(2);
    expect(told).toMatchObject({ hangs: 2, exhausted: 1 });
  });

  test('goes on with those that answer', async () => {
    const commanded = pools.start({ threads: 2 });
    const { pool, shared, told } = commanded;
    await pool.warmUp({ command: 'echo' });
    for (let i = 0; i < 3; i++) {
      await until(() => pool.idle === 2);
      await expect(hang(commanded, 'hang in native code')).rejects.toThrow(ThreadHangError);
    }
    expect(pool.exhausted).toBe(true);
    expect(pool.idle).toBe(1);
    expect(await pool.run({ command: 'who are you' })).toBe('thread 1');
    expect(shared[STARTS]).toBe(4);
    expect(told.exhausted).toBe(1);
  });

  test('starts one again when those have ended, and tells of the next time no more', async () => {
    const commanded = pools.start();
    const { pool, told, release, shared } = commanded;
    const hangTwice = async () => {
      for (let i = 0; i < 2; i++)
        await expect(hang(commanded, 'hang in native code')).rejects.toThrow(ThreadHangError);
    };
    await hangTwice();
    told.idle.length = 0;
    release();
    await until(() => pool.abandoned === 0 && pool.idle === 1);
    expect(told.idle).toEqual([1]);
    expect(await pool.run({ command: 'echo', value: 'on' })).toBe('on');
    Atomics.store(shared, RELEASED, 0);
    await hangTwice();
    expect(pool.exhausted).toBe(true);
    expect(told).toMatchObject({ hangs: 4, exhausted: 1 });
  });
});

describe('ThreadPool gives a thread up that does not load in time', () => {
  test('fails who waits for it, and tries again later', async () => {
    const { pool, shared, told, deadlines, release } = pools.start({ holdLoading: true });
    await until(() => Atomics.load(shared, STARTS) === 1);
    const starting = pool.warmUp({ command: 'echo' });
    passAll(deadlines, LOAD_DEADLINE_MS);
    await expect(starting).rejects.toThrow('not loaded within 120000 ms');
    await expect(starting).rejects.toThrow(ThreadUnavailableError);
    expect(pool.abandoned).toBe(1);
    expect(told).toMatchObject({ hangs: 1, crashes: 0, exhausted: 0 });
    release();
    await until(() => pool.abandoned === 0);
    expect(await pool.run({ command: 'echo', value: 'on' })).toBe('on');
    expect(shared[STARTS]).toBe(2);
  });

  test('even as it is closed', async () => {
    const { pool, shared, deadlines } = pools.start({ holdLoading: true });
    await until(() => Atomics.load(shared, STARTS) === 1);
    const closing = pool.close();
    passAll(deadlines, LOAD_DEADLINE_MS);
    await closing;
    expect(pool.abandoned).toBe(1);
    expect(deadlines).toEqual([]);
  });
});

describe.runIf(linux)('A process whose thread never comes out of native code', () => {
  test('closes its pool, and can be ended by a signal', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'roundtable-hang-'));
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const script = fileURLToPath(new URL('./fixtures/threads/close-while-hanging.mjs', import.meta.url));
    const ended = await new Promise((resolve) => {
      execFile(process.execPath, [script, pipe], (error, stdout, stderr) => {
        resolve({ stdout, stderr, signal: error?.signal });
      });
    });
    expect(ended).toEqual({
      stdout: 'hung\nclosed, with 1 thread left\n',
      stderr: 'roundtable: a thread does not answer and cannot be ended; ending the process by a signal.\n',
      signal: 'SIGTERM',
    });
    rmSync(folder, { recursive: true });
  });
});

describe('systemAfter', () => {
  /** Keeps the event loop from turning. */
  const holdUp = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

  test('lets what has arrived be read first, where the event loop was held up', async () => {
    const { port1, port2 } = new MessageChannel();
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      port2.on('message', () => order.push('answer'));
      systemAfter(5, () => {
        order.push('deadline');
        resolve();
      });
      port1.postMessage('answer');
      holdUp(20);
    });
    port1.close();
    expect(order).toEqual(['answer', 'deadline']);
  });

  test('calls nothing once it is cancelled, even in the turn of the event loop in which it is due', async () => {
    let called = false;
    const cancel = systemAfter(5, () => {
      called = true;
    });
    await new Promise<void>((resolve) => {
      // Of the same delay, and later: due in the same turn, after the first has been set off.
      setTimeout(() => {
        cancel();
        setImmediate(resolve);
      }, 5);
      holdUp(20);
    });
    expect(called).toBe(false);
  });
});
