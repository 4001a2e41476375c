import type { ServiceMessage } from '../../client-sdk/protocol.ts';
import { type ErrorCode, StreamError } from '../errors.ts';
import type { Meetings } from '../meeting/meetings.ts';
import type { Connection } from './connection.ts';
import { refuse } from './error-message.ts';
import type { Session } from './listener.ts';

/** What viewers' sessions tell the metrics. */
export interface ViewerObserver {
  viewerClosed(session: ViewerSession): void;
  error(code: ErrorCode, cause?: unknown): void;
}

/** A connection that reads one meeting's captions. */
export class ViewerSession implements Session {
  readonly #connection: Connection;
  readonly #leave: () => void;
  readonly #observer: ViewerObserver;
  readonly #release: () => void;

  /** @param release gives back what the viewer counts against. */
  constructor(
    connection: Connection,
    meetings: Meetings,
    meeting: string,
    observer: ViewerObserver,
    release: () => void,
  ) {
    this.#connection = connection;
    this.#observer = observer;
    this.#release = release;
    this.#leave = meetings.watch(meeting, connection);
    connection.send({ type: 'watching', version: 1, meeting });
  }

  /** Captions sent that the client has not read, in bytes. */
  get outputBytes(): number {
    return this.#connection.bufferedBytes;
  }

  /** Messages kept back until the client has read more. */
  get heldMessages(): number {
    return this.#connection.heldMessages;
  }

  /** Whatever its size, it is refused next. */
  received(): void {}

  /** Tells what the meeting's streams get from now on. */
  tell(message: ServiceMessage): void {
    this.#connection.send(message);
  }

  message(): void {
    this.fault(new StreamError('viewer-cannot-send'));
  }

  fault(error: unknown): void {
    const known =
      error instanceof StreamError ? error : new StreamError('internal', undefined, { cause: error });
    this.#observer.error(known.code, known.cause);
    refuse(this.#connection, known);
  }

  /** The server goes away. */
  drain(): void {
    refuse(this.#connection, new StreamError('draining'));
  }

  closed(): void {
    this.#leave();
    this.#release();
    this.#observer.viewerClosed(this);
  }
}
