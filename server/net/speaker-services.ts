import type { CaptionTiming } from '../../client-sdk/protocol.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/options.ts';
import type { ErrorCode } from '../errors.ts';
import type { Recorder } from '../history/records.ts';
import type { Meetings } from '../meeting/meetings.ts';
import type { ServedModels } from '../models/served-models.ts';
import type { FrontDoor } from '../overload/front-door.ts';
import type { Participant } from '../session/participant.ts';
import type { AudioBooks } from '../stream/audio-books.ts';
import type { CaptionSteps } from '../stream/caption-stability.ts';
import type { SpeechStreamParts } from '../stream/speech-stream-terms.ts';
import type { MaskList } from '../text/mask-list.ts';
import type { Vocabularies } from '../text/vocabularies.ts';

/** What all speakers' sessions share. */
export interface SpeakerServices extends SpeechStreamParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly meetings: Meetings;
  readonly recognizers: ServedModels;
  /** What nobody is to read on this server. */
  readonly mask: MaskList;
  readonly vocabularies: Pick<Vocabularies, 'use'>;
  readonly observer: SpeakerObserver;
  readonly door: Pick<FrontDoor, 'ask' | 'readmit'>;
  readonly recorder: Recorder;
  /** Whether a stream waits to be taken up again when its connection is lost; else it ends there and then. */
  readonly resumable: boolean;
  /** Who is in a meeting, or waits to be let in, by the hash of the resume token. */
  readonly participant: (tokenHash: string) => Participant | null;
}

/** Captions as they are counted: a recording's finals, which go after everybody else's, by themselves. */
export type CaptionType = 'partial' | 'final' | 'background' | 'lost';

/** What sessions tell the metrics and the log; never what was said. */
export interface SpeakerObserver {
  opened(participant: Participant): void;
  closed(participant: Participant): void;
  /** A stream's books are complete: everything received is settled. One that is taken up again has several. */
  streamClosed(books: AudioBooks): void;
  /** @param timing null where the caption is lost. */
  caption(type: CaptionType, timing: CaptionTiming | null): void;
  /** How a final came to stand whose stream gets partials. */
  captionSteps(steps: CaptionSteps): void;
  /** @param cause what the server did not expect, for the log. */
  error(code: ErrorCode, cause?: unknown): void;
}
