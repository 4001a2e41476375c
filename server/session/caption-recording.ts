import { setImmediate } from 'node:timers/promises';
import type { DoneMessage, FinalMessage, StartMessage, WaitingMessage } from '../../client-sdk/protocol.ts';
import type { Caller } from '../admission/api-keys.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { Connection } from '../net/connection.ts';
import type { SpeakerConnectionHandler } from '../net/listener.ts';
import type { RecordingStream } from '../recording/recording-stream.ts';
import type { Vocabulary } from '../text/vocabularies.ts';
import { RecordingConnection } from './recording-connection.ts';

/** Audio in one message: what it takes to resample is far less than the 20 ms the socket thread may be busy. */
const MESSAGE_MS = 1000;
/** Of what the server holds for a stream; as clients do, which leaves room for rounding. */
const WINDOW_SHARE = 4 / 5;
/** Far more than a segment, and too little to have more of them wait than are held for a stream. */
const MAX_WINDOW_MS = 40_000;

/** Who lets streams in: the lobby. */
export interface RecordingLobby {
  /** @throws {StreamError} when nobody is let in now. */
  speaker(
    connection: Connection,
    caller: Caller,
    terms: { readonly resumable: false; readonly isKept: boolean; readonly vocabulary?: Vocabulary },
  ): SpeakerConnectionHandler;
}

/** A recording to be captioned, and who hears of it. */
export interface CaptionRecordingOptions {
  readonly lobby: RecordingLobby;
  readonly caller: Caller;
  /** Read to its end; whoever opened it closes it. */
  readonly recording: Pick<RecordingStream, 'sampleRate' | 'pieces'>;
  /** What a client may ask for; checked here as a client's is. */
  readonly start: Pick<
    StartMessage,
    'language' | 'model' | 'endpointing' | 'meeting' | 'speaker' | 'hotWords' | 'mask' | 'numerals'
  >;
  /** Whether what is said goes into the history; false for whoever keeps it themselves. */
  readonly isKept?: boolean;
  /** In place of its meeting's, which may change meanwhile. */
  readonly vocabulary?: Vocabulary;
  /** Gives up: the stream and its seat are gone at once. */
  readonly signal: AbortSignal;
  /** The system's when left out. */
  readonly clock?: Clock;
  /** A caption, in the order of the recording; its text is empty when nothing was heard. */
  readonly onFinal?: (final: FinalMessage) => void;
  /** So much of it is final, in milliseconds: 0 once it is let in, then about once a second of the recording. */
  readonly onSettled?: (settledMs: number) => void;
  /** The place in the line, each time that it changes, as long as the server has no room. */
  readonly onWaiting?: (place: WaitingMessage) => void;
}

/** What became of a recording. */
export interface CaptionedRecording {
  /** In the order they came, which is that of the recording. */
  readonly finals: readonly FinalMessage[];
  /** Where its audio went: `droppedMs` is what could not be transcribed. */
  readonly done: DoneMessage;
  /** `name@hash` of the recogniser. */
  readonly model: string;
}

/**
 * Captions a recording inside the server, by the path that live audio takes: it has a seat as a stream, waits for one where
 * there is none, and goes after everybody who speaks now. Holds a second or so of it, besides what every stream holds.
 *
 * @throws {StreamError} as which the session ended; `draining` when the server stopped before the end.
 * @throws the signal's reason, or what reading the recording threw.
 */
export async function captionRecording(options: CaptionRecordingOptions): Promise<CaptionedRecording> {
  const { lobby, caller, recording, start, signal, clock = systemClock, isKept = true } = options;
  const { vocabulary } = options;
  signal.throwIfAborted();
  const connection = new RecordingConnection(options);
  connection.session = lobby.speaker(connection, caller, {
    ...{ resumable: false, isKept },
    ...(vocabulary && { vocabulary }),
  });
  const abort = () => connection.giveUp(signal.reason);
  signal.addEventListener('abort', abort);
  try {
    connection.control({
      ...start,
      ...{ type: 'start', sampleRate: recording.sampleRate, encoding: 'pcm_f32le', channels: 1 },
      partials: false,
      words: true,
    });
    const { model, maxBufferedMs } = await connection.ready();
    await send(recording, connection, Math.min(MAX_WINDOW_MS, maxBufferedMs * WINDOW_SHARE), clock);
    connection.stop();
    const done = await connection.done();

    return { finals: connection.finals, done, model };
  } catch (error) {
    connection.giveUp(error);
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

async function send(
  { pieces, sampleRate }: CaptionRecordingOptions['recording'],
  connection: RecordingConnection,
  windowMs: number,
  clock: Clock,
): Promise<void> {
  const messageSamples = Math.floor((sampleRate * MESSAGE_MS) / 1000);
  let sentSamples = 0;
  for await (const piece of pieces) {
    for (let from = 0; from < piece.length; from += messageSamples) {
      const message = piece.subarray(from, from + messageSamples);
      sentSamples += message.length;
      await connection.acknowledged((sentSamples * 1000) / sampleRate - windowMs);
      await connection.room((message.length * 1000) / sampleRate, clock);
      connection.audio(message);
      // Everybody else's messages have their turn.
      await setImmediate();
    }
  }
}
