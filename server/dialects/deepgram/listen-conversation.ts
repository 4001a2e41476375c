import type {
  FinalMessage,
  PartialMessage,
  SpeakerServerMessage,
  StartMessage,
} from '../../../client-sdk/protocol.ts';
import { StreamError } from '../../errors.ts';
import type { Conversation, ConversationParts, DialectFailure } from '../dialect.ts';
import { closeFor } from './faults.ts';
import { ListenAudio } from './listen-audio.ts';
import { ListenTeller } from './listen-teller.ts';
import { OpenSpeech } from './open-speech.ts';
import type { AudioFormat, ListenParameters } from './parameters.ts';
import { UtteranceGap } from './utterance-gap.ts';

/** Time without audio or a text message after which a stream is given up. */
const SILENT_CLIENT_MS = 10_000;

/** A `Finalize` that is under way: the marker behind it, and what audio there was. */
interface Finalizing {
  readonly marker: number;
  readonly receivedMs: number;
  /** Whether a result said that it came of it. */
  isAnswered: boolean;
}

/** One client's live stream in Deepgram's words. */
export class ListenConversation implements Conversation {
  readonly #parameters: ListenParameters;
  readonly #parts: ConversationParts;
  readonly #wanted: Pick<StartMessage, 'model' | 'language'>;
  readonly #teller: ListenTeller;
  readonly #audio: ListenAudio;
  readonly #openSpeech = new OpenSpeech();
  readonly #gap: UtteranceGap | null;
  #heardAtMs: number;
  #cancelWatch: () => void = () => {};
  #lastMarker = 0;
  #finalizing: readonly Finalizing[] = [];
  #state: 'open' | 'ending' | 'ended' = 'open';

  /** @throws {StreamError} `unsupported-language`. */
  constructor(parameters: ListenParameters, requestId: string, parts: ConversationParts) {
    this.#wanted = parts.recognizers.known(parameters);
    const model = parts.recognizers.choose(this.#wanted);
    this.#parameters = parameters;
    this.#parts = parts;
    this.#audio = new ListenAudio(parameters.multichannel);
    this.#teller = new ListenTeller(parameters, requestId, { ...parts, model });
    this.#gap = parameters.utteranceEndMs === null ? null : new UtteranceGap(parameters.utteranceEndMs);
    this.#heardAtMs = parts.clock.now();
  }

  opened(): void {
    this.#heardAtMs = this.#parts.clock.now();
    this.#watch();
    const { format } = this.#parameters;
    if (!format) return;
    this.#audio.format = format;
    this.#start(format);
  }

  text(text: string): void {
    if (this.#state !== 'open') return;
    // Of a stream that never began, no message is a sign of life.
    if (this.#audio.hasBegun) this.#heardAtMs = this.#parts.clock.now();
    const type = typeOf(text);
    if (type === 'Finalize') this.#finalize();
    else if (type === 'CloseStream') this.#end();
  }

  binary(bytes: Uint8Array): void {
    if (this.#state !== 'open') return;
    this.#heardAtMs = this.#parts.clock.now();
    if (bytes.length === 0) {
      this.#end();
      return;
    }
    const isStarted = this.#audio.format !== null;
    const audio = this.#audio.take(bytes);
    if (!isStarted && this.#audio.format) this.#start(this.#audio.format);
    if (audio.length > 0) this.#parts.speaker.audio(audio);
    this.#askForGap();
  }

  told(message: SpeakerServerMessage): void {
    switch (message.type) {
      case 'partial':
        this.#interim(message);
        break;
      case 'final':
        this.#final(message);
        break;
      case 'speech-started':
        this.#openSpeech.began(message.segmentId, message.atMs);
        this.#teller.speechStarted(message.atMs);
        break;
      case 'ack':
        this.#settled(message.acknowledgedMs);
        break;
      case 'marker':
        this.#answered(message.id);
    }
    // The audio of a gap may have come before the words that it follows.
    this.#askForGap();
  }

  done(): void {
    // Told before `done`, all of them, unless the server ended the stream by itself.
    const wasAsked = this.#state === 'ending';
    this.closed();
    this.#teller.summary(this.#audio);
    if (wasAsked) this.#parts.client.close(1000, '');
    else this.failed({ code: 'draining', message: 'The server is shutting down.', retryAfterMs: null });
  }

  failed(failure: DialectFailure): void {
    this.closed();
    const { code, reason } = closeFor(failure);
    this.#parts.client.close(code, reason);
  }

  closed(): void {
    this.#state = 'ended';
    this.#cancelWatch();
  }

  #start(format: AudioFormat): void {
    const { interimResults, minSilenceMs, place, words } = this.#parameters;
    this.#parts.speaker.start({
      ...format,
      ...place,
      ...words,
      partials: interimResults,
      words: true,
      ...this.#wanted,
      ...(minSilenceMs !== null && { endpointing: { minSilenceMs } }),
    });
  }

  /** Words may come so fast that those before them were not known to be the last of an utterance. */
  #tellGapBefore(text: string, startMs: number): void {
    if (text !== '') this.#tellGap(this.#gap?.resumed(startMs));
  }

  #tellGap(lastWordEndMs: number | null | undefined): void {
    if (lastWordEndMs != null) this.#teller.utteranceEnd(lastWordEndMs);
  }

