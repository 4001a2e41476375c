import type {
  DoneMessage,
  ErrorMessage,
  FinalMessage,
  ReadyMessage,
  ServerMessage,
  WaitingMessage,
} from '../../client-sdk/protocol.ts';
import { ERRORS, type ErrorCode, StreamError } from '../errors.ts';
import type { Fields } from '../net/codec.ts';
import type { Connection, ConnectionHandler } from '../net/connection.ts';

/** Who hears what comes meanwhile. */
interface Listeners {
  readonly onFinal: ((final: FinalMessage) => void) | undefined;
  readonly onWaiting: ((place: WaitingMessage) => void) | undefined;
}

/** A speaker's connection without a socket: this process is the client. */
export class RecordingConnection implements Connection {
  readonly bufferedBytes = 0;
  readonly heldMessages = 0;
  readonly finals: FinalMessage[] = [];
  /** To be set at once; nothing is sent before. */
  session: ConnectionHandler | null = null;
  readonly #listeners: Listeners;
  #ready: ReadyMessage | null = null;
  #done: DoneMessage | null = null;
  #acknowledgedMs = 0;
  /** What ended it, other than `done`. */
  #failure: { readonly reason: unknown } | null = null;
  #isStopped = false;
  #isClosed = false;
  /** Something has come that may be awaited. */
  #wake: () => void = () => {};

  constructor(listeners: Listeners) {
    this.#listeners = listeners;
  }

  send(message: ServerMessage): void {
    switch (message.type) {
      case 'ready':
        this.#ready = message;
        break;
      case 'waiting':
        this.#listeners.onWaiting?.(message);
        break;
      case 'final':
        this.finals.push(message);
        this.#listeners.onFinal?.(message);
        break;
      case 'ack':
        this.#acknowledgedMs = message.acknowledgedMs;
        break;
      case 'error':
        if (message.fatal) this.#fail(streamError(message));
        break;
      case 'done':
        this.#done = message;
        // A server that stops ends its streams by itself.
        if (!this.#isStopped) this.#fail(new StreamError('draining'));
    }
    this.#wake();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (!this.#done) this.#fail(new StreamError('internal'));
    this.session?.closed();
  }

  /** Hangs up; what is awaited rejects with `reason`. Idempotent. */
  giveUp(reason: unknown): void {
    this.#fail(reason);
    this.close();
  }

  control(fields: Fields): void {
    this.session!.message({ type: 'control', fields });
  }

  stop(): void {
    this.#isStopped = true;
    this.control({ type: 'stop' });
  }

  /** @param samples as `pcm_f32le`; copied. */
  audio(samples: Float32Array): void {
    const pcm = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
    this.session!.message({ type: 'audio', pcm });
  }

  /** Rejects with what ended the connection, as those below do. One of them may be awaited at a time. */
  ready(): Promise<ReadyMessage> {
    return this.#until(() => this.#ready);
  }

  /** Resolves once so much of the audio is final. */
  async acknowledged(ms: number): Promise<void> {
    await this.#until(() => (this.#acknowledgedMs >= ms ? true : null));
  }

  done(): Promise<DoneMessage> {
    return this.#until(() => this.#done);
  }

  /** @param find null for not yet. */
  async #until<T>(find: () => T | null): Promise<T> {
    for (;;) {
      if (this.#failure) throw this.#failure.reason;
      const found = find();
      if (found !== null) return found;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#wake();
  }
}

/** As it was thrown where the message was made. */
function streamError({ code, message, retryAfterMs }: ErrorMessage): StreamError {
  const { text } = ERRORS[code as ErrorCode];
  const detail = message === text ? undefined : message.slice(text.length + 1);

  return new StreamError(code as ErrorCode, detail, { ...(retryAfterMs !== undefined && { retryAfterMs }) });
}
