import type {
  FinalMessage,
  PartialMessage,
  ReadyMessage,
  SpeakerServerMessage,
} from '../../client-sdk/protocol.ts';
import type { Conversation, DialectRequest } from '../../server/dialects/dialect.ts';
import { DialectSpeaker } from '../../server/dialects/dialect-speaker.ts';
import { OPENAI_REALTIME } from '../../server/dialects/openai/realtime.ts';
import type { StreamError } from '../../server/errors.ts';
import type { Fields } from '../../server/net/codec.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { servedModels } from '../support/served-models.ts';

/** An event as a client reads it. */
export type RealtimeEvent = { readonly type: string } & Readonly<Record<string, unknown>>;

const READY: ReadyMessage = {
  ...{ type: 'ready', version: 1, streamId: 's', meeting: 's', speaker: 'Ada', model: 'scripted@0' },
  ...{ maxBufferedMs: 60_000, resumeToken: '', resumeWindowMs: 0, nextFrame: 0 },
};

const CAPTION = {
  ...{ meeting: 's', streamId: 's', speaker: 'Ada', revision: 0, spokenAtMs: 0 },
} as const;

/** A request for a WebSocket. */
export function realtimeRequest(request: Partial<DialectRequest> & { readonly search?: string } = {}) {
  const { search = 'intent=transcription', ...rest } = request;

  return { query: new URLSearchParams(search), authorization: '', openaiBeta: '', offered: [], ...rest };
}

/** A conversation with a client of the Realtime interface, whose stream a test speaks for. */
export class RealtimeRig {
  readonly conversation: Conversation;
  readonly #speaker: DialectSpeaker;
  /** What the client was sent. */
  readonly events: RealtimeEvent[] = [];
  /** Controls that the stream was handed, and its audio. */
  readonly controls: Fields[] = [];
  readonly audio: Uint8Array[] = [];
  closed: { readonly code: number; readonly reason: string } | null = null;
  fault: unknown = null;
  #isReady = false;

  constructor(request: ReturnType<typeof realtimeRequest> = realtimeRequest()) {
    const clock = new ManualClock();
    this.#speaker = new DialectSpeaker({ clock, maxBacklogBytes: 8_388_608, outputBytes: () => 0 });
    const send = (text: string) => this.events.push(JSON.parse(text) as RealtimeEvent);
    this.conversation = OPENAI_REALTIME.greet(request).converse({
      client: {
        send,
        sendInterim: send,
        close: (code, reason) => {
          this.closed = { code, reason };
        },
      },
      ...{ speaker: this.#speaker, clock },
      recognizers: servedModels({ name: 'scripted', languages: ['en', 'es'] }),
      endpointing: { startThreshold: 0.5, minSilenceMs: 800, prefixPaddingMs: 384 },
    });
    this.#speaker.attach(
      {
        message: (message) => {
          if (message.type === 'audio') this.audio.push(message.pcm);
          else this.controls.push(message.fields);
        },
        received: () => {},
        roomMs: Number.POSITIVE_INFINITY,
        fault: (error) => {
          this.fault = error;
        },
        closed: () => {},
      },
      this.conversation,
    );
    this.conversation.opened?.();
  }

  /** The client sends an event. */
  say(event: object): void {
    this.conversation.text(JSON.stringify(event));
    if (this.#isReady || this.controls.length === 0) return;
    this.#isReady = true;
    this.tell(READY);
  }

  /** The client asks for settings; what it asks for goes where the released interface has it. */
  update(input: object): void {
    this.say({ type: 'session.update', session: { type: 'transcription', audio: { input } } });
  }

  /** The client sends so much audio, in the default format. */
  append(ms: number): void {
    this.say({ type: 'input_audio_buffer.append', audio: Buffer.alloc(ms * 48).toString('base64') });
  }

  commit(): void {
    this.say({ type: 'input_audio_buffer.commit' });
  }

  clear(): void {
    this.say({ type: 'input_audio_buffer.clear' });
  }

  /** The stream says something. */
  tell(message: SpeakerServerMessage): void {
    this.#speaker.send(message);
  }

  speechStarted(segmentId: number, atMs: number): void {
    const { meeting, streamId, speaker } = CAPTION;
    this.tell({ type: 'speech-started', meeting, streamId, speaker, segmentId, atMs });
  }

  /** @param stable how many of its words are. */
  partial(
    segmentId: number,
    [startMs, endMs]: readonly [number, number],
    text: string,
    stable: number,
  ): void {
    const stableChars = text.split(' ').slice(0, stable).join(' ').length;
    const message: PartialMessage = {
      ...{ type: 'partial', ...CAPTION, captionId: `s:${segmentId}`, segmentId },
      ...{ startMs, endMs, text, stableChars },
    };
    this.tell(message);
  }

  final(
    segmentId: number,
    [startMs, endMs]: readonly [number, number],
    text: string,
    endpoint: FinalMessage['endpoint'] = 'silence',
  ): void {
    const message: FinalMessage = {
      ...{ type: 'final', ...CAPTION, captionId: `s:${segmentId}`, segmentId },
      ...{ startMs, endMs, text, endpoint, language: 'en', model: 'scripted@0' },
    };
    this.tell(message);
  }

  lost(segmentId: number): void {
    this.tell({
      ...{ type: 'error', code: 'segment-lost', message: 'A stretch of speech could not be transcribed.' },
      ...{ retryable: false, fatal: false, captionId: `s:${segmentId}` },
    });
  }

  /** The stream has told all before its oldest marker. */
  reached(): void {
    this.tell({ type: 'marker', id: 0 });
  }

  /** The stream ends with an error. */
  fail({ code, message }: StreamError): void {
    this.tell({ type: 'error', code, message, retryable: false, fatal: true });
    this.#speaker.close(4000, code);
  }

  get types(): readonly string[] {
    return this.events.map(({ type }) => SHORT.reduce((short, prefix) => short.replace(prefix, ''), type));
  }

  /** Events of a type, without their ids. */
  all(type: string): readonly Omit<RealtimeEvent, 'event_id'>[] {
    return this.events.flatMap(({ event_id: _, ...event }) => (event.type.endsWith(type) ? [event] : []));
  }

  /** What is left of an item for a client that only appends. */
  textOf(itemId: unknown): string {
    return this.all('.delta')
      .filter((event) => event.item_id === itemId)
      .map((event) => event.delta)
      .join('');
  }
}

const SHORT = ['input_audio_buffer.', 'conversation.item.', 'input_audio_transcription.'];
