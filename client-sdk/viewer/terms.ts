import type { ReconnectOptions } from '../connection/retries.ts';
import type { WebSocketConstructor } from '../connection/web-socket.ts';
import type { RoundtableError } from '../errors.ts';
import type {
  FinalMessage,
  HistoryMessage,
  PartialMessage,
  ServiceMessage,
  SpeakerLeftMessage,
  SpeechStartedMessage,
} from '../protocol.ts';
import type { Time } from '../time.ts';

/** Which meeting is read along. */
export interface ViewerOptions {
  /** The server: http(s) or ws(s), maybe with a path that a proxy has it under. */
  readonly url: string;
  readonly meeting: string;
  /** For servers that ask for an API key. */
  readonly key?: string;
  /** Finals that were said before, the newest ones, 0 to 1000; 200 when left out. With 0 none are told later either. */
  readonly history?: number;
  /** The platform's own when left out; in Node 20, which has none, that of the package `ws`. */
  readonly WebSocket?: WebSocketConstructor;
  readonly reconnect?: ReconnectOptions;
  /** Closes it. */
  readonly signal?: AbortSignal;
  /** For tests. */
  readonly time?: Time;
}

/** `connecting` until the server answers for the first time, then `live`, or `reconnecting` after a lost connection. */
export type ViewerState = 'connecting' | 'live' | 'reconnecting' | 'closed';

/** Events by their names; messages are as the server sent them. */
export interface ViewerEvents {
  readonly state: ViewerState;
  /**
   * What was said before, in its order, of which nothing was told yet: once at the beginning, and after a lost connection what
   * was missed. `more` tells whether there is more before.
   */
  readonly history: HistoryMessage;
  readonly 'speech-started': SpeechStartedMessage;
  /** None for a caption that is final. */
  readonly partial: PartialMessage;
  /** Each caption once, those of `history` not again. */
  readonly final: FinalMessage;
  readonly 'speaker-left': SpeakerLeftMessage;
  readonly service: ServiceMessage;
  /** Something went wrong that ends nothing: the connection is lost and made again, or a caption is lost (`captionId`). */
  readonly warning: RoundtableError;
  /** It is over. */
  readonly error: RoundtableError;
}

/** What an iteration yields: messages as they are, the rest with a type of its own. */
export type ViewerEvent =
  | { readonly type: 'state'; readonly state: ViewerState }
  | { readonly type: 'warning'; readonly error: RoundtableError }
  | ViewerEvents['history' | 'speech-started' | 'partial' | 'final' | 'speaker-left' | 'service'];

/** One reader of a meeting, through however many connections it takes. */
export interface Viewer {
  readonly state: ViewerState;
  readonly meeting: string;
  /** Calls `listener` at every such event. @returns what ends that. */
  on<Name extends keyof ViewerEvents>(
    event: Name,
    listener: (payload: ViewerEvents[Name]) => void,
  ): () => void;
  /** Hangs up. Idempotent. */
  close(): void;
  /** Events from now on. Ends after `close()`; throws what `error` tells, or `not-read` when 10,000 pile up. */
  [Symbol.asyncIterator](): AsyncIterator<ViewerEvent>;
}
