import type { FinalMessage, ServerMessage } from '../../client-sdk/protocol.ts';
import type { Clock } from '../clock.ts';
import { rememberLast } from './codec.ts';
import type { Connection } from './connection.ts';
import { Outbox } from './outbox.ts';
import type { ResponseBody } from './response-body.ts';
import type { OutputObserver } from './uws-connection.ts';

/** A comment comes so often: proxies close what is silent for half a minute or a minute. */
export const HEARTBEAT_MS = 15_000;
/** Browsers come again so long after the stream has ended. */
const RETRY_MS = 2000;
/** `EventSource` has an event of that name of its own. */
const ERROR_EVENT = 'problem';

const utf8 = new TextEncoder();

/** A final's place in the stream, as `Last-Event-ID` gives it back. */
export function eventId({ spokenAtMs, captionId }: Pick<FinalMessage, 'spokenAtMs' | 'captionId'>): string {
  return `${spokenAtMs}-${captionId}`;
}

/** A message as an event (WHATWG HTML, "Server-sent events"), in UTF-8. What goes to many is encoded once. */
const encodeEvent = rememberLast((message) => {
  const id = message.type === 'final' ? `id: ${eventId(message)}\n` : '';
  const event = message.type === 'error' ? ERROR_EVENT : message.type;

  return utf8.encode(`event: ${event}\n${id}data: ${JSON.stringify(message)}\n\n`);
});

/** A response of server-sent events as a Connection. */
export class EventConnection implements Connection {
  readonly #body: ResponseBody;
  readonly #maxOutputBytes: number;
  readonly #observer: OutputObserver;
  readonly #outbox: Outbox;
  #cancelHeartbeat: () => void;

  /** @param maxOutputBytes what may be held for the client. @param onClosed called once, whoever closes it. */
  constructor(
    body: ResponseBody,
    clock: Clock,
    maxOutputBytes: number,
    observer: OutputObserver,
    onClosed: () => void,
  ) {
    this.#body = body;
    this.#maxOutputBytes = maxOutputBytes;
    this.#observer = observer;
    this.#outbox = new Outbox(() => observer.partialDropped());
    body.onWritable = () => this.#drain();
    body.onClosed = () => {
      this.#cancelHeartbeat();
      this.#outbox.clear();
      onClosed();
    };
    const beat = () => {
      if (this.#body.isWritable) this.#body.write(':\n\n');
      this.#cancelHeartbeat = clock.after(HEARTBEAT_MS, beat);
    };
    this.#cancelHeartbeat = clock.after(HEARTBEAT_MS, beat);
  }

  get bufferedBytes(): number {
    return this.#outbox.bytes;
  }

  get heldMessages(): number {
    return this.#outbox.size;
  }

  send(message: ServerMessage): void {
    if (this.#body.isClosed) return;
    if (!this.#body.hasBegun) this.#body.write(`retry: ${RETRY_MS}\n\n`);
    const encoded = encodeEvent(message);
    if (this.#outbox.size === 0 && this.#body.isWritable) this.#body.write(encoded);
    else if (!this.#outbox.hold(message, encoded, this.#maxOutputBytes)) this.#cutOff();
  }

  /** There are no close codes in HTTP: what is fatal was told by an event. */
  close(): void {
    for (const encoded of this.#outbox.take(Number.POSITIVE_INFINITY)) this.#body.write(encoded);
    this.#body.end();
  }

  #drain(): void {
    while (this.#outbox.size > 0 && this.#body.isWritable)
      for (const encoded of this.#outbox.take(1)) this.#body.write(encoded);
  }

  #cutOff(): void {
    this.#outbox.clear();
    this.#observer.cutOff();
    this.#body.end();
  }
}
