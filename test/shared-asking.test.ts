import { describe, expect, test } from 'vitest';
import { SharedAsking } from '../server/net/shared-asking.ts';

/** A question whose answers are given by hand; each answer is how often it has been put. */
function setUp() {
  const asking = new SharedAsking<number>();
  const open: PromiseWithResolvers<number>[] = [];
  let put = 0;
  const ask = () =>
    asking.ask('key', () => {
      put++;
      const answer = withResolvers<number>();
      open.push(answer);

      return answer.promise;
    });

  return { asking, ask, open, put: () => put };
}

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

function withResolvers<T>(): PromiseWithResolvers<T> {
  let settle!: Omit<PromiseWithResolvers<T>, 'promise'>;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });

  return { promise, ...settle };
}

describe('SharedAsking', () => {
  test('puts a question once for all who come while the one before is under way', async () => {
    const { asking, ask, open, put } = setUp();
    const first = ask();
    const later = [ask(), ask(), ask()];
    expect(put()).toBe(1);
    open[0]!.resolve(1);
    expect(await first).toBe(1);
    while (open.length < 2) await Promise.resolve();
    expect(put()).toBe(2);
    open[1]!.resolve(2);
    expect(await Promise.all(later)).toEqual([2, 2, 2]);
    expect(asking.size).toBe(0);
  });

  test('never gives an answer to one who came after its question was put', async () => {
    const { ask, open } = setUp();
    void ask();
    const second = ask();
    open[0]!.resolve(1);
    while (open.length < 2) await Promise.resolve();
    const third = ask();
    open[1]!.resolve(2);
    expect(await second).toBe(2);
    while (open.length < 3) await Promise.resolve();
    open[2]!.resolve(3);
    expect(await third).toBe(3);
  });

  test('asks again after a failure, which only those hear of who waited for it', async () => {
    const { asking, ask, open } = setUp();
    const first = ask();
    const second = ask();
    open[0]!.reject(new Error('The disk is full.'));
    await expect(first).rejects.toThrow('The disk is full.');
    while (open.length < 2) await Promise.resolve();
    open[1]!.resolve(2);
    expect(await second).toBe(2);
    expect(asking.size).toBe(0);
  });

  test('has nothing to do with other questions', async () => {
    const asking = new SharedAsking<string>();
    const answers = ['a', 'b'].map((key) => asking.ask(key, async () => key));
    expect(await Promise.all(answers)).toEqual(['a', 'b']);
  });
});
