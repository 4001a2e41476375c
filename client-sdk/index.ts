import { SpeakerClient } from './speaker/speaker-client.ts';
import type { Speaker, SpeakerOptions } from './speaker/terms.ts';
import type { Viewer, ViewerOptions } from './viewer/terms.ts';
import { ViewerClient } from './viewer/viewer-client.ts';

export { TRANSCRIPT_FORMATS, type TranscriptFormat, transcriptUrl } from './addresses.ts';
export type { ReconnectOptions } from './connection/retries.ts';
export type { WebSocketConstructor, WebSocketLike } from './connection/web-socket.ts';
export { RoundtableError } from './errors.ts';
export type * from './protocol.ts';
export type {
  AudioLost,
  Speaker,
  SpeakerEvent,
  SpeakerEvents,
  SpeakerOptions,
  SpeakerState,
} from './speaker/terms.ts';
export type { Time } from './time.ts';
export type { Viewer, ViewerEvent, ViewerEvents, ViewerOptions, ViewerState } from './viewer/terms.ts';

/**
 * Begins to speak: connects at once, and takes audio at once. Lost connections are made again, and their streams taken up,
 * so that every sample is captioned once.
 * @throws {RangeError | TypeError} when an option is out of its range, or `url` is none.
 * @throws {RoundtableError} `no-websocket`.
 */
export function openSpeaker(options: SpeakerOptions): Speaker {
  return new SpeakerClient(options);
}

/**
 * Reads a meeting's captions: what was said before, what is being said, and after a lost connection what was missed.
 * @throws {RangeError | TypeError} when an option is out of its range, or `url` is none.
 * @throws {RoundtableError} `no-websocket`.
 */
export function watchMeeting(options: ViewerOptions): Viewer {
  return new ViewerClient(options);
}
