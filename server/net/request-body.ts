import type { HttpResponse } from 'uWebSockets.js';
import type { Clock } from '../clock.ts';
import { StreamError } from '../errors.ts';
import type { ResponseUser } from './response-body.ts';

/** Held before the client has to wait, and until it need not any more. */
const PAUSE_AT_BYTES = 262_144;
const RESUME_AT_BYTES = 65_536;
/**
 * uWebSockets.js ends a connection that has brought less than 160 KiB in 10 s, far too much for a telephone: its timeout
 * is begun anew so often, and what follows is the bound instead.
 */
const TICK_MS = 4000;
/** Less than `STALL_BYTES` in so long is no upload any more. */
const STALL_MS = 30_000;
const STALL_BYTES = 16_384;

/** The client went away before it was answered: there is nobody to tell anything. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError';

  constructor() {
    super('The client went away.');
  }
}

/**
 * A request's body while it arrives, to be read once, by one reader. Holds little: the client waits while nobody reads. Whatever
 * is not read is dropped once the request is answered, or the reader has stopped.
 */
export class RequestBody implements AsyncIterable<Uint8Array>, ResponseUser {
  readonly #res: Pick<HttpResponse, 'onData' | 'pause' | 'resume'>;
  readonly #clock: Clock;
  readonly #gone = new AbortController();
  readonly #chunks: Uint8Array[] = [];
  #heldBytes = 0;
  #isComplete = false;
  #isPaused = false;
  /** Whether what comes is dropped. */
  #isDropped = false;
  /** Why no more can be read. */
  #failure: Error | null = null;
  #wake: () => void = () => {};
  #bytesSinceMark = 0;
  #markedAtMs: number;
  #cancelTick: () => void = () => {};

  /** To be made in uWebSockets.js' own handler: nothing of the body has come yet. */
  constructor(res: Pick<HttpResponse, 'onData' | 'pause' | 'resume'>, clock: Clock) {
    this.#res = res;
    this.#clock = clock;
    this.#markedAtMs = clock.now();
    res.onData((chunk, isLast) => this.#received(chunk, isLast));
    this.#tickLater();
  }

  /** Aborted, with a `ClientGoneError`, when the client goes away before it has its answer. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  /** Pieces are the reader's own. @throws {ClientGoneError} @throws {StreamError} `upload-stalled`. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        if (this.#failure) throw this.#failure;
        const chunk = this.#chunks.shift();
        if (chunk) {
          this.#heldBytes -= chunk.length;
          if (this.#heldBytes <= RESUME_AT_BYTES) this.#resume();
          yield chunk;
        } else if (this.#isComplete) {
          return;
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      this.#drop();
    }
  }

  ending(): void {
    this.#drop();
    this.#fail(new Error('The request has been answered.'));
  }

  aborted(): void {
    // uWebSockets.js resumes nothing of what is gone.
    this.#isPaused = false;
    const gone = new ClientGoneError();
    this.#fail(gone);
    this.#gone.abort(gone);
  }

  #received(chunk: ArrayBuffer, isLast: boolean): void {
    if (isLast) {
      this.#isComplete = true;
      this.#cancelTick();
    }
    this.#bytesSinceMark += chunk.byteLength;
    if (chunk.byteLength > 0 && !this.#isDropped && !this.#failure) {
      // uWebSockets.js takes its memory back.
      this.#chunks.push(new Uint8Array(chunk.slice(0)));
      this.#heldBytes += chunk.byteLength;
      if (this.#heldBytes >= PAUSE_AT_BYTES && !isLast) this.#pause();
    }
    this.#wake();
  }

  #pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#res.pause();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    // What the client could not send in between is not its fault.
    this.#mark();
    this.#res.resume();
  }

  /** Lets the rest pass by. */
  #drop(): void {
    this.#isDropped = true;
    this.#chunks.length = 0;
    this.#heldBytes = 0;
    this.#resume();
  }

  #fail(failure: Error): void {
    this.#cancelTick();
    this.#failure ??= failure;
    this.#chunks.length = 0;
    this.#wake();
  }

  #mark(): void {
    this.#bytesSinceMark = 0;
    this.#markedAtMs = this.#clock.now();
  }

  #tickLater(): void {
    this.#cancelTick = this.#clock.after(TICK_MS, () => {
      if (!this.#isPaused) {
        if (this.#bytesSinceMark >= STALL_BYTES) this.#mark();
        if (this.#clock.now() - this.#markedAtMs >= STALL_MS) {
          this.#fail(new StreamError('upload-stalled'));

          return;
        }
        this.#res.resume();
      }
      this.#tickLater();
    });
  }
}
