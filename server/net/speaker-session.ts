import { randomBytes } from 'node:crypto';
import type { ResumeMessage, StartMessage } from '../../client-sdk/protocol.ts';
import type { Caller } from '../admission/api-keys.ts';
import type { StreamAllowance } from '../admission/stream-allowance.ts';
import { ERRORS, StreamError } from '../errors.ts';
import type { ServedModel } from '../models/served-models.ts';
import { Participant, type ParticipantOptions } from '../session/participant.ts';
import { hashOf, newResumeToken } from '../session/resume-token.ts';
import { samplesToMs } from '../stream/sample-time.ts';
import { readControlMessage } from './client-messages.ts';
import type { Incoming } from './codec.ts';
import type { Connection } from './connection.ts';
import { asStreamError, errorMessage, refuse } from './error-message.ts';
import type { SpeakerConnectionHandler } from './listener.ts';
import type { SpeakerServices } from './speaker-services.ts';

/** What `start` and `resume` leave to say. */
type Control = Exclude<ReturnType<typeof readControlMessage>, StartMessage | ResumeMessage>;

/**
 * One speaker's connection, in the native protocol: it reads `start` or `resume`, and from then on hands messages to the
 * participant it speaks for.
 */
export class SpeakerSession implements SpeakerConnectionHandler {
  readonly #connection: Connection;
  readonly #services: SpeakerServices;
  readonly #caller: Caller;
  readonly #connectedAtMs: number;
  /** The participant's from `start` on. */
  #allowance: StreamAllowance | null;
  #participant: Participant | null = null;
  /** Whether the store is being asked for the stream. */
  #asking = false;
  #audioRefused = false;
  #isClosed = false;
  #heardAtMs: number;
  #cancelTimeout: () => void;
  readonly #onClosed: (session: SpeakerSession) => void;

