import { WebSocket } from 'ws';
import type { DoneMessage, FinalMessage, WaitingMessage } from '../../client-sdk/protocol.ts';
import { ConnectionError, SpeakerConnection } from '../../client-sdk/speaker-connection.ts';
import { Failure } from '../failure.ts';
import { readRecording } from '../recording/read-recording.ts';
import type { Captions } from './caption-formats.ts';
import { plainText } from './plain-text.ts';
import { type Acknowledged, type Pace, streamRecording } from './stream-recording.ts';

/** How much less than a recording's length the server may have counted: its resampler and its books round. */
const ROUNDING_MS = 10;

/** How a recording is transcribed, and who hears of it meanwhile. What they hear has no control characters. */
export interface TranscribeOptions {
  /** The server, as `ws://host:port/v1/stream`. */
  readonly url: string;
  readonly pace: Pace;
  /** Meeting to speak in, so that others can read along. */
  readonly meeting?: string;
  /** Hangs up; the transcription then rejects with its reason. */
  readonly signal: AbortSignal;
  /** The place in the line, each time that it changes, as long as the server has no room. */
  readonly onWaiting?: (place: WaitingMessage) => void;
  /** The caption that is being spoken, as it grows. */
  readonly onPartial: (text: string) => void;
  /** A caption that will not change again; its text is empty when nothing was heard. */
  readonly onFinal: (final: FinalMessage) => void;
  /** Something that did not end the transcription, such as a lost segment. */
  readonly onWarning: (sentence: string) => void;
}

/**
 * Streams one recording to a server and collects its captions.
 * @throws {Failure} when the recording cannot be read, the server cannot be reached or talked to, or it ends before
 *   the recording does.
 */
export async function transcribeRecording(path: string, options: TranscribeOptions): Promise<Captions> {
  const recording = await readRecording(path);
  const { url, signal, pace } = options;
  const connection = await connect(recording.sampleRate, options);
  const acknowledged: Acknowledged = { ms: 0 };
  const upTo = (ms: number) =>
    `${path} is captioned up to ${seconds(ms)} of ${seconds(recording.durationMs)} s.`;
  const over = new AbortController();
  const anyEnd = AbortSignal.any([signal, over.signal]);
  // Nobody waits for it: the reading below ends when the connection does, and with a better reason.
  streamRecording(recording, connection, pace, acknowledged, anyEnd).catch(() => connection.close());
  try {
    const { finals, done } = await collect(connection, acknowledged, options);
    signal.throwIfAborted();
    if (!done) throw new Failure(`The server at ${url} hung up. ${upTo(acknowledged.ms)}`);
    // A server that is told to stop finishes what it has received, and says done.
    if (done.receivedMs < recording.durationMs - ROUNDING_MS)
      throw new Failure(`The server at ${url} stopped before the end. ${upTo(done.receivedMs)}`);

    return { recording: path, finals, done };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ConnectionError)) throw error;
    throw new Failure(`${ended(error, url)} ${upTo(acknowledged.ms)}`);
  } finally {
    over.abort();
    connection.close();
  }
}

async function collect(
  connection: SpeakerConnection,
  acknowledged: Acknowledged,
  { onPartial, onFinal, onWarning }: TranscribeOptions,
): Promise<{ readonly finals: readonly FinalMessage[]; readonly done: DoneMessage | null }> {
  const finals: FinalMessage[] = [];
  let done: DoneMessage | null = null;
  for await (const message of connection) {
    if (message.type === 'ack') acknowledged.ms = message.acknowledgedMs;
    else if (message.type === 'partial') onPartial(plainText(message.text));
    else if (message.type === 'error') onWarning(plainText(message.message));
    else if (message.type === 'done') done = message;
    else if (message.type === 'final') {
      const final = { ...message, text: plainText(message.text) };
      finals.push(final);
      // The acknowledgement follows; a server that dies in between has captioned this much.
      acknowledged.ms = Math.max(acknowledged.ms, message.endMs);
      onFinal(final);
    }
  }

  return { finals, done };
}

async function connect(
  sampleRate: number,
  { url, meeting, signal, onWaiting }: TranscribeOptions,
): Promise<SpeakerConnection> {
  try {
    return await SpeakerConnection.connect(
      url,
      { sampleRate, encoding: 'pcm_s16le', ...(meeting !== undefined && { meeting }) },
      WebSocket,
      signal,
      onWaiting,
    );
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ConnectionError)) throw error;
    if (error.code !== null) throw new Failure(ended(error, url));
    throw new Failure(
      `No talking to a server at ${url}: ${plainText(error.message)} Is one running there ("roundtable serve")? Without --url the command needs none.`,
    );
  }
}

function ended({ message, code, retryAfterMs }: ConnectionError, url: string): string {
  if (code === null) return `The connection to ${url} broke: ${plainText(message)}`;

  const later = retryAfterMs === null ? '' : ` Try again in ${Math.ceil(retryAfterMs / 1000)} s.`;

  return `The server at ${url} says: ${plainText(`${message} (${code})`)}${later}`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
