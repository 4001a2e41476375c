import type { PartialMessage, SpeakerServerMessage, StartMessage } from '../../../client-sdk/protocol.ts';
import { ERRORS, StreamError } from '../../errors.ts';
import type { Conversation, ConversationParts, DialectFailure } from '../dialect.ts';
import { finalReply, partialReply, type VoskFinal } from './replies.ts';
import { readCommand, readSettings, VOSK_DEFAULTS } from './settings.ts';

/** A reply that a message of the client's is still to have. */
type Owed =
  /** Once the stream has taken so many bytes; until `heldUntilMs` only a final is worth it. */
  | { readonly to: 'audio'; readonly bytes: number; readonly heldUntilMs: number }
  /** Once its marker has come back. */
  | { readonly to: 'reset'; readonly marker: number; readonly passed: boolean };

const SAMPLE_BYTES = 2;
/**
 * A reply to somebody who speaks is held for this share of the message's audio, so that the caption which ends with it is in
 * this reply and not in the next. With 200 ms in a message finals came 200 ms later without.
 */
const HELD_SHARE = 1 / 2;
/** Who had nothing to send for this share speaks: a recording's next message follows a reply at once. */
const PAUSE_SHARE = 1 / 4;
/** Longer than it mostly takes to find the end of speech in what has come. */
const MAX_HELD_MS = 100;
/** Finals that wait for a reply each; when there are more they come as one. */
const MAX_SINGLE_FINALS = 100;
/** Replies that a client may be owed; messages of no bytes take no room among the audio that waits. */
const MAX_OWED = 100_000;
/** The server goes away, RFC 6455 section 7.4.1. */
const GOING_AWAY = 1001;

/**
 * One client of Vosk's server: it sends audio, and reads one reply for each message of it. So captions wait here until a
 * reply can carry them, and a reply waits until the stream has room, which keeps such a client from running ahead.
 */
export class VoskConversation implements Conversation {
  readonly #parts: ConversationParts;
  readonly #place: Pick<StartMessage, 'meeting' | 'speaker'>;
  #settings = VOSK_DEFAULTS;
  #hasBegun = false;
  #hasEnded = false;
  #receivedBytes = 0;
  #markers = 0;
  #owed: Owed[] = [];
  #finals: VoskFinal[] = [];
  #partial: PartialMessage | null = null;
  #repliedAtMs = Number.POSITIVE_INFINITY;
  #cancelHold: () => void = () => {};

  constructor(parts: ConversationParts, place: Pick<StartMessage, 'meeting' | 'speaker'>) {
    this.#parts = parts;
    this.#place = place;
    parts.speaker.onTaken = () => this.#reply();
  }

  text(text: string): void {
    if (this.#hasEnded) return;
    if (text.includes('config')) {
      const settings = readSettings(text, this.#settings);
      // A recogniser that has begun keeps what it began with.
      if (!this.#hasBegun) this.#settings = settings;
      return;
    }
    const command = readCommand(text);
    if (command) this.#begin();
    if (command === 'reset') this.#reset();
    if (command === 'eof') {
      this.#hasEnded = true;
      this.#parts.speaker.stop();
    }
  }

  binary(bytes: Uint8Array): void {
    if (this.#hasEnded) return;
    if (this.#owed.length >= MAX_OWED) throw new StreamError('audio-overrun');
    this.#begin();
    this.#receivedBytes += bytes.length;
    this.#owed.push({
      to: 'audio',
      bytes: this.#receivedBytes - (this.#receivedBytes % SAMPLE_BYTES),
      heldUntilMs: this.#holdFor(bytes.length),
    });
    this.#parts.speaker.audio(bytes);
    this.#reply();
  }

  told(message: SpeakerServerMessage): void {
    if (message.type === 'partial') this.#partial = message;
    if (message.type === 'final' && message.text !== '') this.#finals.push(message);
    if (message.type === 'final' || message.type === 'error') this.#over(message.captionId);
    if (message.type === 'marker') this.#passed(message.id);
    if (message.type === 'final') this.#reply();
  }

  done(): void {
    this.#reply();
    this.#send(finalReply(this.#finals, this.#settings));
    this.#parts.client.close(this.#hasEnded ? 1000 : GOING_AWAY, '');
  }

  failed({ code }: DialectFailure): void {
    this.#parts.client.close(ERRORS[code].closeCode, code);
  }

  closed(): void {
    this.#hasEnded = true;
    this.#cancelHold();
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const { sampleRate, words } = this.#settings;
    const wanted = this.#parts.recognizers.known(this.#settings);
    this.#parts.speaker.start({ ...this.#place, sampleRate, encoding: 'pcm_s16le', words, ...wanted });
  }

  #reset(): void {
    const marker = this.#markers++;
    this.#owed.push({ to: 'reset', marker, passed: false });
    this.#parts.speaker.flush();
    this.#parts.speaker.mark(marker);
  }

  #over(captionId: string | undefined): void {
    if (this.#partial?.captionId === captionId) this.#partial = null;
  }

  #passed(marker: number): void {
    this.#owed = this.#owed.map((owed) =>
      owed.to === 'reset' && owed.marker === marker ? { ...owed, passed: true } : owed,
    );
    this.#reply();
  }

  /** Until when to hold the reply to a message. */
  #holdFor(bytes: number): number {
    const now = this.#parts.clock.now();
    const durationMs = (bytes * 1000) / (this.#settings.sampleRate * SAMPLE_BYTES);
    const isSpoken = now - this.#repliedAtMs >= durationMs * PAUSE_SHARE;

    return isSpoken ? now + Math.min(durationMs * HELD_SHARE, MAX_HELD_MS) : now;
  }

  /** Answers what can be answered, in the order in which it was asked. */
  #reply(): void {
    const { clock } = this.#parts;
    this.#cancelHold();
    let answered = 0;
    for (const next of this.#owed) {
      if (!this.#isDue(next)) break;
      const heldMs = next.to === 'audio' ? next.heldUntilMs - clock.now() : 0;
      if (heldMs > 0 && this.#finals.length === 0 && !this.#hasEnded) {
        this.#cancelHold = clock.after(heldMs, () => this.#reply());
        break;
      }
      answered++;
      this.#repliedAtMs = clock.now();
      this.#send(next.to === 'reset' ? this.#takeFinals(this.#finals.length) : this.#whatIsNew());
    }
    // At once: taking the first of very many out one by one takes seconds.
    this.#owed.splice(0, answered);
  }

  #isDue(owed: Owed): boolean {
    return owed.to === 'reset' ? owed.passed : owed.bytes <= this.#parts.speaker.takenBytes;
  }

  #whatIsNew(): string {
    const { length } = this.#finals;
    if (length === 0) return partialReply(this.#partial, this.#settings);

    return this.#takeFinals(length > MAX_SINGLE_FINALS ? length : 1);
  }

  #takeFinals(count: number): string {
    return finalReply(this.#finals.splice(0, count), this.#settings);
  }

  #send(text: string): void {
    this.#parts.client.send(text);
  }
}
