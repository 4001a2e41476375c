import type { ModelIdentity } from '../../models/served-models.ts';
import type { ConversationParts } from '../dialect.ts';
import type { ListenAudio } from './listen-audio.ts';
import {
  metadataMessage,
  type ResultMetadata,
  resultMetadata,
  resultsMessage,
  type Settled,
  speechStartedMessage,
  utteranceEndMessage,
} from './messages.ts';
import type { ListenParameters } from './parameters.ts';
import type { Said } from './transcript-form.ts';

/** Tells the client of a live stream what it asked for, in the form that it asked for. */
export class ListenTeller {
  readonly #parameters: Pick<ListenParameters, 'form' | 'endpointing' | 'vadEvents'>;
  readonly #client: ConversationParts['client'];
  readonly #metadata: ResultMetadata;
  readonly #createdEpochMs: number;
  #toldUntilMs = 0;

  constructor(
    parameters: ListenParameters,
    requestId: string,
    { client, model, clock }: Pick<ConversationParts, 'client' | 'clock'> & { readonly model: ModelIdentity },
  ) {
    this.#parameters = parameters;
    this.#client = client;
    this.#metadata = resultMetadata(requestId, model, parameters.extra);
    this.#createdEpochMs = clock.epochMs();
  }

  /** Where the last final ended. */
  get toldUntilMs(): number {
    return this.#toldUntilMs;
  }

  /** A result that a later one replaces. */
  interim(said: Said): void {
    const settled = { isFinal: false, speechFinal: false, fromFinalize: false };
    this.#client.sendInterim(this.#results(said, settled));
  }

  /** A result that will not change. @param endsUtterance whether a pause follows. */
  final(said: Said, endsUtterance: boolean, fromFinalize: boolean): void {
    this.#toldUntilMs = Math.max(this.#toldUntilMs, said.endMs);
    const speechFinal = endsUtterance && this.#parameters.endpointing;
    this.#client.send(this.#results(said, { isFinal: true, speechFinal, fromFinalize }));
  }

  /** Someone began to speak. */
  speechStarted(atMs: number): void {
    if (this.#parameters.vadEvents) this.#send(speechStartedMessage(atMs));
  }

  /** No word followed for as long as was asked. */
  utteranceEnd(lastWordEndMs: number): void {
    this.#send(utteranceEndMessage(lastWordEndMs));
  }

  /** Sums up what came, as the last message. To be called once. */
  summary(audio: Pick<ListenAudio, 'receivedMs' | 'channels' | 'digest'>): void {
    const { receivedMs: durationMs, channels } = audio;
    const createdEpochMs = this.#createdEpochMs;
    const summary = { sha256: audio.digest(), createdEpochMs, durationMs, channels };
    this.#send(metadataMessage(summary, this.#metadata));
  }

  #results(said: Said, settled: Settled): string {
    return JSON.stringify(resultsMessage(said, settled, this.#parameters.form, this.#metadata));
  }

  #send(message: object): void {
    this.#client.send(JSON.stringify(message));
  }
}
