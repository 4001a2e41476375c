import { findWebSocket } from '../connection/web-socket.ts';
import { closedError, RoundtableError } from '../errors.ts';
import { Announcer } from '../events/announcer.ts';
import { FinalCaptions } from '../events/final-captions.ts';
import type { DoneMessage, ReadyMessage } from '../protocol.ts';
import { systemTime } from '../time.ts';
import { Deferred } from './deferred.ts';
import { encodePcm } from './pcm.ts';
import { Session, type SessionListener, type Told } from './session.ts';
import { type Format, formatOf } from './start.ts';
import { type LostAudio, Tape } from './tape.ts';
import type { Control } from './tape-item.ts';
import type { Speaker, SpeakerEvent, SpeakerEvents, SpeakerOptions, SpeakerState } from './terms.ts';

const MAX_UNACKNOWLEDGED_MS = 300_000;
/** What `drained` lets wait. */
const DRAINED_MS = 1000;

/** See `Speaker`: what a session says as events and promises, and the other way round. */
export class SpeakerClient implements Speaker, SessionListener {
  readonly format: Format;
  readonly #announcer = new Announcer<SpeakerEvents, SpeakerEvent>();
  readonly #tape: Tape;
  readonly #session: Session;
  readonly #finals = new FinalCaptions();
  readonly #ready = new Deferred<ReadyMessage>();
  readonly #done = new Deferred<DoneMessage>();
  #drained: Deferred<void> | null = null;
  readonly #markers = new Map<number, Deferred<void>>();
  #nextMarker = 0;
  #state: SpeakerState = 'connecting';
  #isStopped = false;
  #unlisten: () => void;

  /** @throws {RangeError | TypeError | RoundtableError} when the options are of no use. */
  constructor(options: SpeakerOptions) {
    const { maxUnacknowledgedMs = MAX_UNACKNOWLEDGED_MS, signal, time = systemTime } = options;
    this.format = formatOf(options);
    this.#tape = new Tape({ ...this.format, maxMs: maxUnacknowledgedMs });
    const WebSocket = options.WebSocket ?? findWebSocket();
    this.#session = new Session({ options, WebSocket, time, tape: this.#tape, listener: this });
    const close = () => this.close();
    signal?.addEventListener('abort', close);
    this.#unlisten = () => signal?.removeEventListener('abort', close);
    if (signal?.aborted) close();
    else this.#session.begin();
  }

  get state(): SpeakerState {
    return this.#state;
  }

  get ready(): Promise<ReadyMessage> {
    return this.#ready.promise;
  }

  get streamId(): string | null {
    return this.#session.stream?.streamId ?? null;
  }

  get meeting(): string | null {
    return this.#session.first?.meeting ?? null;
  }

  get speakerName(): string | null {
    return this.#session.first?.speaker ?? null;
  }

  get unacknowledgedMs(): number {
    return this.#tape.toMs(this.#tape.unacknowledgedFrames);
  }

  get acknowledgedMs(): number {
    return this.#tape.toMs(this.#tape.acknowledgedInAll);
  }

  get streamOriginMs(): number {
    return this.#tape.toMs(this.#tape.originInAll);
  }

  send(pcm: Uint8Array | Int16Array | Float32Array): void {
    this.#expectOpen();
    const { encoding, frameBytes } = this.format;
    const bytes = encodePcm(pcm, encoding);
    if (bytes.length % frameBytes !== 0)
      throw new RangeError(
        `Audio comes in whole frames of ${frameBytes} bytes; these are ${bytes.length} bytes.`,
      );
    for (const lost of this.#tape.append(bytes)) this.lost(lost);
    this.#session.pump();
  }

  gap(durationMs: number): void {
    this.#control({ type: 'gap', durationMs });
  }

  flush(): void {
    this.#control({ type: 'flush' });
  }

  async mark(): Promise<void> {
    this.#expectOpen();
    const id = this.#nextMarker++;
    const answered = new Deferred<void>();
    this.#markers.set(id, answered);
    this.#session.awaitMarker(id);
    this.#control({ type: 'marker', id });

    return answered.promise;
  }

  stop(): Promise<DoneMessage> {
    if (!this.#isStopped && this.#state !== 'closed') {
      this.#session.awaitDone();
      this.#control({ type: 'stop' });
      this.#isStopped = true;
      this.#setState('stopping');
    }

    return this.#done.promise;
  }

  close(): void {
    this.ended(closedError());
  }

  async drained(): Promise<void> {
    if (this.#state === 'closed') throw closedError();
    if (this.#isDrained) return;
    this.#drained ??= new Deferred();
    await this.#drained.promise;
  }

  on<Name extends keyof SpeakerEvents>(
    event: Name,
    listener: (payload: SpeakerEvents[Name]) => void,
  ): () => void {
    return this.#announcer.on(event, listener);
  }

  [Symbol.asyncIterator](): AsyncIterator<SpeakerEvent> {
    return this.#announcer.iterate();
  }

  told(message: Told): void {
    if (message.type === 'marker') {
      this.#markers.get(message.id)?.resolve();
      this.#markers.delete(message.id);
      return;
    }
    if (message.type === 'partial' && this.#finals.has(message.captionId)) return;
    if (message.type === 'final' && !this.#finals.add(message.captionId)) return;
    if (message.type === 'ready') this.#setState('live');
    if (message.type === 'waiting') this.#setState('waiting');
    this.#announcer.tell(message.type, message, message);
    if (message.type === 'ready') this.#ready.resolve(message);
  }

  interrupted(error: RoundtableError): void {
    this.#setState(this.#session.first ? 'reconnecting' : 'connecting');
    this.warned(error);
  }

  warned(error: RoundtableError): void {
    this.#announcer.tell('warning', error, { type: 'warning', error });
  }

  lost({ fromFrame, frames }: LostAudio): void {
    const lost = { fromMs: this.#tape.toMs(fromFrame), durationMs: this.#tape.toMs(frames) };
    this.#announcer.tell('audio-lost', lost, { type: 'audio-lost', ...lost });
  }

  sent(): void {
    if (!this.#isDrained) return;
    this.#drained?.resolve();
    this.#drained = null;
  }

  ended(outcome: DoneMessage | RoundtableError): void {
    if (this.#state === 'closed') return;
    this.#session.close();
    this.#unlisten();
    const error = outcome instanceof RoundtableError ? outcome : null;
    const isFailure = error !== null && error.code !== 'closed';
    if (outcome instanceof RoundtableError) {
      if (isFailure) this.#announcer.tell('error', outcome, null);
    } else {
      this.#announcer.tell('done', outcome, outcome);
      this.#done.resolve(outcome);
    }
    this.#setState('closed');
    this.#announcer.end(isFailure ? error : null);
    const reason = error ?? closedError();
    for (const promised of [this.#ready, this.#done, this.#drained, ...this.#markers.values()])
      promised?.reject(reason);
    this.#markers.clear();
    this.#tape.clear();
  }

  get #isDrained(): boolean {
    return this.#tape.toMs(this.#tape.unsentFrames) <= DRAINED_MS;
  }

  #control(control: Control): void {
    this.#expectOpen();
    this.#tape.add(control);
    this.#session.pump();
  }

  #setState(state: SpeakerState): void {
    // Nothing but the end comes after `stop()`.
    if (state === this.#state || (this.#isStopped && state !== 'stopping' && state !== 'closed')) return;
    this.#state = state;
    this.#announcer.tell('state', state, { type: 'state', state });
  }

  #expectOpen(): void {
    if (this.#isStopped || this.#state === 'closed') throw closedError();
  }
}
