import type { Clock } from '../../server/clock.ts';
import { EmbeddedQueue, type QueueObserver } from '../../server/jobs/embedded-queue.ts';
import type { QueueRules } from '../../server/jobs/job-queue.ts';
import type { JobChange, JobStorage } from '../../server/jobs/job-storage.ts';
import type { QueueRig } from '../contract/job-queue.contract.ts';
import { ManualClock } from './manual-clock.ts';
import { settle } from './settle.ts';

/** The compiled module of the queue's thread. */
export const JOB_THREAD = new URL('../../dist/server/jobs/job-storage-thread.js', import.meta.url);

/** Hears nothing. */
export const UNOBSERVED: QueueObserver = { storingFailed: () => {}, attemptFailed: () => {} };

/** Moves of the manual clock at a time, and turns of the event loop in each, for what follows from one another. */
const STEP_MS = 50;
const TURNS = 4;

/** A storage whose process may be killed: from then on it takes no more, and answers nothing. */
export class MortalStorage implements JobStorage {
  readonly #storage: JobStorage;
  #isDead = false;

  constructor(storage: JobStorage) {
    this.#storage = storage;
  }

  get maxFinished(): number {
    return this.#storage.maxFinished;
  }

  load() {
    return this.#unlessDead(() => this.#storage.load());
  }

  write(changes: readonly JobChange[]) {
    return this.#unlessDead(() => this.#storage.write(changes));
  }

  result(id: string) {
    return this.#unlessDead(() => this.#storage.result(id));
  }

  close() {
    return this.#unlessDead(() => this.#storage.close());
  }

  kill(): void {
    this.#isDead = true;
  }

  async #unlessDead<T>(call: () => Promise<T>): Promise<T> {
    if (this.#isDead) return new Promise(() => {});
    const result = await call();

    return this.#isDead ? new Promise(() => {}) : result;
  }
}

/**
 * An embedded queue with a clock that is moved by hand.
 * @param open opens the storage that the one before has left. @param release lets go of a storage whose process was killed.
 */
export async function embeddedRig(
  rules: QueueRules,
  open: () => JobStorage,
  release: (storage: JobStorage) => Promise<void>,
): Promise<QueueRig & { readonly clock: ManualClock }> {
  const clock = new ManualClock();
  let storage = open();
  let mortal = new MortalStorage(storage);
  let queue = await openQueue(mortal, rules, clock);

  return {
    clock,
    get queue() {
      return queue;
    },
    pass: async (ms) => {
      for (let left = ms; left > 0; left -= STEP_MS) {
        clock.advance(Math.min(STEP_MS, left));
        for (let turn = 0; turn < TURNS; turn++) {
          await settle();
          // Behind everything that the storage has been asked so far.
          await storage.result('nothing').catch(() => {});
        }
      }
    },
    restart: async (how) => {
      if (how === 'close') {
        await queue.close();
      } else {
        mortal.kill();
        await release(storage);
      }
      storage = open();
      mortal = new MortalStorage(storage);
      queue = await openQueue(mortal, rules, clock);
    },
    close: () => queue.close(),
  };
}

function openQueue(storage: JobStorage, rules: QueueRules, clock: Clock): Promise<EmbeddedQueue> {
  return EmbeddedQueue.open({ storage, rules, clock, observer: UNOBSERVED });
}
