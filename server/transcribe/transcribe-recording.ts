import { WebSocket } from 'ws';
import type { DoneMessage, FinalMessage } from '../../client-sdk/protocol.ts';
import { ConnectionError, SpeakerConnection } from '../../client-sdk/speaker-connection.ts';
import { Failure } from '../failure.ts';
import { readRecording } from '../recording/read-recording.ts';
import type { Captions } from './caption-formats.ts';
import { type Acknowledged, type Pace, streamRecording } from './stream-recording.ts';

export interface TranscribeOptions {
  /** The server, as `ws://host:port/v1/stream`. */
  readonly url: string;
  readonly pace: Pace;
  /** Meeting to speak in, so that others can read along. */
  readonly meeting?: string;
  readonly signal: AbortSignal;
  readonly onPartial: (text: string) => void;
  readonly onFinal: (final: FinalMessage) => void;
  /** Something that did not end the transcription, such as a lost segment. */
  readonly onWarning: (sentence: string) => void;
}

/**
 * Streams one recording to a server and collects its captions.
 * @throws {Failure} when the recording cannot be read, or the server not be reached or not be talked to.
 */
export async function transcribeRecording(path: string, options: TranscribeOptions): Promise<Captions> {
  const recording = await readRecording(path);
  const { url, meeting, signal, pace } = options;
  const connection = await connect(url, recording.sampleRate, meeting, signal);
  const acknowledged: Acknowledged = { ms: 0 };
  const finals: FinalMessage[] = [];
  let done: DoneMessage | null = null;
  const sending = streamRecording(recording, connection, pace, acknowledged, signal);
  // The reading below ends with a better reason than the writing.
  sending.catch(() => {});
  try {
    for await (const message of connection) {
      if (message.type === 'ack') acknowledged.ms = message.acknowledgedMs;
      else if (message.type === 'partial') options.onPartial(message.text);
      else if (message.type === 'error') options.onWarning(message.message);
      else if (message.type === 'done') done = message;
      else if (message.type === 'final') {
        finals.push(message);
        options.onFinal(message);
      }
    }
    await sending;
  } catch (error) {
    signal.throwIfAborted();
    throw describe(error, url);
  } finally {
    connection.close();
  }
  signal.throwIfAborted();
  if (!done) throw new Failure(`The server at ${url} hung up before the recording was through.`);

  return { recording: path, finals, done };
}

async function connect(
  url: string,
  sampleRate: number,
  meeting: string | undefined,
  signal: AbortSignal,
): Promise<SpeakerConnection> {
  try {
    return await SpeakerConnection.connect(
      url,
      { sampleRate, encoding: 'pcm_s16le', ...(meeting !== undefined && { meeting }) },
      WebSocket,
      signal,
    );
  } catch (error) {
    signal.throwIfAborted();
    throw describe(error, url);
  }
}

function describe(error: unknown, url: string): unknown {
  if (!(error instanceof ConnectionError)) return error;
  if (error.code !== null) return new Failure(`The server at ${url} says: ${error.message} (${error.code})`);

  return new Failure(
    `No talking to a server at ${url}: ${error.message} Is one running there ("roundtable serve")? Without --url the command needs none.`,
  );
}
