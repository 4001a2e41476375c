import type { FinalMessage } from '../../client-sdk/protocol.ts';

/** A place in the order of a meeting's captions: by when they were spoken, and by id where that is the same. */
export interface CaptionPlace {
  readonly spokenAtMs: number;
  readonly captionId: string;
}

/** Which finals of a meeting are wanted: the newest of those that all of this holds for. */
export interface TranscriptQuery {
  /** At most so many. */
  readonly limit: number;
  /** Spoken then or later, in milliseconds since 1970. */
  readonly sinceMs?: number;
  /** Before it in the order: the first of the page before, to go back in time. */
  readonly before?: CaptionPlace;
}

/** Where the finals of meetings are read, during the meeting and after. */
export interface TranscriptSource {
  /**
   * Finals of a meeting in the order of their places, those that are still to be written among them; one with an empty
   * text has been taken back, and is none.
   * @returns none for a meeting that is not known; `more` says whether there are older ones that match.
   * @throws {Error} when the store cannot tell.
   */
  finals(
    meeting: string,
    query: TranscriptQuery,
  ): Promise<{ readonly captions: readonly FinalMessage[]; readonly more: boolean }>;
}

/** Orders captions by their places. */
export function comparePlaces(a: CaptionPlace, b: CaptionPlace): number {
  return a.spokenAtMs - b.spokenAtMs || (a.captionId < b.captionId ? -1 : a.captionId > b.captionId ? 1 : 0);
}
