import { blankBetween } from '../../../client-sdk/captions/join-captions.ts';
import type { FinalMessage, PartialMessage } from '../../../client-sdk/protocol.ts';
import { segmentOf } from '../../net/caption-message.ts';
import { DeltaText } from '../delta-text.ts';
import type { DialectClient } from '../dialect.ts';
import type { FunasrParameters } from './parameters.ts';
import {
  endAnswer,
  type FunasrResult,
  NO_PCM,
  NOTHING,
  offlineResult,
  onlineResult,
  type Sentence,
  written,
} from './results.ts';

/** How an utterance ends. */
interface End {
  /** The marker that comes back when all of it is decoded. */
  readonly marker: number;
  readonly wantsAnswer: boolean;
  /** In milliseconds of the stream. */
  readonly atMs: number;
}

/** What is told of a final. */
type Spoken = Pick<FinalMessage, 'text' | 'startMs' | 'endMs' | 'words'>;

/** Sentences kept for the end of an utterance, some hours of them; one that has more is told them in between. */
const MAX_KEPT_SENTENCES = 10_000;

/** What a client is told of its audio from one beginning to the next end, of which a connection may have several. */
export class Utterance {
  parameters: FunasrParameters;
  readonly #client: DialectClient;
  readonly #startMs: number;
  #end: End | null = null;
  /** The caption of which words have been told that it may still replace. */
  #told: { readonly segmentId: number; readonly text: DeltaText } | null = null;
  /** What was told last that will not be replaced. */
  #before = '';
  #sentences = 0;
  /** Offline, what is told at the end. */
  #kept: Sentence[] = [];
  /** Whether each result waits for the next one, so that the last is known. */
  #isEnding = false;
  #held: FunasrResult | null = null;

  /** @param startMs where its audio begins in the stream. */
  constructor(client: DialectClient, parameters: FunasrParameters, startMs: number) {
    this.#client = client;
    this.parameters = parameters;
    this.#startMs = startMs;
  }

  get end(): End | null {
    return this.#end;
  }

  endWith(end: End): void {
    this.#end = end;
    this.#isEnding = true;
  }

  /** The caption so far. Only one at a time is told of: a client would not know which words it is to replace. */
  partial({ segmentId, text, stableChars, endMs }: PartialMessage): void {
    const { mode } = this.parameters;
    const isNext = this.#told !== null && this.#told.segmentId !== segmentId;
    if (mode === 'offline' || isNext || (this.#end && endMs > this.#end.atMs)) return;
    this.#tellWords(segmentId, text, stableChars);
  }

  /** A caption as it stands. @param final one without text takes back what was told of it. */
  final(final: Spoken & Pick<FinalMessage, 'segmentId'>): void {
    const { segmentId, text } = final;
    const { mode } = this.parameters;
    const isTold = this.#told?.segmentId === segmentId;
    let stillTold = isTold ? null : this.#told;
    if (mode === 'online') this.#tellWords(segmentId, text, text.length);
    else if (mode === 'offline') this.#keep(final);
    else if (text !== '' || isTold) {
      const before = text === '' ? '' : blankBetween(this.#before, text);
      this.#send(offlineResult(mode, [this.#placed(final)], this.#sentences, before));
      // Beside what it replaces, this wipes out what was told of a later one.
      stillTold = null;
    }
    this.#told = stillTold;
    if (text === '') return;
    if (mode === '2pass') this.#before = text;
    this.#sentences++;
  }

  /** A caption that was begun is lost. */
  lost(captionId: string): void {
    this.final({ segmentId: segmentOf(captionId), text: '', startMs: this.#startMs, endMs: this.#startMs });
  }

  /** All of it is decoded: the client is told that no more comes. */
  finish(): void {
    const { parameters } = this;
    this.#isEnding = true;
    if (parameters.mode === 'offline') this.#tellKept();
    const last = parameters.isPcm ? (this.#held ?? NOTHING) : NO_PCM;
    this.#client.send(written(last, parameters, true));
    this.#answer(parameters.isPcm ? null : NO_PCM.text);
  }

  /** It comes to nothing. @param why a sentence. */
  fail(why: string): void {
    this.#answer(why);
  }

  #answer(error: string | null): void {
    if (this.#end?.wantsAnswer) this.#client.send(endAnswer(this.parameters, error));
  }

  #tellWords(segmentId: number, text: string, stableChars: number): void {
    const isFirst = this.#told?.segmentId !== segmentId;
    const told = isFirst ? new DeltaText() : this.#told!.text;
    const increment = told.extend(text.slice(0, stableChars));
    if (increment === '') return;
    const blank = isFirst ? blankBetween(this.#before, increment) : '';
    this.#told = { segmentId, text: told };
    const { mode } = this.parameters;
    if (mode === 'online') this.#before = increment;
    this.#send(onlineResult(mode, blank + increment, this.#sentences, isFirst));
  }

  #keep(final: Spoken): void {
    if (final.text !== '') this.#kept.push(this.#placed(final));
    if (this.#kept.length >= MAX_KEPT_SENTENCES) this.#tellKept();
  }

  #tellKept(): void {
    if (this.#kept.length === 0) return;
    this.#send(offlineResult('offline', this.#kept, this.#sentences));
    this.#kept = [];
  }

  /** Padding may reach back before the utterance. */
  #placed({ text, startMs, endMs, words }: Spoken): Sentence {
    const since = (ms: number) => Math.max(0, Math.round(ms - this.#startMs));

    return {
      ...{ text, startMs: since(startMs), endMs: since(endMs) },
      ...(words && {
        words: words.map((word) => ({ ...word, startMs: since(word.startMs), endMs: since(word.endMs) })),
      }),
    };
  }

  #send(result: FunasrResult): void {
    const sent = this.#isEnding ? this.#held : result;
    if (sent) this.#client.send(written(sent, this.parameters, false));
    if (this.#isEnding) this.#held = result;
  }
}
