import type { HttpResponse } from 'uWebSockets.js';

/** A line that clients of event streams ignore. */
const COMMENT = ':\n';

/** What else uses the response, and has to let go of it. */
export interface ResponseUser {
  /** The response is about to end: afterwards it may not be touched. */
  ending(): void;
  /** The client has gone: the response may not be touched any more. */
  aborted(): void;
}

/**
 * A response of uWebSockets.js while it is being written: keeps track of whether it may be touched, which it may not once
 * it has ended or the client has gone.
 */
export class ResponseBody {
  readonly #res: HttpResponse;
  readonly #user: ResponseUser | null;
  #writeHead: (() => void) | null = null;
  #isClosed = false;
  #hasBegun = false;
  #isWritable = true;
  /** The client has taken all that was written; more may be. */
  onWritable: () => void = () => {};
  /** The client has gone, or the response ended. Called once. */
  onClosed: () => void = () => {};

  /** @param user hears one of the two that it can hear, once. */
  constructor(res: HttpResponse, user: ResponseUser | null = null) {
    this.#res = res;
    this.#user = user;
    res.onAborted(() => {
      user?.aborted();
      this.#closed();
    });
  }

  /** Whether nothing can be written any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether a piece has been written. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** False while the client has not taken what was written: what is written all the same, the server has to hold. */
  get isWritable(): boolean {
    return this.#isWritable && !this.#isClosed;
  }

  /**
   * Takes note that pieces follow.
   * @param writeHead writes the status and the headers. @param filler what means nothing between two pieces.
   */
  open(writeHead: () => void, filler = COMMENT): void {
    this.#writeHead = writeHead;
    this.#res.onWritable(() => {
      // uWebSockets.js sends what it holds with the next write only, and tells by it whether that was all.
      this.#res.cork(() => this.#write(filler));
      if (this.isWritable) this.onWritable();

      return true;
    });
  }

  /** Writes a piece. Nothing comes of it when the body is closed. */
  write(piece: Uint8Array | string): void {
    if (this.#isClosed) return;
    this.#res.cork(() => {
      if (!this.#hasBegun) {
        this.#hasBegun = true;
        this.#writeHead?.();
      }
      this.#write(piece);
    });
  }

  /** Fulfilled when more may be written, or nothing any more. Takes `onWritable` and `onClosed` for itself. */
  writable(): Promise<void> {
    if (this.isWritable || this.#isClosed) return Promise.resolve();

    return new Promise((resolve) => {
      this.onWritable = resolve;
      this.onClosed = resolve;
    });
  }

  /** Breaks off a body that cannot be ended as it should: the client sees that it is not whole. Idempotent. */
  abort(): void {
    if (!this.#isClosed) this.#res.close();
  }

  /** Ends a body that was written in pieces. Idempotent. */
  end(): void {
    this.finish(() => this.#res.end());
  }

  /** Ends the response with one that `answer` writes. Nothing comes of it when the body is closed. */
  finish(answer: () => void): void {
    if (this.#isClosed) return;
    this.#user?.ending();
    this.#res.cork(answer);
    this.#closed();
  }

  #write(piece: Uint8Array | string): void {
    if (!this.#isClosed) this.#isWritable = this.#res.write(piece);
  }

  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.onClosed();
  }
}
