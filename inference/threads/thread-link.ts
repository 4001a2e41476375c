import { readlinkSync } from 'node:fs';

/** Where in the shared memory each field is. */
const [OS_THREAD_ID, NATIVE] = [0, 1] as const;
/** Bits of the field `NATIVE`. */
const [INSIDE, GIVEN_UP] = [1, 2] as const;

/** A thread's `workerData` has this beside what the pool's owner gave. */
export interface LinkedWorkerData {
  readonly link: SharedArrayBuffer;
}

/**
 * What a pool and one of its threads tell each other in shared memory, where neither waits for the other.
 *
 * A thread must not be terminated inside onnxruntime: when the call returns into a thread that is going down, the whole
 * process aborts. So the thread says when it is inside, the pool says when it has given the thread up, and each
 * learns in one atomic step what the other has said: a thread that was outside never goes in again, and one that was
 * inside ends itself as it comes out.
 */
export class ThreadLink {
  /** To be handed to the thread. */
  readonly memory: SharedArrayBuffer;
  readonly #fields: Int32Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#fields = new Int32Array(memory);
  }

  /** The thread's number in the operating system, or 0 where it has not said so or is not on Linux. */
  get osThreadId(): number {
    return Atomics.load(this.#fields, OS_THREAD_ID);
  }

  /** The pool's: gives the thread up. @returns whether it may be terminated; otherwise it ends when it can. */
  giveUp(): boolean {
    return (Atomics.or(this.#fields, NATIVE, GIVEN_UP) & INSIDE) === 0;
  }

  /** The thread's: tells its number. */
  announce(): void {
    if (process.platform !== 'linux') return;
    Atomics.store(this.#fields, OS_THREAD_ID, Number(readlinkSync('/proc/thread-self').split('/').at(-1)));
  }

  /** The thread's, before each call of native code. Does not return in a thread that has been given up. */
  enterNative(): void {
    if (Atomics.or(this.#fields, NATIVE, INSIDE) & GIVEN_UP) process.exit();
  }

  /** The thread's, after each call of native code. Does not return in a thread that has been given up. */
  leaveNative(): void {
    if (Atomics.and(this.#fields, NATIVE, ~INSIDE) & GIVEN_UP) process.exit();
  }
}
