import type { FinalMessage } from '../../client-sdk/protocol.ts';
import type { TranscriptSource } from '../history/transcript-source.ts';
import type { Transcript } from './transcript-file.ts';

/** A stretch of time, in milliseconds since 1970; without an end where it is left out. */
export interface TimeRange {
  readonly fromMs?: number;
  readonly untilMs?: number;
}

/** Captions asked for at a time. */
const PAGE_CAPTIONS = 1000;
/** Longest transcript: a day of talk without a pause. What is older is left out. */
const MAX_CAPTIONS = 20_000;

/**
 * Everything that was said in a meeting in a stretch of time, the newest where it is too much.
 * @returns null for a meeting of which nothing is stored.
 * @throws {Error} when the store cannot tell.
 */
export async function readTranscript(
  source: TranscriptSource,
  meeting: string,
  { fromMs, untilMs }: TimeRange,
): Promise<Transcript | null> {
  const since = fromMs === undefined ? {} : { sinceMs: fromMs };
  const end = untilMs === undefined ? null : { spokenAtMs: untilMs, captionId: '' };
  const pages: (readonly FinalMessage[])[] = [];
  let count = 0;
  let more = true;
  while (more && count < MAX_CAPTIONS) {
    const before = pages[0]?.[0] ?? end;
    const page = await source.finals(meeting, { ...since, limit: PAGE_CAPTIONS, ...(before && { before }) });
    if (page.captions.length === 0) {
      more = false;
      break;
    }
    pages.unshift(page.captions);
    count += page.captions.length;
    more = page.more;
  }
  if (count === 0 && (await source.finals(meeting, { limit: 1 })).captions.length === 0) return null;

  return { meeting, captions: pages.flat(), more };
}
