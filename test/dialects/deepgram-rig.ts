import type { FinalMessage, PartialMessage, SpeakerServerMessage } from '../../client-sdk/protocol.ts';
import { ListenConversation } from '../../server/dialects/deepgram/listen-conversation.ts';
import { readListenParameters } from '../../server/dialects/deepgram/parameters.ts';
import { ServedModels } from '../../server/models/served-models.ts';
import { asStreamError } from '../../server/net/error-message.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { NativeDouble } from '../support/native-double.ts';
import { servedModels } from '../support/served-models.ts';

/** What a client of Deepgram's is told, as far as tests look at it. */
export interface Told {
  readonly type: string;
  readonly is_final?: boolean;
  readonly from_finalize?: boolean;
  readonly duration?: number;
  readonly last_word_end?: number;
  readonly [field: string]: unknown;
}

export const REQUEST_ID = '11111111-2222-3333-4444-555555555555';
/** 2 bytes a sample, 32 a millisecond. */
export const LINEAR16 = 'encoding=linear16&sample_rate=16000';

/** A client's conversation, with a double of the server's own session behind it. */
export class DeepgramRig {
  readonly clock = new ManualClock();
  readonly native = new NativeDouble({ clock: this.clock });
  readonly told: Told[] = [];
  /** Whether messages could be left out for a slow client. */
  readonly interims: Told[] = [];
  close: { readonly code: number; readonly reason: string } | null = null;
  readonly #conversation: ListenConversation;

  constructor(query = LINEAR16) {
    const hear = (text: string) => {
      if (this.close) throw new Error('The client is gone.');
      this.told.push(JSON.parse(text) as Told);
    };
    this.#conversation = new ListenConversation(
      readListenParameters(new URLSearchParams(query)),
      REQUEST_ID,
      {
        client: {
          send: hear,
          sendInterim: (text) => {
            hear(text);
            this.interims.push(JSON.parse(text) as Told);
          },
          close: (code, reason) => {
            if (this.close) return;
            this.close = { code, reason };
            this.#conversation.closed();
            this.native.speaker.gone();
          },
        },
        speaker: this.native.speaker,
        clock: this.clock,
        recognizers: new ServedModels([
          { ...servedModels({ name: 'moonshine-tiny-en' }).default, hash: '0123456789abcdef'.repeat(4) },
        ]),
        endpointing: { startThreshold: 0.5, minSilenceMs: 800, prefixPaddingMs: 384 },
      },
    );
    this.native.speaker.attach(this.native, this.#conversation);
    this.#guard(() => this.#conversation.opened());
    this.native.ready();
  }

  text(message: object | string): void {
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    this.#guard(() => this.#conversation.text(text));
  }

  binary(bytes: Uint8Array): void {
    this.#guard(() => this.#conversation.binary(bytes));
  }

  /** Silence, in the format of `LINEAR16`. */
  audio(ms: number): void {
    this.binary(new Uint8Array(ms * 32));
  }

  say(...messages: readonly object[]): void {
    this.native.say(...(messages as SpeakerServerMessage[]));
  }

  partial(text: string, fields: Partial<PartialMessage> = {}): void {
    this.say({ type: 'partial', text, segmentId: 0, revision: 0, startMs: 0, endMs: 1000, ...fields });
  }

  final(text: string, fields: Partial<FinalMessage> = {}): void {
    this.say({
      ...{ type: 'final', text, segmentId: 0, startMs: 0, endMs: 1000, endpoint: 'silence', confidence: 0.9 },
      ...fields,
    });
  }

  /** Answers the markers that have not been answered. */
  answerMarkers(): void {
    // Audio that is handed over in turns is.
    this.clock.advance(0);
    const markers = this.native.heard.splice(0).flatMap((heard) => {
      const id = /^marker (\d+)$/.exec(String(heard))?.[1];

      return id === undefined ? [] : [Number(id)];
    });
    for (const id of markers) this.say({ type: 'marker', id });
  }

  /** The last message. */
  get last(): Told {
    return this.told.at(-1)!;
  }

  get types(): readonly string[] {
    return this.told.map(({ type }) => type);
  }

  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.native.fault(asStreamError(error));
    }
  }
}
