import type { FinalMessage } from '../../client-sdk/protocol.ts';

/** A place in the order of a meeting's captions: by when they were spoken, and by id where that is the same. */
export interface CaptionPlace {
  readonly spokenAtMs: number;
  readonly captionId: string;
}

/** Which finals of a meeting are wanted: the newest of those that all of this holds for. */
export interface TranscriptQuery {
  /** At least 1; a page has no more than `MAX_FINALS_PER_PAGE`, whatever this says. */
  readonly limit: number;
  /** Spoken then or later, in milliseconds since 1970. */
  readonly sinceMs?: number;
  /** Before it in the order: the first of the page before, to go back in time. */
  readonly before?: CaptionPlace;
}

/** Finals of a meeting in the order of their places. */
export interface TranscriptPage {
  readonly captions: readonly FinalMessage[];
  /** Whether there are older ones that the query asks for. */
  readonly more: boolean;
}

/** Where the finals of meetings are read, during the meeting and after. */
export interface TranscriptSource {
  /**
   * Finals of a meeting, those that are still to be written among them; one with an empty text has been taken back, and is
   * none.
   * @returns none for a meeting that is not known.
   * @throws {Error} when the store cannot tell.
   */
  finals(meeting: string, query: TranscriptQuery): Promise<TranscriptPage>;
}

/** Orders captions by their places. Ids are compared by their UTF-16 units, which for ASCII is what databases do. */
export function comparePlaces(a: CaptionPlace, b: CaptionPlace): number {
  return a.spokenAtMs - b.spokenAtMs || (a.captionId < b.captionId ? -1 : a.captionId > b.captionId ? 1 : 0);
}
