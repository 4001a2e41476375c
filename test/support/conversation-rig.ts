import type { FinalMessage, PartialMessage } from '../../client-sdk/protocol.ts';
import type { Dialect, DialectRequest } from '../../server/dialects/dialect.ts';
import { StreamError } from '../../server/errors.ts';
import { NativeDouble } from './native-double.ts';
import { servedModels } from './served-models.ts';

/** A request without anything in it but what is given. */
export function requestOf(fields: Partial<DialectRequest> = {}): DialectRequest {
  return { query: new URLSearchParams(), authorization: '', openaiBeta: '', offered: [], ...fields };
}

/**
 * One client's conversation in a dialect, with a session of the server's own that says what a test has it say. Faults go
 * where the sockets send them.
 */
export class ConversationRig<Message = Record<string, unknown>> {
  readonly native: NativeDouble;
  /** What the client was sent. */
  readonly sent: Message[] = [];
  /** The close codes and reasons, in order. */
  readonly closes: { readonly code: number; readonly reason: string }[] = [];
  readonly #conversation;
  #segments = 0;

  constructor(
    dialect: Dialect,
    request: Partial<DialectRequest> = {},
    options: ConstructorParameters<typeof NativeDouble>[0] = {},
    languages: readonly string[] = ['en'],
  ) {
    this.native = new NativeDouble(options);
    const { speaker, clock } = this.native;
    const send = (text: string) => this.sent.push(JSON.parse(text) as Message);
    this.#conversation = dialect.greet(requestOf(request)).converse({
      client: {
        send,
        sendInterim: send,
        close: (code, reason) => this.closes.push({ code, reason }),
      },
      ...{ speaker, clock, recognizers: servedModels({ name: 'model', languages }) },
      endpointing: { startThreshold: 0.5, minSilenceMs: 500, prefixPaddingMs: 0 },
    });
    speaker.attach(this.native, this.#conversation);
    this.#conversation.opened?.();
  }

  /** The last message that the client was sent. */
  get last(): Message | undefined {
    return this.sent.at(-1);
  }

  /** The client's text: as it is, or as JSON. */
  text(message: string | object): void {
    this.#guard(() =>
      this.#conversation.text(typeof message === 'string' ? message : JSON.stringify(message)),
    );
  }

  /** The client's audio. @param bytes so many zeros where it is a number. */
  binary(bytes: number | Uint8Array): void {
    this.#guard(() => this.#conversation.binary(typeof bytes === 'number' ? new Uint8Array(bytes) : bytes));
  }

  /** The client hangs up. */
  hangUp(): void {
    this.#conversation.closed();
    this.native.speaker.gone();
  }

  /** The session tells a partial. */
  partial(text: string, fields: Partial<PartialMessage> = {}): void {
    const segmentId = fields.segmentId ?? this.#segments;
    this.native.say({
      ...{ type: 'partial', revision: 0, stableChars: text.length, ...this.#caption(segmentId) },
      ...{ text, ...fields },
    });
  }

  /** The session tells a final, by which its segment ends. */
  final(text: string, fields: Partial<FinalMessage> = {}): void {
    const segmentId = fields.segmentId ?? this.#segments;
    this.#segments = segmentId + 1;
    this.native.say({
      ...{ type: 'final', revision: 1, endpoint: 'silence', language: 'en', model: 'x@0', confidence: 0.9 },
      ...this.#caption(segmentId),
      ...{ text, ...fields },
    });
  }

  /** The session tells that a segment is lost. */
  lost(): void {
    const captionId = `s:${this.#segments++}`;
    const { message } = new StreamError('segment-lost');
    this.native.say({
      ...{ type: 'error', code: 'segment-lost', message, retryable: false, fatal: false, captionId },
    });
  }

  /** Segments last a second each. */
  #caption(segmentId: number) {
    return {
      ...{ meeting: 'm', streamId: 's', speaker: 'Speaker 1', spokenAtMs: 0, text: '' },
      ...{ captionId: `s:${segmentId}`, segmentId },
      ...{ startMs: segmentId * 1000, endMs: segmentId * 1000 + 800 },
    };
  }

  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.native.speaker.fault(error);
    }
  }
}
