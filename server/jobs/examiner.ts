import { Worker } from 'node:worker_threads';
import { type Clock, systemClock } from '../clock.ts';
import { ERRORS, StreamError } from '../errors.ts';
import type { Examined } from './examine-recording.ts';
import type { ExaminerAnswer, ExaminerOrder } from './examiner-thread.ts';

interface Asked {
  readonly order: Extract<ExaminerOrder, { type: 'examine' }>;
  readonly onAlive: () => void;
  readonly resolve: (examined: Examined) => void;
  readonly reject: (error: Error) => void;
}

/** What the thread is at. */
interface Current {
  readonly asked: Asked;
  heardAtMs: number;
  /** Since when nobody wants to know any more; null while somebody does. */
  forgottenAtMs: number | null;
}

/** Those who wait show so often that they do. */
const ALIVE_EVERY_MS = 1000;
/** A recording that yields nothing for so long, on a disk that does not answer or in an ffmpeg that hangs, holds up all others. */
const MAX_SILENT_MS = 60_000;
/** Until the thread has let go of a recording that nobody wants to know of any more; it is replaced then. */
const LET_GO_WITHIN_MS = 5000;

/**
 * Examines recordings on a thread of its own, one after the other: decoding whole recordings is more than the socket thread has
 * time for, and less urgent than all else. A thread that dies, or hangs, is replaced.
 */
export class Examiner {
  readonly #workerUrl: URL;
  readonly #clock: Clock;
  readonly #waiting: Asked[] = [];
  #worker: Worker | null = null;
  #current: Current | null = null;
  /** Null while there is nothing to be looked at. */
  #cancelCheck: (() => void) | null = null;
  #ids = 0;

  /** @param workerUrl the compiled module of the thread. */
  constructor(workerUrl: URL, clock: Clock = systemClock) {
    this.#workerUrl = workerUrl;
    this.#clock = clock;
  }

  /**
   * @param maxMs longer recordings are refused.
   * @param onAlive called from time to time, while it waits for its turn or is examined.
   * @throws {StreamError} `bad-recording`, or `job-stalled` when it yielded nothing for a minute. @throws the signal's reason.
   */
  examine(path: string, maxMs: number, signal: AbortSignal, onAlive: () => void): Promise<Examined> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const abort = () => {
        this.#forget(asked);
        reject(signal.reason);
      };
      signal.addEventListener('abort', abort);
      const done = () => signal.removeEventListener('abort', abort);
      const asked: Asked = {
        order: { type: 'examine', id: this.#ids++, path, maxMs },
        onAlive,
        resolve: (examined) => {
          done();
          resolve(examined);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      };
      this.#waiting.push(asked);
      this.#next();
    });
  }

  /** Ends the thread. To be called when nothing is examined any more. */
  async close(): Promise<void> {
    this.#cancelCheck?.();
    let cancel = () => {};
    const late = new Promise<void>((resolve) => {
      cancel = this.#clock.after(LET_GO_WITHIN_MS, resolve);
    });
    await Promise.race([this.#worker?.terminate(), late]);
    cancel();
  }

  #next(): void {
    if (this.#current) return;
    const asked = this.#waiting.shift();
    if (!asked) return;
    this.#current = { asked, heardAtMs: this.#clock.now(), forgottenAtMs: null };
    this.#checkLater();
    this.#worker ??= this.#start();
    this.#worker.postMessage(asked.order);
  }

  #forget(asked: Asked): void {
    const at = this.#waiting.indexOf(asked);
    if (at >= 0) this.#waiting.splice(at, 1);
    if (this.#current?.asked !== asked || this.#current.forgottenAtMs !== null) return;
    this.#current.forgottenAtMs = this.#clock.now();
    this.#worker?.postMessage({ type: 'forget', id: asked.order.id } satisfies ExaminerOrder);
  }

  #checkLater(): void {
    this.#cancelCheck ??= this.#clock.after(ALIVE_EVERY_MS, () => this.#check());
  }

  /** Whoever waits is well, whatever becomes of the one before. */
  #check(): void {
    this.#cancelCheck = null;
    if (!this.#current) return;
    for (const { onAlive } of [...this.#waiting]) onAlive();
    const { asked, heardAtMs, forgottenAtMs } = this.#current;
    const nowMs = this.#clock.now();
    this.#checkLater();
    if (forgottenAtMs !== null) {
      if (nowMs - forgottenAtMs >= LET_GO_WITHIN_MS) this.#replace();
    } else if (nowMs - heardAtMs >= MAX_SILENT_MS) {
      asked.reject(new StreamError('job-stalled'));
      this.#forget(asked);
    }
  }

  /** Nobody waits for its end: one that waits for a disk may have none. */
  #replace(): void {
    const hung = this.#worker;
    this.#worker = null;
    void hung?.terminate();
    this.#end();
    this.#next();
  }

  #start(): Worker {
    const worker = new Worker(this.#workerUrl);
    worker.unref();
    worker.on('message', (answer: ExaminerAnswer) => this.#answered(answer));
    let fault = 'it ended without a word.';
    worker.on('error', (error: Error) => {
      fault = error.message;
    });
    worker.on('exit', () => {
      if (this.#worker !== worker) return;
      this.#worker = null;
      this.#end()?.reject(new Error(`The thread that examines recordings died: ${fault}`));
      this.#next();
    });

    return worker;
  }

  #answered(answer: ExaminerAnswer): void {
    if (answer.id !== this.#current?.asked.order.id) return;
    if (answer.type === 'alive') {
      this.#current.heardAtMs = this.#clock.now();
      this.#current.asked.onAlive();

      return;
    }
    const asked = this.#end()!;
    if (answer.type === 'examined') asked.resolve(answer.examined);
    else asked.reject(failure(answer));
    this.#next();
  }

  #end(): Asked | null {
    const current = this.#current;
    this.#current = null;

    return current?.asked ?? null;
  }
}

function failure({ code, detail }: Extract<ExaminerAnswer, { type: 'failed' }>): Error {
  if (code === null) return new Error(detail);
  const { text } = ERRORS[code];

  return new StreamError(code, detail === text ? undefined : detail.slice(text.length + 1));
}
