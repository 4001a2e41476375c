import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { ThreadLink } from '../inference/threads/thread-link.ts';
import { fixture } from './support/commanded-pool.ts';

/** A thread that goes into native code, and comes out, at each `step`; and what it has told. */
function start() {
  const link = new ThreadLink();
  const go = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(fixture('enters-native-code'), {
    workerData: { link: link.memory, go: go.buffer },
  });
  const told: string[] = [];
  worker.on('message', (message) => told.push(message));
  const step = () => {
    Atomics.add(go, 0, 1);
    Atomics.notify(go, 0);
  };

  return { link, step, told, exited: once(worker, 'exit'), next: () => once(worker, 'message') };
}

describe('ThreadLink', () => {
  test('lets a thread that is not given up go into native code and come out', async () => {
    const { step, told, next, exited } = start();
    await next();
    step();
    await next();
    step();
    await exited;
    expect(told).toEqual(['outside', 'inside', 'back']);
  });

  test('says of a thread outside native code that it may be terminated, and never lets it in', async () => {
    const { link, step, told, next, exited } = start();
    await next();
    expect(link.giveUp()).toBe(true);
    step();
    expect(await exited).toEqual([0]);
    expect(told).toEqual(['outside']);
  });

  test('says of a thread inside native code that it may not, and ends it as it comes out', async () => {
    const { link, step, told, next, exited } = start();
    await next();
    step();
    await next();
    expect(link.giveUp()).toBe(false);
    step();
    expect(await exited).toEqual([0]);
    expect(told).toEqual(['outside', 'inside']);
  });
});
