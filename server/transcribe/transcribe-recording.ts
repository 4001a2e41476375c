import { WebSocket } from 'ws';
import { openSpeaker, RoundtableError, type Speaker } from '../../client-sdk/index.ts';
import type { FinalMessage, WaitingMessage } from '../../client-sdk/protocol.ts';
import { Failure } from '../failure.ts';
import { type Recording, readRecording } from '../recording/read-recording.ts';
import type { Captions } from './caption-formats.ts';
import { plainText } from './plain-text.ts';
import { type Pace, streamRecording } from './stream-recording.ts';

/** How a recording is transcribed, and who hears of it meanwhile. What they hear has no control characters. */
export interface TranscribeOptions {
  /** The server, as `ws://host:port`, with or without `/v1/stream`. */
  readonly url: string;
  readonly pace: Pace;
  /** Meeting to speak in, so that others can read along. */
  readonly meeting?: string;
  /** BCP 47 tag or `auto`, and the name of one of the server's models: as `start` has them. */
  readonly language?: string;
  readonly model?: string;
  /** A server that was there and is not any more is given so long to come back. */
  readonly giveUpAfterMs: number;
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

/** How far it came, and why not further. */
interface Progress {
  /** With times in the recording, in the order they came. */
  readonly finals: FinalMessage[];
  /** What ended it. */
  failure: RoundtableError | null;
  /** The server has ended the stream by itself, and no other one has begun since. */
  isServerLeaving: boolean;
}

/**
 * Streams one recording to a server and collects its captions. A connection that is lost is made again.
 * @throws {Failure} when the recording cannot be read, the server cannot be reached or talked to, or stays away before
 *   the recording's end.
 */
export async function transcribeRecording(path: string, options: TranscribeOptions): Promise<Captions> {
  const recording = await readRecording(path);
  const { url, signal, pace, meeting, language, model, giveUpAfterMs } = options;
  const speaker = openSpeaker({
    ...{ url, signal, WebSocket, sampleRate: recording.sampleRate, words: true },
    reconnect: { giveUpAfterMs },
    ...(meeting !== undefined && { meeting }),
    ...(language !== undefined && { language }),
    ...(model !== undefined && { model }),
  });
  const progress = follow(speaker, options);
  try {
    await streamRecording(recording, speaker, pace, signal);
    const done = await speaker.stop();
    // Finals that were lost with a connection are told after those that came on the next.
    const finals = progress.finals.toSorted((a, b) => a.startMs - b.startMs);

    return { recording: path, finals, done };
  } catch (error) {
    signal.throwIfAborted();
    const failure = progress.failure ?? error;
    if (!(failure instanceof RoundtableError)) throw failure;
    throw new Failure(explain(failure, url, path, recording, speaker, progress));
  } finally {
    speaker.close();
  }
}

/** Passes on what the server says. */
function follow(speaker: Speaker, { onWaiting, onPartial, onFinal, onWarning }: TranscribeOptions): Progress {
  const progress: Progress = { finals: [], failure: null, isServerLeaving: false };
  let isTrying = false;
  speaker.on('ready', () => {
    isTrying = false;
    progress.isServerLeaving = false;
  });
  speaker.on('waiting', (place) => onWaiting?.(place));
  speaker.on('partial', ({ text }) => onPartial(plainText(text)));
  speaker.on('final', (message) => {
    const final = plainFinal(message, speaker.streamOriginMs);
    progress.finals.push(final);
    onFinal(final);
  });
  speaker.on('audio-lost', ({ durationMs }) =>
    onWarning(`${seconds(durationMs)} s of audio could not be sent.`),
  );
  speaker.on('error', (error) => {
    progress.failure = error;
  });
  speaker.on('warning', (error) => {
    if (speaker.state === 'live' || error.captionId !== null) {
      onWarning(plainText(error.message));
      return;
    }
    if (isOfNetwork(error) && speaker.meeting === null) {
      // More likely no server than one that is about to be there.
      progress.failure = error;
      speaker.close();
      return;
    }
    if (error.code === 'draining') progress.isServerLeaving = true;
    if (!isTrying) onWarning(`${plainText(error.message)} Trying again.`);
    isTrying = true;
  });

  return progress;
}

/** A final without control characters, at its place in the recording. */
function plainFinal({ words, ...final }: FinalMessage, originMs: number): FinalMessage {
  const placed = <Spoken extends { readonly text: string; readonly startMs: number; readonly endMs: number }>(
    spoken: Spoken,
  ): Spoken => ({
    ...spoken,
    text: plainText(spoken.text),
    startMs: spoken.startMs + originMs,
    endMs: spoken.endMs + originMs,
  });

  return { ...placed(final), ...(words && { words: words.map(placed) }) };
}

function explain(
  error: RoundtableError,
  url: string,
  path: string,
  { durationMs }: Recording,
  speaker: Speaker,
  { finals, isServerLeaving }: Progress,
): string {
  if (speaker.meeting === null) {
    return isOfNetwork(error)
      ? `No talking to a server at ${url}: ${plainText(error.message)} Is one running there ("roundtable serve")? Without --url the command needs none.`
      : said(error, url);
  }
  // The acknowledgement follows a final; a server that dies in between has captioned this much.
  const captionedMs = Math.max(speaker.acknowledgedMs, ...finals.map(({ endMs }) => endMs));
  const upTo = `${path} is captioned up to ${seconds(captionedMs)} of ${seconds(durationMs)} s.`;
  if (isServerLeaving || error.code === 'draining')
    return `The server at ${url} stopped before the end. ${upTo}`;
  if (isOfNetwork(error)) return `The connection to ${url} broke: ${plainText(error.message)} ${upTo}`;

  return `${said(error, url)} ${upTo}`;
}

function said({ message, code, retryAfterMs }: RoundtableError, url: string): string {
  const later = retryAfterMs === null ? '' : ` Try again in ${Math.ceil(retryAfterMs / 1000)} s.`;

  return `The server at ${url} says: ${plainText(`${message} (${code})`)}${later}`;
}

function isOfNetwork({ code }: RoundtableError): boolean {
  return code === 'connection-lost' || code === 'no-answer';
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
