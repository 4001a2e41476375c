import type { ErrorMessage, SpeakerServerMessage, StartMessage } from '../../../client-sdk/protocol.ts';
import { ERRORS } from '../../errors.ts';
import { segmentOf } from '../../net/caption-message.ts';
import type { Conversation, ConversationParts, DialectFailure } from '../dialect.ts';
import { CommittedTurns } from './committed-turns.ts';
import { openaiError, requestError } from './openai-errors.ts';
import { parseEvent, readEvent } from './realtime-events.ts';
import { newId, RealtimeItems } from './realtime-items.ts';
import {
  defaultSettings,
  describeSession,
  FORMATS,
  type RealtimeSettings,
  type RealtimeShape,
  startOf,
} from './realtime-settings.ts';
import { RealtimeRefusal, updateSettings } from './realtime-update.ts';
import { SpeechTurns } from './speech-turns.ts';
import type { Turns } from './turns.ts';

/** OpenAI's own bound for a commit. */
const LEAST_COMMIT_MS = 100;
/** Close codes (RFC 6455, section 7.4.1, and "try again later"). */
const GOING_AWAY = 1001;
const POLICY_VIOLATION = 1008;
const INTERNAL_ERROR = 1011;
const TRY_AGAIN_LATER = 1013;

/** How a client came. */
export interface RealtimeGreeting {
  readonly shape: RealtimeShape;
  readonly place: Pick<StartMessage, 'meeting' | 'speaker'>;
}

/** A client of the Realtime interface that has speech transcribed. Its stream begins with its first audio. */
export class RealtimeConversation implements Conversation {
  readonly #parts: ConversationParts;
  readonly #greeting: RealtimeGreeting;
  readonly #sessionId = newId('sess');
  #settings: RealtimeSettings;
  /** There once audio has come. */
  #turns: Turns | null = null;
  #appendedBytes = 0;
  #fences = 0;

  constructor(parts: ConversationParts, greeting: RealtimeGreeting) {
    this.#parts = parts;
    this.#greeting = greeting;
    this.#settings = defaultSettings(greeting.shape, parts.endpointing);
  }

  opened(): void {
    const { shape } = this.#greeting;
    this.#tellSession(shape === 'beta' ? 'transcription_session.created' : 'session.created');
  }

  text(text: string): void {
    let eventId: unknown = null;
    try {
      const event = parseEvent(text);
      eventId = event.event_id;
      this.#follow(readEvent(event, this.#greeting.shape));
    } catch (error) {
      if (!(error instanceof RealtimeRefusal)) throw error;
      this.#emitError({ ...error.error, event_id: typeof eventId === 'string' ? eventId : null });
    }
  }

  binary(): void {
    const message = 'Audio has to come as input_audio_buffer.append events, in base64.';
    this.#emitError({ ...requestError(message, null, 'invalid_event'), event_id: null });
  }

  told(message: SpeakerServerMessage): void {
    if (message.type === 'speech-started') this.#turns?.speechStarted(message);
    else if (message.type === 'partial') this.#turns?.partial(message);
    else if (message.type === 'final') this.#turns?.final(message);
    else if (message.type === 'ack') this.#turns?.settled(message.acknowledgedMs);
    else if (message.type === 'marker') this.#turns?.reached();
    else if (message.type === 'error') this.#lost(message);
  }

  /** The client ends no stream: the server is shutting down. */
  done(): void {
    this.#parts.client.close(GOING_AWAY, 'draining');
  }

  failed(failure: DialectFailure): void {
    const { retryable, httpStatus } = ERRORS[failure.code];
    this.#emitError({ ...openaiError(failure), event_id: null });
    const later = retryable ? TRY_AGAIN_LATER : POLICY_VIOLATION;
    this.#parts.client.close(httpStatus === 500 ? INTERNAL_ERROR : later, failure.code);
  }

  closed(): void {}

  #follow(event: ReturnType<typeof readEvent>): void {
    if (event.type === 'update') this.#update(event.session, event.answer);
    else if (event.type === 'append') this.#append(event.audio);
    else if (event.type === 'commit') this.#commit();
    else this.#clear();
  }

  #update(session: unknown, answer: string): void {
    const { shape } = this.#greeting;
    const settings = updateSettings(this.#settings, session, { ...this.#parts, shape });
    if (!this.#turns) this.#settings = settings;
    else if (settings.format !== this.#settings.format)
      throw new RealtimeRefusal(
        requestError('The audio format cannot be changed once audio has come.', 'session'),
      );
    this.#tellSession(answer);
  }

  #append(audio: Uint8Array): void {
    if (audio.length === 0) return;
    if (!this.#turns) this.#start();
    this.#appendedBytes += audio.length;
    this.#parts.speaker.audio(audio);
  }

  #start(): void {
    const { speaker, endpointing } = this.#parts;
    const { shape, place } = this.#greeting;
    const items = new RealtimeItems((event) => this.#emit(event), shape);
    this.#turns =
      this.#settings.turns === 'commit'
        ? new CommittedTurns(items)
        : new SpeechTurns(items, endpointing.prefixPaddingMs);
    speaker.start({ ...startOf(shape, this.#settings), ...place });
  }

  #commit(): void {
    const leftMs = this.#turns ? this.#appendedMs - this.#turns.committedMs : 0;
    if (leftMs < LEAST_COMMIT_MS)
      throw new RealtimeRefusal(
        requestError(
          `Error committing input audio buffer: buffer too small. Expected at least ${LEAST_COMMIT_MS}ms of audio, but buffer only has ${Math.max(0, leftMs).toFixed(2)}ms of audio.`,
          null,
          'input_audio_buffer_commit_empty',
        ),
      );
    this.#turns!.commit(this.#appendedMs);
    this.#fence();
  }

  /** What was appended is in the stream already: what comes of it is not told. */
  #clear(): void {
    if (this.#turns && this.#appendedMs > this.#turns.committedMs) {
      this.#turns.clear(this.#appendedMs);
      this.#fence();
    }
    this.#emit({ type: 'input_audio_buffer.cleared' });
  }

  #fence(): void {
    this.#parts.speaker.flush();
    this.#parts.speaker.mark(this.#fences++);
  }

  get #appendedMs(): number {
    const { encoding, sampleRate } = FORMATS[this.#greeting.shape][this.#settings.format]!;
    const samples = this.#appendedBytes / (encoding === 'pcm_s16le' ? 2 : 1);

    return Math.floor((samples * 1000) / sampleRate);
  }

  #lost({ captionId, code, message }: ErrorMessage): void {
    if (captionId === undefined) return;
    this.#turns?.lost(segmentOf(captionId), {
      ...{ type: 'server_error', code: code.replaceAll('-', '_'), message, param: null },
    });
  }

  #tellSession(type: string): void {
    const { recognizers, endpointing } = this.#parts;
    const { name: model } = recognizers.choose(this.#settings);
    const session = describeSession(this.#greeting.shape, this.#settings, {
      ...{ id: this.#sessionId, model, prefixPaddingMs: endpointing.prefixPaddingMs },
    });
    this.#emit({ type, session });
  }

  #emitError(error: object): void {
    this.#emit({ type: 'error', error });
  }

  #emit(event: { readonly type: string } & Readonly<Record<string, unknown>>): void {
    const { type, ...fields } = event;
    this.#parts.client.send(JSON.stringify({ type, event_id: newId('event'), ...fields }));
  }
}
