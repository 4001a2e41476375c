import type { FinalMessage, PartialMessage, SpeechStartedMessage } from '../../../client-sdk/protocol.ts';
import type { OpenaiError } from './openai-errors.ts';

/** Rounding, and what the resampler holds back: far less than any speech is long. */
export const SLACK_MS = 40;

/** How what is said becomes items. Times are milliseconds of all audio that was appended. */
export interface Turns {
  speechStarted(message: SpeechStartedMessage): void;
  partial(message: PartialMessage): void;
  final(message: FinalMessage): void;
  /** A segment could not be transcribed. */
  lost(segmentId: number, error: OpenaiError): void;
  /** Everything before is final. */
  settled(atMs: number): void;
  /** The client ends the turn here; `reached` follows. */
  commit(atMs: number): void;
  /** The client takes back what is not committed; `reached` follows. */
  clear(atMs: number): void;
  /** All before the oldest `commit` or `clear` that this was not said of has been told. */
  reached(): void;
  /** Where the audio begins that is not committed, as far as that is known. */
  readonly committedMs: number;
}
