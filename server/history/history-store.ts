import type { FinalMessage } from '../../client-sdk/protocol.ts';
import type { ExportQuery, MeetingsPage, MeetingsQuery } from './archive.ts';
import type { StreamRecord } from './records.ts';
import type { SearchPage, SearchQuery } from './search.ts';
import {
  type CaptionPlace,
  comparePlaces,
  type TranscriptPage,
  type TranscriptQuery,
} from './transcript-source.ts';

/** One thing to keep, or to let go. */
export type HistoryChange =
  /** In place of the final with the same `captionId`, unless that is of a later resumption of its stream. */
  | { readonly type: 'final'; readonly caption: FinalMessage }
  /** In place of the record with the same `streamId`, unless that has more resumptions. */
  | { readonly type: 'stream'; readonly record: StreamRecord }
  /** The stream cannot be taken up again, unless its record has more resumptions; what was said in it stays. */
  | { readonly type: 'forget'; readonly streamId: string; readonly resumptions: number };

/** What is older than this goes; both in milliseconds since 1970. */
export interface RetentionLimits {
  /** Finals stored before this time. */
  readonly finalsMs: number;
  /** Records of streams that last changed before this time. */
  readonly streamsMs: number;
}

/** Finals in one page: what is read at once holds up the thread that reads it. */
export const MAX_FINALS_PER_PAGE = 1000;
/** Finals, and records, that one call deletes at most: others wait for the store meanwhile, half a second at worst. */
export const MAX_DELETED_AT_ONCE = 500;

/**
 * Where finals and the state of streams outlive the process, or at least their streams. Calls are served in their order. All
 * of them reject with an error that says why when the store cannot do its work now; the next call may succeed.
 */
export interface HistoryStore {
  /**
   * Makes all changes, in their order, or none. Whoever has taken a stream up last has the say in it: what another one, that
   * does not know yet, has of it is left out where it would take the place of something newer.
   * @param nowMs when, in milliseconds since 1970; how old they are is counted from here.
   * @returns the ids of streams of which a record was left out.
   */
  write(changes: readonly HistoryChange[], nowMs: number): Promise<readonly string[]>;
  /** The record with that token hash, bit for bit as it was written; null when there is none, or it was forgotten. */
  findStream(tokenHash: string): Promise<StreamRecord | null>;
  /** Finals of a stream that end after `endMs` of its audio, up to and with `untilMs`, in their order. */
  finalsOfStream(streamId: string, endMs: number, untilMs: number): Promise<readonly FinalMessage[]>;
  /**
   * Finals of a meeting; an empty page where nothing is known of it. One with an empty text took back what had been shown,
   * and is none.
   */
  finalsOfMeeting(meeting: string, query: TranscriptQuery): Promise<TranscriptPage>;
  /** @returns how many finals and records went; more may be left unless it is 0. */
  deleteBefore(limits: RetentionLimits): Promise<number>;
  /** Finals by what was said in them, as `readSearch` reads the query. */
  search(query: SearchQuery): Promise<SearchPage>;
  /** Meetings of which finals are stored. */
  meetings(query: MeetingsQuery): Promise<MeetingsPage>;
  /** Finals of one meeting or of all, without those that took something back; in the order of their places. */
  exportFinals(query: ExportQuery): Promise<TranscriptPage>;
  /**
   * Deletes what is stored of a meeting: its finals, and the records of its streams. What is written of it later is kept.
   * @returns how many finals and records went; more may be left unless it is 0.
   */
  deleteMeeting(meeting: string): Promise<number>;
  /** Waits for the calls before it. The others reject afterwards. Idempotent. */
  close(): Promise<void>;
}

/** Whether a query asks for a final of the meeting. */
export function isAskedFor(final: CaptionPlace, { sinceMs, before }: TranscriptQuery): boolean {
  if (sinceMs !== undefined && final.spokenAtMs < sinceMs) return false;

  return before === undefined || comparePlaces(final, before) < 0;
}

/** A page of the newest. @param finals all that a query asks for, or at least the newest of them, in their order. */
export function newestPage(finals: readonly FinalMessage[], { limit }: TranscriptQuery): TranscriptPage {
  const size = Math.min(limit, MAX_FINALS_PER_PAGE);

  return { captions: finals.slice(-size), more: finals.length > size };
}
