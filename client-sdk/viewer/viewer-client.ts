import { captionsUrl } from '../addresses.ts';
import { Line } from '../connection/line.ts';
import { toError } from '../connection/link.ts';
import { findWebSocket } from '../connection/web-socket.ts';
import type { RoundtableError } from '../errors.ts';
import { Announcer } from '../events/announcer.ts';
import { FinalCaptions } from '../events/final-captions.ts';
import type { HistoryMessage, ViewerServerMessage } from '../protocol.ts';
import { systemTime } from '../time.ts';
import type { Viewer, ViewerEvent, ViewerEvents, ViewerOptions, ViewerState } from './terms.ts';

const DEFAULT_HISTORY = 200;
const MAX_HISTORY = 1000;
/** A viewer cannot ask for a sign of life: after this much quiet it connects anew, which costs less than missing something. */
const QUIET_MS = 300_000;
/** The same, when the network or the page has come back. */
const QUIET_MS_ON_WAKE = 30_000;

/** See `Viewer`. */
export class ViewerClient implements Viewer {
  readonly meeting: string;
  readonly #announcer = new Announcer<ViewerEvents, ViewerEvent>();
  readonly #line: Line<ViewerServerMessage>;
  readonly #finals = new FinalCaptions();
  #state: ViewerState = 'connecting';
  /** What was spoken before this is before what was asked for; null before there is a history. */
  #beganAtMs: number | null = null;
  readonly #unlisten: () => void;

  /** @throws {RangeError | TypeError | RoundtableError} when the options are of no use. */
  constructor(options: ViewerOptions) {
    const { url, meeting, key, history = DEFAULT_HISTORY, signal, time = systemTime } = options;
    if (!Number.isInteger(history) || history < 0 || history > MAX_HISTORY)
      throw new RangeError(`history has to be a whole number from 0 to ${MAX_HISTORY}, not ${history}.`);
    this.meeting = meeting;
    const first = captionsUrl(url, meeting, history);
    // What was missed may be more than what was wanted in the beginning.
    const later = history > 0 ? captionsUrl(url, meeting, MAX_HISTORY) : first;
    this.#line = new Line<ViewerServerMessage>({
      ...{ url: () => (this.#beganAtMs === null ? first : later), key, time },
      WebSocket: options.WebSocket ?? findWebSocket(),
      reconnect: options.reconnect ?? {},
      ...{ quietMs: QUIET_MS, quietMsOnWake: QUIET_MS_ON_WAKE, ask: null },
      opened: () => {},
      message: (message) => this.#take(message),
      lost: (error) => this.#lost(error),
    });
    const close = () => this.close();
    signal?.addEventListener('abort', close);
    this.#unlisten = () => signal?.removeEventListener('abort', close);
    if (signal?.aborted) close();
    else this.#line.connect();
  }

  get state(): ViewerState {
    return this.#state;
  }

  on<Name extends keyof ViewerEvents>(
    event: Name,
    listener: (payload: ViewerEvents[Name]) => void,
  ): () => void {
    return this.#announcer.on(event, listener);
  }

  close(): void {
    this.#end(null);
  }

  [Symbol.asyncIterator](): AsyncIterator<ViewerEvent> {
    return this.#announcer.iterate();
  }

  #take(message: ViewerServerMessage): void {
    if (message.type === 'watching') {
      this.#line.watch();
      this.#line.proved();
      this.#setState('live');
    } else if (message.type === 'history') {
      this.#takeHistory(message);
    } else if (message.type === 'error') {
      this.#warn(toError(message));
    } else {
      if (message.type === 'partial' && this.#finals.has(message.captionId)) return;
      if (message.type === 'final' && !this.#finals.add(message.captionId)) return;
      this.#announcer.tell(message.type, message, message);
    }
  }

  /** Those that came live, before it or before the connection was lost, are not told again. */
  #takeHistory(history: HistoryMessage): void {
    const isFirst = this.#beganAtMs === null;
    this.#beganAtMs ??= (history.more && history.captions[0]?.spokenAtMs) || 0;
    const from = this.#beganAtMs;
    const captions = history.captions.filter(
      ({ captionId, spokenAtMs }) => spokenAtMs >= from && this.#finals.add(captionId),
    );
    if (!isFirst && captions.length === 0) return;
    const news = { ...history, captions };
    this.#announcer.tell('history', news, news);
  }

  #lost(error: RoundtableError): void {
    if (this.#state === 'closed') return;
    if (error.code === 'no-answer' && this.#state === 'live') {
      // It may only have been quiet: nobody is told as long as a new connection can be made.
      this.#line.connect();
    } else if (error.retryable && this.#line.retry(error)) {
      if (this.#state === 'live') this.#setState('reconnecting');
      this.#warn(error);
    } else {
      this.#end(error);
    }
  }

  /** @param error null when it was closed. */
  #end(error: RoundtableError | null): void {
    if (this.#state === 'closed') return;
    this.#line.close();
    this.#unlisten();
    if (error) this.#announcer.tell('error', error, null);
    this.#setState('closed');
    this.#announcer.end(error);
  }

  #setState(state: ViewerState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#announcer.tell('state', state, { type: 'state', state });
  }

  #warn(error: RoundtableError): void {
    this.#announcer.tell('warning', error, { type: 'warning', error });
  }
}