  /** Whether words are in the audio that makes a gap if there are none. */
  #askForGap(): void {
    if (this.#state !== 'open' || !this.#gap?.isDue(this.#audio.receivedMs)) return;
    this.#gap.marked(++this.#lastMarker);
    this.#parts.speaker.mark(this.#lastMarker);
  }

  #finalize(): void {
    const { speaker } = this.#parts;
    const { receivedMs, format } = this.#audio;
    const marker = ++this.#lastMarker;
    this.#finalizing = [...this.#finalizing, { marker, receivedMs, isAnswered: false }];
    if (!format) {
      this.#answered(marker);
      return;
    }
    speaker.flush();
    speaker.mark(marker);
  }

  #end(): void {
    this.#state = 'ending';
    this.#cancelWatch();
    if (this.#audio.format) this.#parts.speaker.stop();
    else this.done();
  }

  #interim({ text, startMs, endMs, segmentId }: PartialMessage): void {
    this.#tellGapBefore(text, startMs);
    this.#gap?.interim(segmentId, text);
    this.#teller.interim({ text, startMs, endMs, confidence: null });
  }

  #final({ text, startMs, endMs, segmentId, endpoint, confidence, words }: FinalMessage): void {
    this.#tellGapBefore(text, startMs);
    this.#gap?.final(segmentId, text, endMs);
    this.#openSpeech.ended(segmentId);
    // It goes on in a segment of its own, whose beginning is not told.
    if (endpoint === 'max-duration') this.#openSpeech.began(segmentId + 1, endMs);
    const [finalizing] = this.#finalizing;
    const fromFinalize = endpoint === 'flush' && finalizing !== undefined;
    if (fromFinalize) finalizing.isAnswered = true;
    const said = { text, startMs, endMs, confidence: confidence ?? null, ...(words && { words }) };
    this.#teller.final(said, endpoint !== 'max-duration', fromFinalize);
  }

  /** All audio up to here has become captions, or has none. */
  #settled(atMs: number): void {
    const wordless = this.#openSpeech.settled(atMs);
    if (!wordless) return;
    const { startMs, segmentId } = wordless;
    this.#gap?.final(segmentId, '', atMs);
    this.#teller.final({ text: '', startMs, endMs: atMs, confidence: null }, true, false);
  }

  #answered(marker: number): void {
    this.#tellGap(this.#gap?.answered(marker));
    const [finalizing] = this.#finalizing;
    if (finalizing?.marker !== marker) return;
    this.#finalizing = this.#finalizing.slice(1);
    if (finalizing.isAnswered) return;
    const endMs = Math.round(finalizing.receivedMs);
    this.#openSpeech.settled(endMs + 1);
    const said = { text: '', startMs: Math.min(this.#teller.toldUntilMs, endMs), endMs, confidence: null };
    this.#teller.final(said, true, true);
  }

  /** One timer for each stretch of silence, not for each message. */
  #watch(): void {
    const { clock, speaker } = this.#parts;
    const leftMs = this.#heardAtMs + SILENT_CLIENT_MS - clock.now();
    if (leftMs <= 0)
      speaker.fault(new StreamError('idle-timeout', 'Send audio or KeepAlive every few seconds.'));
    else this.#cancelWatch = clock.after(leftMs, () => this.#watch());
  }
}

/** @throws {StreamError} `bad-message` when the text is no JSON object. */
function typeOf(text: string): unknown {
  try {
    return (JSON.parse(text) as { readonly type?: unknown }).type;
  } catch {
    throw new StreamError('bad-message', 'Text has to be JSON; audio has to come as bytes.');
  }
}