  /** @param allowance counts the stream already; the session gives it back, or a participant does. */
  constructor(
    connection: Connection,
    services: SpeakerServices,
    caller: Caller,
    allowance: StreamAllowance,
    onClosed: (session: SpeakerSession) => void,
  ) {
    this.#connection = connection;
    this.#services = services;
    this.#caller = caller;
    this.#allowance = allowance;
    this.#onClosed = onClosed;
    this.#connectedAtMs = services.clock.now();
    this.#heardAtMs = this.#connectedAtMs;
    this.#cancelTimeout = services.clock.after(services.config.startTimeoutMs, () =>
      this.fault(new StreamError('start-timeout')),
    );
  }

  /** Whether it speaks for a stream, or did. */
  get hasStarted(): boolean {
    return this.#participant !== null;
  }

  get roomMs(): number {
    return this.#participant?.roomMs ?? 0;
  }

  /** Captions sent that the client has not read, in bytes. */
  get outputBytes(): number {
    return this.#connection.bufferedBytes;
  }

  /** Messages kept back until the client has read more. */
  get heldMessages(): number {
    return this.#connection.heldMessages;
  }

  received(bytes: number): void {
    if (this.#isDeaf) return;
    if (this.#participant) this.#participant.receive(bytes);
    else this.#allowance!.receive(bytes);
  }

  message(message: Incoming): void {
    if (this.#isDeaf) return;
    this.#heardAtMs = this.#services.clock.now();
    try {
      if (message.type === 'audio') this.#takeAudio(message.pcm);
      else this.#takeControl(readControlMessage(message.fields, this.#services.config));
    } catch (error) {
      this.fault(error);
    }
  }

  closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelTimeout();
    this.#allowance?.leave();
    this.#participant?.disconnected(this.#connection);
    this.#onClosed(this);
  }

  /** The server goes away: whoever has not started is refused. */
  drain(): void {
    if (!this.#participant) this.fault(new StreamError('draining'));
  }

  /** Answers anything thrown while handling this session's messages. */
  fault(error: unknown): void {
    if (this.#isClosed) return;
    if (this.#participant) {
      this.#participant.fault(error);
      return;
    }
    const known = asStreamError(error);
    this.#services.observer.error(known.code, known.cause);
    if (ERRORS[known.code].fatal) refuse(this.#connection, known);
    else this.#connection.send(errorMessage(known));
  }

  get #isDeaf(): boolean {
    return this.#isClosed || (this.#participant?.isDeaf ?? false);
  }

  #takeAudio(pcm: Uint8Array): void {
    if (this.#participant?.stream) this.#participant.takeAudio(pcm);
    else if (this.#participant || this.#asking) this.#refuseAudio();
    else throw new StreamError('start-expected', 'Audio comes after it.');
  }

  /** Told once: what is under way when the stream is let in is no fault. */
  #refuseAudio(): void {
    if (this.#audioRefused) return;
    this.#audioRefused = true;
    throw new StreamError('not-admitted');
  }

  #takeControl(message: ReturnType<typeof readControlMessage>): void {
    if (message.type === 'start') this.#start(message);
    else if (message.type === 'resume') void this.#resume(message);
    else if (!this.#participant) throw new StreamError('start-expected');
    else control(this.#participant, message);
  }

  #start(start: StartMessage): void {
    this.#beginOnce();
    const { recognizers, door } = this.#services;
    const model = recognizers.choose(start);
    const streamId = randomBytes(9).toString('base64url');
    this.#allowance!.join(start.meeting ?? streamId);
    door.ask(this.#joinAs({ streamId, token: newResumeToken(), start, model, record: null }));
    this.#watchIdleness();
  }

  /** Never throws: what goes wrong is told. */
  async #resume({ token, acknowledgedMs }: ResumeMessage): Promise<void> {
    try {
      this.#beginOnce();
      this.#asking = true;
      const participant = await this.#takeUp(token);
      if (!participant) return;
      this.#watchIdleness();
      const settledMs = samplesToMs(participant.stream!.checkpoint.settledSample);
      const finals = await this.#services.recorder.finals(participant.id, acknowledgedMs, settledMs);
      participant.repeat(this.#connection, finals);
    } catch (error) {
      this.fault(error);
    }
  }

  /** @returns null when the client has not waited. @throws {StreamError} `unknown-stream`. */
  async #takeUp(token: string): Promise<Participant | null> {
    const { recorder, door, participant: present } = this.#services;
    const tokenHash = hashOf(token);
    const record = present(tokenHash) ? null : await recorder.find(tokenHash);
    if (this.#isClosed) return null;
    // Another connection may have come first while the store was asked.
    const participant = present(tokenHash);
    if ((participant ?? record)?.keyName !== this.#caller.name) throw new StreamError('unknown-stream');
    if (participant) {
      participant.takeUp(this.#connection);
      this.#participant = participant;
      this.#allowance!.leave();
      this.#allowance = null;

      return participant;
    }
    const { streamId, start } = record!;
    const model = this.#modelOf(start);
    this.#allowance!.join(start.meeting ?? streamId);
    const joined = this.#joinAs({ streamId, token, start, model, record });
    door.readmit(joined);

    return joined;
  }

  /** Of a stream that another process began. @throws {StreamError} `unknown-stream` where its model is not served any more. */
  #modelOf(start: StartMessage): ServedModel {
    try {
      return this.#services.recognizers.choose(start);
    } catch (cause) {
      const { model = 'that heard it' } = start;
      throw new StreamError('unknown-stream', `The model ${model} is not served any more.`, { cause });
    }
  }

  /** @throws {StreamError} `already-started`. */
  #beginOnce(): void {
    if (this.#participant || this.#asking) throw new StreamError('already-started');
    this.#cancelTimeout();
  }

  #joinAs(who: Pick<ParticipantOptions, 'streamId' | 'token' | 'start' | 'model' | 'record'>): Participant {
    const allowance = this.#allowance!;
    this.#allowance = null;
    this.#participant = new Participant({
      services: this.#services,
      allowance,
      keyName: this.#caller.name,
      connection: this.#connection,
      connectedAtMs: this.#connectedAtMs,
      ...who,
    });

    return this.#participant;
  }

  /** One timer for each stretch of silence, not for each message. Who waits to be let in has nothing to say. */
  #watchIdleness(): void {
    const { clock, config } = this.#services;
    this.#cancelTimeout();
    if (!this.#participant?.stream) this.#heardAtMs = clock.now();
    const leftMs = this.#heardAtMs + config.idleTimeoutMs - clock.now();
    if (leftMs <= 0) this.fault(new StreamError('idle-timeout'));
    else this.#cancelTimeout = clock.after(leftMs, () => this.#watchIdleness());
  }
}

function control(participant: Participant, message: Control): void {
  switch (message.type) {
    case 'marker':
      participant.mark(message.id);
      break;
    case 'flush':
      participant.flush();
      break;
    case 'gap':
      participant.gap(message.durationMs);
      break;
    case 'stop':
      participant.stop();
  }
}
