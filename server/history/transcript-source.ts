import type { FinalsPage, FinalsQuery } from './history-store.ts';

/** Where the finals of meetings are read, during the meeting and after. */
export interface TranscriptSource {
  /**
   * Finals of a meeting in their order, those that are still to be written among them. One with an empty text takes back
   * what was shown of a caption.
   * @returns an empty page for a meeting of which nothing is known.
   * @throws {Error} when the store cannot tell.
   */
  finals(meeting: string, query: FinalsQuery): Promise<FinalsPage>;
}
