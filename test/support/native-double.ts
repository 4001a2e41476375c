import type { ServerMessage, SpeakerServerMessage } from '../../client-sdk/protocol.ts';
import type { DialectFailure } from '../../server/dialects/dialect.ts';
import { DialectSpeaker, type NativeSession } from '../../server/dialects/dialect-speaker.ts';
import { ERRORS } from '../../server/errors.ts';
import type { Fields, Incoming } from '../../server/net/codec.ts';
import { asStreamError, errorMessage } from '../../server/net/error-message.ts';
import { ManualClock } from './manual-clock.ts';

/**
 * A session of the server's own as far as a speaker of it can tell: it hears messages, and says what a test has it say.
 * Faults end it as they do a real one.
 */
export class NativeDouble implements NativeSession {
  /** Text of control messages, and for audio the number of its bytes, in the order in which they came. */
  readonly heard: (string | number)[] = [];
  /** All audio, one after the other. */
  readonly audio: number[] = [];
  start: Fields | null = null;
  receivedBytes = 0;
  isClosed = false;
  /** Of its quotas. */
  roomMs = Number.POSITIVE_INFINITY;
  /** Called before a message is taken. */
  onMessage: () => void = () => {};
  readonly speaker: DialectSpeaker;
  readonly clock: ManualClock;

  constructor({ maxBacklogBytes = 1_000_000, clock = new ManualClock(), outputBytes = 0 } = {}) {
    this.clock = clock;
    this.speaker = new DialectSpeaker({ clock, maxBacklogBytes, outputBytes: () => outputBytes });
  }

  message(message: Incoming): void {
    this.onMessage();
    if (message.type === 'audio') {
      this.heard.push(message.pcm.length);
      this.audio.push(...message.pcm);
      return;
    }
    const { type, id } = message.fields;
    if (type === 'start') this.start = message.fields;
    this.heard.push(id === undefined ? String(type) : `${type} ${id}`);
  }

  received(bytes: number): void {
    this.receivedBytes += bytes;
  }

  fault(error: unknown): void {
    const known = asStreamError(error);
    this.speaker.send(errorMessage(known));
    if (ERRORS[known.code].fatal) this.speaker.close(ERRORS[known.code].closeCode, known.code);
  }

  closed(): void {
    this.isClosed = true;
  }

  /** Lets the speaker in. */
  ready(maxBufferedMs = 60_000): void {
    this.say({
      ...{ type: 'ready', version: 1, streamId: 's', meeting: 'm', speaker: 'Speaker 1', model: 'x@0' },
      ...{ maxBufferedMs, resumeToken: 't', resumeWindowMs: 0, nextFrame: 0 },
    });
  }

  say(...messages: readonly ServerMessage[]): void {
    for (const message of messages) this.speaker.send(message);
  }

  /** Ends as a stream that was stopped does. */
  finish(): void {
    this.say({
      ...{ type: 'done', streamId: 's', captions: 0, receivedMs: 0, transcribedMs: 0 },
      ...{ silenceMs: 0, droppedMs: 0 },
    });
    this.speaker.close(1000, 'done');
  }
}

/** A double and a listener that keeps what it is told. */
export function attachedDouble(options: ConstructorParameters<typeof NativeDouble>[0] = {}) {
  const native = new NativeDouble(options);
  const told: SpeakerServerMessage[] = [];
  const ends: ('done' | DialectFailure)[] = [];
  native.speaker.attach(native, {
    told: (message) => told.push(message),
    done: () => ends.push('done'),
    failed: (failure) => ends.push(failure),
  });

  return { native, speaker: native.speaker, told, ends };
}
