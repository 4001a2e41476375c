import type { CaptionTiming } from '../../client-sdk/protocol.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/options.ts';
import type { ErrorCode } from '../errors.ts';
import type { Meetings } from '../meeting/meetings.ts';
import type { FrontDoor } from '../overload/front-door.ts';
import type { SpeechStreamParts } from '../stream/speech-stream-terms.ts';
import type { SpeakerSession } from './speaker-session.ts';

/** What all speakers' sessions share. */
export interface SpeakerServices extends SpeechStreamParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly meetings: Meetings;
  /** `name@hash` of the recogniser. */
  readonly model: string;
  readonly languages: readonly string[];
  readonly observer: SpeakerObserver;
  readonly door: Pick<FrontDoor, 'ask'>;
}

/** Captions as they are counted: a recording's finals, which go after everybody else's, by themselves. */
export type CaptionType = 'partial' | 'final' | 'background' | 'lost';

/** What sessions tell the metrics and the log; never what was said. */
export interface SpeakerObserver {
  opened(session: SpeakerSession): void;
  /** Its books are complete: everything received is settled. */
  closed(session: SpeakerSession): void;
  /** @param timing null where the caption is lost. */
  caption(type: CaptionType, timing: CaptionTiming | null): void;
  /** @param cause what the server did not expect, for the log. */
  error(code: ErrorCode, cause?: unknown): void;
}
