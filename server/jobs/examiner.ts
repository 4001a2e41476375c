import { Worker } from 'node:worker_threads';
import { ERRORS, StreamError } from '../errors.ts';
import type { Examined } from './examine-recording.ts';
import type { ExaminerAnswer, ExaminerOrder } from './examiner-thread.ts';

interface Asked {
  readonly order: Extract<ExaminerOrder, { type: 'examine' }>;
  readonly onAlive: () => void;
  readonly resolve: (examined: Examined) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Examines recordings on a thread of its own, one after the other: decoding whole recordings is more than the socket thread has
 * time for, and less urgent than all else. A thread that dies is replaced.
 */
export class Examiner {
  readonly #workerUrl: URL;
  readonly #waiting: Asked[] = [];
  #worker: Worker | null = null;
  #current: Asked | null = null;
  #ids = 0;

  /** @param workerUrl the compiled module of the thread. */
  constructor(workerUrl: URL) {
    this.#workerUrl = workerUrl;
  }

  /**
   * @param maxMs longer recordings are refused.
   * @param onAlive called from time to time, while it waits for its turn or is examined.
   * @throws {StreamError} `bad-recording`. @throws the signal's reason.
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
    await this.#worker?.terminate();
  }

  #next(): void {
    if (this.#current) return;
    this.#current = this.#waiting.shift() ?? null;
    if (!this.#current) return;
    this.#worker ??= this.#start();
    this.#worker.postMessage(this.#current.order);
  }

  #forget(asked: Asked): void {
    const at = this.#waiting.indexOf(asked);
    if (at >= 0) this.#waiting.splice(at, 1);
    else this.#worker?.postMessage({ type: 'forget', id: asked.order.id } satisfies ExaminerOrder);
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
      this.#worker = null;
      this.#end()?.reject(new Error(`The thread that examines recordings died: ${fault}`));
      this.#next();
    });

    return worker;
  }

  #answered(answer: ExaminerAnswer): void {
    if (answer.id !== this.#current?.order.id) return;
    if (answer.type === 'alive') {
      for (const { onAlive } of [this.#current, ...this.#waiting]) onAlive();

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

    return current;
  }
}

function failure({ code, detail }: Extract<ExaminerAnswer, { type: 'failed' }>): Error {
  if (code === null) return new Error(detail);
  const { text } = ERRORS[code];

  return new StreamError(code, detail === text ? undefined : detail.slice(text.length + 1));
}
