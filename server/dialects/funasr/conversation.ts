import type { SpeakerServerMessage, StartMessage } from '../../../client-sdk/protocol.ts';
import { ERRORS, StreamError } from '../../errors.ts';
import { knowsLanguage } from '../../language.ts';
import type { Conversation, ConversationParts, DialectFailure } from '../dialect.ts';
import { FUNASR_DEFAULTS, readRequest } from './parameters.ts';
import { Utterance } from './utterance.ts';

const SAMPLE_BYTES = 2;
/** The server goes away, RFC 6455 section 7.4.1. */
const GOING_AWAY = 1001;

/**
 * One client of FunASR's real-time server. Its audio is one stream of ours, in which a flush and a marker end each utterance, so
 * that the next one can begin on the same connection.
 */
export class FunasrConversation implements Conversation {
  readonly #parts: ConversationParts;
  readonly #place: Pick<StartMessage, 'meeting' | 'speaker'>;
  #parameters = FUNASR_DEFAULTS;
  /** Null before the stream has begun. */
  #sampleRate: number | null = null;
  #receivedBytes = 0;
  #markers = 0;
  /** The first is being told of. Only the last may have no end yet. */
  readonly #utterances: Utterance[] = [];

  constructor(parts: ConversationParts, place: Pick<StartMessage, 'meeting' | 'speaker'>) {
    this.#parts = parts;
    this.#place = place;
  }

  text(text: string): void {
    const { parameters, ends, wantsAnswer } = readRequest(text, this.#parameters);
    this.#parameters = parameters;
    const utterance = this.#open();
    utterance.parameters = parameters;
    if (ends) this.#end(utterance, wantsAnswer);
  }

  binary(bytes: Uint8Array): void {
    const { isPcm, sampleRate } = this.#open().parameters;
    // Told at the end, as FunASR does.
    if (!isPcm) return;
    if (sampleRate !== this.#begin())
      throw new StreamError('out-of-range', 'audio_fs has to stay as it is on a connection.');
    this.#receivedBytes += bytes.length;
    this.#parts.speaker.audio(bytes);
  }

  told(message: SpeakerServerMessage): void {
    const [first] = this.#utterances;
    if (!first) return;
    if (message.type === 'partial') first.partial(message);
    if (message.type === 'final') first.final(message);
    if (message.type === 'error' && message.captionId !== undefined) first.lost(message.captionId);
    if (message.type !== 'marker' || message.id !== first.end?.marker) return;
    this.#utterances.shift();
    first.finish();
  }

  /** Only when the server goes away: no client ends the stream. */
  done(): void {
    for (const utterance of this.#utterances) utterance.finish();
    this.#parts.client.close(GOING_AWAY, '');
  }

  failed({ code, message }: DialectFailure): void {
    for (const utterance of this.#utterances) utterance.fail(message);
    this.#parts.client.close(ERRORS[code].closeCode, code);
  }

  closed(): void {
    this.#utterances.length = 0;
  }

  /** The utterance that audio belongs to: a new one behind an end. */
  #open(): Utterance {
    const last = this.#utterances.at(-1);
    if (last && !last.end) return last;
    const utterance = new Utterance(this.#parts.client, this.#parameters, this.#receivedMs);
    this.#utterances.push(utterance);

    return utterance;
  }

  /** @returns the rate of the stream, which begins with the first that is asked of it. */
  #begin(): number {
    if (this.#sampleRate === null) {
      const { sampleRate, mode, language, hotWords, itn } = this.#parameters;
      const { recognizers } = this.#parts;
      this.#sampleRate = sampleRate;
      this.#parts.speaker.start({
        ...this.#place,
        sampleRate,
        encoding: 'pcm_s16le',
        partials: mode !== 'offline',
        words: true,
        ...(hotWords.length > 0 && { hotWords }),
        ...(itn && { numerals: true }),
        // Clients name one of SenseVoice's whatever the server has: where no model knows it the default goes by its own.
        ...(language !== null && knowsLanguage(language, recognizers.languages) && { language }),
      });
    }

    return this.#sampleRate;
  }

  #end(utterance: Utterance, wantsAnswer: boolean): void {
    const { speaker } = this.#parts;
    this.#begin();
    // Half a sample would tear those of the next utterance.
    const torn = this.#receivedBytes % SAMPLE_BYTES;
    if (torn > 0) {
      this.#receivedBytes += SAMPLE_BYTES - torn;
      speaker.audio(new Uint8Array(SAMPLE_BYTES - torn));
    }
    const marker = this.#markers++;
    utterance.endWith({ marker, wantsAnswer, atMs: this.#receivedMs });
    speaker.flush();
    speaker.mark(marker);
  }

  get #receivedMs(): number {
    return this.#sampleRate === null ? 0 : (this.#receivedBytes * 1000) / (this.#sampleRate * SAMPLE_BYTES);
  }
}
