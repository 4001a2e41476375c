import type { ServiceMessage, ViewerServerMessage } from '../../client-sdk/protocol.ts';
import { type ErrorCode, StreamError } from '../errors.ts';
import type { TranscriptSource } from '../history/transcript-source.ts';
import type { Meetings } from '../meeting/meetings.ts';
import type { Connection } from './connection.ts';
import { refuse } from './error-message.ts';
import type { Session } from './listener.ts';
import type { SharedAsking } from './shared-asking.ts';
import { toldHistory, unknownHistory } from './told-history.ts';
import type { Viewing } from './viewer-request.ts';

/** What viewers' sessions tell the metrics. */
export interface ViewerObserver {
  viewerClosed(session: ViewerSession): void;
  error(code: ErrorCode, cause?: unknown): void;
}

/** What all viewers' sessions share. */
export interface ViewerServices {
  readonly meetings: Meetings;
  readonly transcripts: TranscriptSource;
  readonly observer: ViewerObserver;
  /** What may be told of what was said before. */
  readonly maxHistoryBytes: number;
  /** Who asks for it. */
  readonly histories: SharedAsking<readonly ViewerServerMessage[]>;
}

/** A connection that reads one meeting's captions. */
export class ViewerSession implements Session {
  readonly #connection: Connection;
  readonly #services: ViewerServices;
  readonly #leave: () => void;
  readonly #release: () => void;
  #isClosed = false;

  /** @param release gives back what the viewer counts against. */
  constructor(connection: Connection, services: ViewerServices, viewing: Viewing, release: () => void) {
    this.#connection = connection;
    this.#services = services;
    this.#release = release;
    // From here on nothing is missed: what is said while the store is asked comes at once, and is in the history as well.
    this.#leave = services.meetings.watch(viewing.meeting, connection);
    connection.send({ type: 'watching', version: 1, meeting: viewing.meeting });
    if (viewing.history > 0 || viewing.lastSeen) void this.#tellHistory(viewing);
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
    this.#services.observer.error(known.code, known.cause);
    refuse(this.#connection, known);
  }

  /** The server goes away. */
  drain(): void {
    refuse(this.#connection, new StreamError('draining'));
  }

  closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#leave();
    this.#release();
    this.#services.observer.viewerClosed(this);
  }

  /** Never throws: a viewer reads on without what cannot be had. */
  async #tellHistory(viewing: Viewing): Promise<void> {
    const { transcripts, observer, maxHistoryBytes, histories } = this.#services;
    const { meeting, history, lastSeen } = viewing;
    const tell = () => toldHistory(transcripts, viewing, maxHistoryBytes);
    const told = lastSeen ? tell() : histories.ask(`${history} of ${meeting}`, tell);
    const messages = await told.catch((cause: unknown) => {
      observer.error('internal', cause);

      return [unknownHistory(meeting)];
    });
    for (const message of messages) if (!this.#isClosed) this.#connection.send(message);
  }
}
